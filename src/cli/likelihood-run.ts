import { join, resolve } from 'node:path';
import { describeRun } from '../../bench/describe-run.js';
import { FewstepError } from '../errors.js';
import { DEFAULT_TOLERANCE, type StepChoice, stepPlan } from '../execute/step-control.js';
import type { Field } from '../field/field.js';
import type { MixtureSpec } from '../field/mixture.js';
import { Gpu } from '../gpu/gpu.js';
import { DEFAULT_RANGE, type SigmaRange } from '../grid/grid.js';
import { applyScaling } from '../io/scaling.js';
import { densityMap, MAP_CELLS } from '../likelihood/density-map.js';
import { fokkerPlanckResidual } from '../likelihood/fokker-planck.js';
import { exactLogDensity } from '../likelihood/heat.js';
import { type LogDensityOptions, logDensity } from '../likelihood/log-density.js';
import type { PriorName } from '../likelihood/prior.js';
import { likelihoodFinding, renderLikelihood } from '../likelihood/report.js';
import {
  evenQuantiles,
  LIKELIHOOD_SCHEMA,
  type LikelihoodFile,
  type LikelihoodRun,
  likelihoodFigures,
} from '../likelihood/results.js';
import { type DeviceChoice, type NodeAdapterDescription, openDevice } from '../node/adapter.js';
import { type FieldOptions, fieldTakes, loadField } from '../node/field/load.js';
import { loadDataSet, saveNpy, writeAtomic } from '../node/files.js';
import { loadModel } from '../node/model.js';
import { problems } from '../problem/registry.js';
import { commandLine } from './command-line.js';
import { checkFolder, checkOutput } from './output.js';
import { showProgress } from './progress.js';

/** What the command line says, as commander hands it over. */
export interface LikelihoodOptions extends FieldOptions {
  field: string;
  data: string;
  out: string;
  method: 'exact' | 'hutchinson';
  probes?: number;
  seed: number;
  nfe?: number;
  rtol?: number;
  atol?: number;
  sigmaMin?: number;
  sigmaMax?: number;
  prior: PriorName;
  latents?: string;
  report?: string;
  exact?: string;
  device?: DeviceChoice;
  json?: boolean;
}

/** A request that has been checked, with its data in the field's units. */
interface Request {
  options: LikelihoodOptions;
  field: Field;
  states: Float64Array;
  rows: number;
  range: SigmaRange;
  solve: LogDensityOptions & Required<Pick<LogDensityOptions, 'divergence' | 'steps' | 'prior'>>;
  exact?: { source: string; mixture: MixtureSpec; field: Field };
}

/** Finds log-densities and writes the files, all computed before the first is written. */
export async function runLikelihood(options: LikelihoodOptions, signal: AbortSignal): Promise<void> {
  const request = await requestOf(options, signal);
  const { field, rows } = request;
  const started = new Date();
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  const progress = showProgress(rows, 'rows');
  try {
    const found = await logDensity(gpu, field, { ...request.solve, onProgress: progress.update });
    progress.stop();
    // A density of data in their own units is that of scaled ones over the scale of each dimension.
    const ownUnits = field.dim * Math.log(field.scaling?.scale ?? 1);
    const density = found.logDensity.map((value) => value - ownUnits);
    const exact = request.exact && {
      source: request.exact.source,
      logDensity: exactOf(request, request.range.sigmaMin),
    };
    const figures = likelihoodFigures(field, { ...found, logDensity: density }, exact);
    const report = options.report === undefined ? undefined : await reportParts(gpu, request, signal);
    signal.throwIfAborted();
    const run = runOf(request, adapter, started);
    const file: LikelihoodFile = {
      schema: LIKELIHOOD_SCHEMA,
      run,
      figures,
      quantiles: { model: evenQuantiles(density), ...(exact && { exact: evenQuantiles(exact.logDensity) }) },
      ...report,
    };
    await saveNpy(options.out, [rows], density);
    if (options.latents !== undefined) {
      await saveNpy(options.latents, [rows, field.dim], found.latents);
    }
    if (options.report !== undefined) {
      await writeAtomic(join(options.report, 'likelihood.json'), `${JSON.stringify(file)}\n`);
      await writeAtomic(join(options.report, 'report.html'), renderLikelihood(file));
    }
    process.stdout.write(options.json ? outline(options, file) : sentence(options, file));
  } finally {
    progress.stop();
    gpu.destroy();
  }
}

