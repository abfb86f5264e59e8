import { given } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { comparedFingerprint } from '../execute/fingerprint.js';
import type { Executor } from '../execute/fused-plan.js';
import { checkConstants } from '../execute/inputs.js';
import type { Field } from '../field/field.js';
import { Gpu } from '../gpu/gpu.js';
import { DEFAULT_GRID } from '../grid/grid.js';
import { expectMatrix } from '../io/dataset.js';
import { type DeviceChoice, type NodeAdapterDescription, openDevice } from '../node/adapter.js';
import { type FieldOptions, loadField } from '../node/field/load.js';
import { loadArray, saveNpy } from '../node/files.js';
import { loadTable } from '../node/table.js';
import { type SampleRequest, sample } from '../sample.js';
import { runOf, type StudentRequest } from '../sample-plan.js';
import { sampleReference } from '../sample-reference.js';
import { checkUniversal, isUniversal } from '../sample-universal.js';
import type { SearchCost } from '../search/gits.js';
import { checkableGrid } from '../search/resolve-grid.js';
import { nfeOf, type Plan } from '../solver/plan.js';
import { sdeSolvers } from '../solver/registry.js';
import { planOfTable } from '../solver/table.js';
import { TRAINED_ON, type UniversalKind } from '../solver/universal.js';
import { fieldWords } from './field-words.js';
import { givenRange } from './given-range.js';
import { checkForce } from './options.js';
import { checkDistinct, checkOutput, checkSize, MORE_SEEDS } from './output.js';
import { showProgress } from './progress.js';
import { generatorSource } from './sample-generator.js';
import {
  fieldDoubt,
  type LoadedPredictor,
  learnedSteps,
  loadedPredictor,
  untrainedNote,
} from './sample-predictor.js';

/** What the command line says, as commander hands it over. */
export interface SampleOptions extends FieldOptions {
  field?: string;
  generator?: string;
  solver?: string;
  nfe?: number;
  grid?: string;
  sigmaMin?: number;
  sigmaMax?: number;
  afs?: boolean;
  predictor?: string;
  table?: string;
  force?: boolean;
  rtol?: number;
  atol?: number;
  batch: number;
  seed?: number;
  latents?: string;
  out: string;
  trajectory?: string;
  executor: Executor | 'reference';
  device?: DeviceChoice;
  json?: boolean;
}

/** What either executor hands back. */
interface Made {
  samples: Float32Array | Float64Array;
  trajectory?: readonly (Float32Array | Float64Array)[];
  answers?: ArrayLike<number>;
  evaluations: number;
  hostMs: number;
  gpuMs?: number;
  adapter?: NodeAdapterDescription;
  /** What ran on the GPU. */
  executor?: Executor;
  plan: Plan;
  search?: SearchCost;
  universal?: UniversalKind;
}

/**
 * Samples and writes the files, all computed before the first is written. What can be wrong with a request is
 * found before a device is opened, but for a predictor of another field, which is known by its values there.
 */