/** What can be wrong with a request is found here, before a device is opened. */
async function requestOf(options: LikelihoodOptions, signal: AbortSignal): Promise<Request> {
  checkFiles(options);
  const { columns, prior, seed, method } = options;
  const steps: StepChoice =
    options.nfe === undefined
      ? { rtol: options.rtol ?? DEFAULT_TOLERANCE.rtol, atol: options.atol ?? DEFAULT_TOLERANCE.atol }
      : { nfe: options.nfe };
  stepPlan(steps);
  if (options.probes !== undefined && method !== 'hutchinson') {
    throw new FewstepError(
      'bad-argument',
      '--probes was given for the exact divergence',
      'give --method hutchinson',
    );
  }
  const range = {
    sigmaMin: options.sigmaMin ?? DEFAULT_RANGE.sigmaMin,
    sigmaMax: options.sigmaMax ?? DEFAULT_RANGE.sigmaMax,
  };
  if (range.sigmaMin >= range.sigmaMax) {
    throw new FewstepError(
      'bad-argument',
      `--sigma-min ${range.sigmaMin} and --sigma-max ${range.sigmaMax} span no range`,
      'give 0 < sigma-min < sigma-max',
    );
  }
  const { bandwidth, scale, dim, label, guidance, precision } = options;
  const own = fieldTakes(options.field, 'columns') ? { columns } : {};
  const field = await loadField(options.field, { ...own, bandwidth, scale, dim, label, guidance, precision });
  const data = await loadDataSet(options.data, { columns });
  if (data.columns !== field.dim) {
    throw new FewstepError(
      'bad-shape',
      `${options.data} has rows of ${data.columns} numbers, and ${options.field} is a field of ${field.dim}`,
      'choose the columns that belong to it with --columns',
    );
  }
  const bad = data.values.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad >= 0) {
    throw new FewstepError(
      'not-finite',
      `${options.data}, row ${Math.floor(bad / data.columns)}, column ${bad % data.columns}: ${data.values[bad]} is not finite in float32`,
      'remove or replace such values (rows and columns are counted from 0)',
    );
  }
  const states = field.scaling ? applyScaling(field.scaling, data.values) : data.values;
  const divergence =
    method === 'exact' ? { kind: method } : { kind: method, probes: options.probes ?? 1, seed };
  const exact = await exactFor(options, field);
  return {
    options,
    field,
    states,
    rows: data.rows,
    range,
    solve: { states, range, divergence, steps, prior, signal },
    ...(exact && { exact }),
  };
}

function checkFiles({ out, latents, report, data }: LikelihoodOptions): void {
  checkOutput('--out', out);
  if (latents !== undefined) checkOutput('--latents', latents);
  if (report !== undefined) checkFolder('--report', report);
  const paths = [out, latents, data].filter((path) => path !== undefined).map((path) => resolve(path));
  if (new Set(paths).size === paths.length) return;
  throw new FewstepError(
    'bad-argument',
    '--out, --latents and --data name the same file',
    'give each a file of its own',
  );
}

/** The distribution whose density is known: the one that was named, the field's own, or what a model was trained on. */
async function exactFor(options: LikelihoodOptions, field: Field): Promise<Request['exact']> {
  const named = options.exact;
  if (named === undefined && field.mixture) return { source: options.field, mixture: field.mixture, field };
  const source = named ?? (field.kind === 'mlp' ? await trainedOn(options) : undefined);
  if (source === undefined) return undefined;
  const exact = await loadField(source, {});
  if (!exact.mixture) {
    throw new FewstepError(
      'bad-argument',
      `--exact ${source} is a field without a known density`,
      'give a built-in problem, a mixture or a data set',
    );
  }
  if (exact.dim !== field.dim) {
    throw new FewstepError(
      'bad-shape',
      `--exact ${source} has ${exact.dim} dimensions, and ${options.field} has ${field.dim}`,
      'give the distribution that the field was made for',
    );
  }
  return { source, mixture: exact.mixture, field: exact };
}

/** The built-in problem that a model was trained on, where it was; with a label it is of a part of it. */
async function trainedOn({ field, label }: LikelihoodOptions): Promise<string | undefined> {
  if (label !== undefined || !/\.safetensors$/i.test(field)) return undefined;
  const { training } = await loadModel(field);
  return training && Object.hasOwn(problems, training.data) ? training.data : undefined;
}

/** Of the data in their own units, at a noise level in the field's. */
function exactOf({ exact, field, states }: Request, sigma: number): Float64Array {
  const { scaling } = exact!.field;
  const [own, other] = [field.scaling ?? { offset: 0, scale: 1 }, scaling ?? { offset: 0, scale: 1 }];
  const moved = states.map((value) => (value * own.scale + own.offset - other.offset) / other.scale);
  const density = exactLogDensity(exact!.mixture, moved, (sigma * own.scale) / other.scale);
  return density.map((value) => value - field.dim * Math.log(other.scale));
}

/** Noise levels of the residual, states at each, and operations on which they take some seconds. */
const LEVELS = 9;
const RESIDUAL_STATES = 64;
const FEWER_STATES = 12;
const LARGE_DIM = 16;

async function reportParts(
  gpu: Gpu,
  { field, states, range, solve, exact, options }: Request,
  signal: AbortSignal,
): Promise<Pick<LikelihoodFile, 'fokkerPlanck' | 'map'>> {
  const parts: Pick<LikelihoodFile, 'fokkerPlanck' | 'map'> = {};
  if (field.gradient && field.denoise) {
    const count = field.dim > LARGE_DIM ? FEWER_STATES : RESIDUAL_STATES;
    // From where data of size 1 begin to show their shape to where they are a point.
    const [low, high] = [Math.max(range.sigmaMin, 0.02), Math.min(range.sigmaMax, 20)];
    const sigmas = Array.from({ length: LEVELS }, (_, i) => low * (high / low) ** (i / (LEVELS - 1)));
    const progress = showProgress(LEVELS * count, 'states of the Fokker-Planck residual');
    const request = { data: states, sigmas, states: count, seed: options.seed, signal };
    try {
      parts.fokkerPlanck = await fokkerPlanckResidual(field, { ...request, onProgress: progress.update });
    } finally {
      progress.stop();
    }
  }
  if (field.dim === 2) {
    const progress = showProgress(MAP_CELLS ** 2, 'cells of the map');
    // A distribution in other units would need its own map.
    const comparable = exact && exact.field.scaling === field.scaling ? exact.mixture : undefined;
    const request = { states, range, prior: solve.prior, exact: comparable, signal };
    try {
      parts.map = await densityMap(gpu, field, { ...request, onProgress: progress.update });
    } finally {
      progress.stop();
    }
  }
  return parts;
}

function runOf(
  { options, field, rows, range, solve }: Request,
  adapter: NodeAdapterDescription,
  started: Date,
): LikelihoodRun {
  const { kind, dim, scaling } = field;
  return {
    ...describeRun(adapter),
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    command: commandLine(),
    field: { source: options.field, kind, dim, ...(scaling && { scaling }) },
    data: { source: options.data, rows },
    ...range,
    prior: solve.prior,
    divergence: solve.divergence,
    steps: solve.steps,
  };
}

function outline(options: LikelihoodOptions, { run, figures, fokkerPlanck }: LikelihoodFile): string {
  const { field, data, sigmaMin, sigmaMax, prior, divergence, steps, seconds, adapter } = run;
  const { out, latents, report } = options;
  const where = { sigmaMin, sigmaMax, prior, divergence, steps };
  const all = { out, latents, report, field, data, ...where, ...figures, fokkerPlanck, seconds, adapter };
  return `${JSON.stringify(all, null, 2)}\n`;
}

function sentence(options: LikelihoodOptions, { run, figures }: LikelihoodFile): string {
  const { adapter } = run;
  const { nfe, hostMs } = figures;
  const report = options.report === undefined ? '' : `report: ${join(options.report, 'report.html')}\n`;
  return `${likelihoodFinding(figures, run)}
NFE ${nfe.mean.toFixed(1)} a trajectory, at most ${nfe.max}, ${(hostMs / 1000).toFixed(1)} s on ${adapter.software ? 'software ' : ''}adapter ${adapter.name}
${options.out}: ${run.data.rows} log-densities
${report}`;
}