export async function runSample(options: SampleOptions, signal: AbortSignal): Promise<void> {
  const begin = performance.now();
  checkFiles(options);
  checkForce(options);
  const { field, plan } = await sourceOf(options);
  const learned = options.predictor === undefined ? undefined : await loadedPredictor(options.predictor);
  const { request, batch } = await requestOf(options, field, learned, plan);
  if (options.solver !== undefined) note(untrainedNote(options.solver, field));
  const made = await execute(options, { ...request, signal }, batch, learned);
  signal.throwIfAborted();
  if (options.trajectory && made.trajectory) {
    const states = joined(made.trajectory);
    await saveNpy(options.trajectory, [made.trajectory.length, batch, field.dim], states);
  }
  await saveNpy(options.out, [batch, field.dim], made.samples);
  const report = reportOf(options, field, batch, made, learned, performance.now() - begin);
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : sentence(report)}\n`);
}

export function checkFiles({ out, trajectory, latents, field }: SampleOptions): void {
  checkOutput('--out', out);
  if (trajectory !== undefined) checkOutput('--trajectory', trajectory);
  checkDistinct({ '--out': out, '--trajectory': trajectory }, { '--latents': latents, '--field': field });
}

function fieldOptionsOf(options: SampleOptions): FieldOptions {
  const { columns, bandwidth, scale, dim, label, guidance, precision } = options;
  return { columns, bandwidth, scale, dim, label, guidance, precision };
}

/** The field, and its plan where it is a generator. */
export async function sourceOf(options: SampleOptions): Promise<{ field: Field; plan?: Plan }> {
  const { generator, field: source } = options;
  if (generator === undefined && source === undefined) {
    throw new FewstepError(
      'bad-argument',
      'neither --field nor --generator is given',
      'run `fewstep sample --help` for what they take',
    );
  }
  const details = fieldOptionsOf(options);
  if (generator === undefined) return { field: await loadField(source!, details) };
  const { label, guidance, precision, ...others } = details;
  const [foreign] = Object.keys(given(others));
  if (foreign === undefined) return generatorSource(generator, { label, guidance, precision });
  throw new FewstepError('bad-argument', `--${foreign} does not apply to a generator`, 'leave it out');
}

async function requestOf(options: SampleOptions, field: Field, learned?: LoadedPredictor, plan?: Plan) {
  const { batch, seed, trajectory } = options;
  const common = {
    field,
    ...(plan ? { plan } : await whatSolves(options, field, learned)),
    trajectory: trajectory !== undefined,
  };
  const states = checkedStates(options, common);
  const drawn = { ...common, batch, seed };
  const { latents: file } = options;
  checkSeed(options);
  if (file === undefined) {
    checkSize('--batch', batch, field.dim, trajectory ? states : 1, MORE_SEEDS);
    return { request: drawn satisfies SampleRequest, batch };
  }
  const { values, rows } = expectMatrix(await loadArray(file), { name: file, columns: field.dim });
  return { request: { ...common, latents: values, seed } satisfies SampleRequest, batch: rows };
}

/** Given latents leave a seed only the noise that a sampler of the SDE adds. */
export function checkSeed({ latents, seed, solver }: SampleOptions): void {
  if (latents === undefined || seed === undefined) return;
  if (sdeSolvers.some(({ name }) => name === solver?.split(':')[0])) return;
  throw new FewstepError(
    'bad-argument',
    '--seed with --latents: nothing is drawn',
    'leave one of them out, or take a sampler of the SDE, whose noise has the seed',
  );
}

/** States of a trajectory, known before anything runs; what can be wrong with a request is found with them. */
function checkedStates(
  { solver, executor, grid = DEFAULT_GRID }: SampleOptions,
  request: StudentRequest,
): number {
  if (isUniversal(request)) {
    checkUniversal(request);
    // The latents, one after its Gaussian start, and one after each evaluation.
    return 2 + request.nfe!;
  }
  // The reference executor has no GPU to search a grid with, and says so.
  const searched = solver !== undefined && executor !== 'reference';
  return runOf(searched ? { ...request, grid: checkableGrid(grid) } : request).plan.times.length;
}

/** The part of a request that says how to solve. */
async function whatSolves(options: SampleOptions, { dim }: Field, learned?: LoadedPredictor) {
  if (learned) return { predictor: learned.predictor, nfe: options.nfe };
  if (options.table === undefined) return solverOf(options);
  const { table, mean } = await loadTable(options.table);
  const plan = planOfTable(table, mean);
  checkConstants(plan, dim);
  return { plan };
}

/** What a request says where there is neither a predictor nor a table. */
function solverOf(options: SampleOptions) {
  const { solver, nfe, afs } = options;
  const grid = options.grid ?? (isUniversal({ solver }) ? undefined : DEFAULT_GRID);
  if (solver === undefined || nfe === undefined) {
    throw new FewstepError(
      'bad-argument',
      solver === undefined ? 'none of --solver, --predictor and --table is given' : '--nfe is not given',
      'run `fewstep sample --help` for what it takes',
    );
  }
  return { solver, nfe, grid, range: givenRange(grid ?? DEFAULT_GRID, options), afs };
}

/** Says on stderr what speaks against a request, without standing in its way. */
function note(text: string | undefined): void {
  if (text) process.stderr.write(`note: ${text}\n`);
}

async function execute(
  options: SampleOptions,
  request: SampleRequest,
  batch: number,
  learned?: LoadedPredictor,
): Promise<Made> {
  const { executor, device: choice, force = false } = options;
  const { field } = request;
  // A predictor is not given with a generator, so that there is a field.
  const words = options.field === undefined ? '' : fieldWords(options.field, fieldOptionsOf(options));
  const run = async (gpu?: Gpu): Promise<Made> => {
    if (learned)
      note(fieldDoubt(learned, await comparedFingerprint(learned.field, field, gpu), words, force));
    const ofSamples = () => showProgress(batch, 'trajectories');
    let progress = ofSamples();
    const onSearch = (done: number, total: number) => {
      if (done > 0) progress.update(done);
      if (done > 0 && done < total) return;
      progress.stop();
      progress = done === 0 ? showProgress(total, 'trajectories of the search') : ofSamples();
    };
    // In parts, so that there is progress to show.
    const chunk = Math.max(256, Math.ceil(batch / 32));
    const watched = { ...request, chunk, onProgress: (done: number) => progress.update(done), onSearch };
    try {
      if (executor === 'reference' || !gpu) return await sampleReference(watched);
      return await sample(gpu, { ...watched, executor });
    } finally {
      progress.stop();
    }
  };
  if (executor === 'reference') return run();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  try {
    return { ...(await run(gpu)), adapter };
  } finally {
    gpu.destroy();
  }
}

/** The states at all times as one array, [N times, batch, dim]. */
function joined(states: readonly (Float32Array | Float64Array)[]): Float32Array | Float64Array {
  const [first] = states;
  const length = states.length * first.length;
  const all = first instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  for (const [n, state] of states.entries()) all.set(state, n * first.length);
  return all;
}

function reportOf(
  options: SampleOptions,
  field: Field,
  batch: number,
  made: Made,
  learned: LoadedPredictor | undefined,
  totalMs: number,
) {
  const { out, trajectory, latents, seed = 0 } = options;
  const { plan, search, universal, answers, evaluations } = made;
  const { hostMs, gpuMs, adapter, executor = 'reference' } = made;
  const nfe = nfeOf(plan);
  const predictor = learned && {
    file: learned.file,
    ...learnedSteps(learned, plan, answers),
  };
  const schedule = learned?.predictor.schedules.find((candidate) => candidate.nfe === nfe);
  return {
    out,
    trajectory,
    field: {
      source: options.generator ?? options.field!,
      kind: field.kind,
      dim: field.dim,
      conditions: field.conditions,
    },
    solver: plan.solver,
    afs: plan.afs,
    grid: bringsTimes(options) ? undefined : (schedule?.grid ?? options.grid ?? DEFAULT_GRID),
    table: options.table,
    // A network's plugin reaches each trajectory's own times besides.
    times: schedule && learned?.predictor.kind === 'network' ? schedule.times : plan.times,
    search,
    universal,
    predictor,
    /** Field evaluations per trajectory: of the plan, and really made. */
    nfe,
    evaluations,
    batch,
    ...(latents === undefined ? { seed } : { latents, ...(options.seed !== undefined && { seed }) }),
    executor,
    adapter,
    timings: { hostMs, gpuMs, totalMs },
  };
}

/** Whether what is sampled has times of its own, on no grid. */
function bringsTimes({ table, generator }: SampleOptions): boolean {
  return table !== undefined || generator !== undefined;
}

function comparisonWords({ comparison }: SearchCost): string {
  if (!comparison) return '';
  const { tables, trajectories, evaluations } = comparison;
  return `; then ${tables} universal tables, on ${trajectories} trajectories of ${evaluations}`;
}

function sentence({
  out,
  batch,
  field,
  solver,
  nfe,
  executor,
  adapter,
  timings,
  search,
  universal,
}: ReturnType<typeof reportOf>) {
  const where = adapter ? adapter.name : `the CPU (${executor})`;
  const searched = search
    ? `; before that a search took ${search.seconds.toFixed(1)} s: ${search.teacher}, ${search.trajectories} trajectories of ${search.evaluations} evaluations${comparisonWords(search)}`
    : '';
  const whose = universal ? `, which learned on ${TRAINED_ON[universal]},` : '';
  return `${out}: ${batch} samples of ${field.dim} numbers, ${solver}${whose} at NFE ${nfe}, ${timings.hostMs.toFixed(0)} ms on ${where}${searched}`;
}
