/**
 * Where learning pays, and by how much: for one field at fixed NFE every solver that learned nothing on every grid with
 * and without AFS, every AMED solver as the robust recipe distils it for all trajectories, networks by both recipes at
 * the published budget, fixed and random r. Fresh latents, several seeds. `npm run bench:amed -- --help`.
 */
import { Command, CommanderError, Option } from 'commander';
import { fieldDetails, wholeNumber, wholeNumbers } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { distillNetwork, type Recipe } from '../src/distill/network.js';
import { partOf, runTeacher, type TeacherPool } from '../src/distill/pool.js';
import { type Score, scoreOf } from '../src/distill/score.js';
import { type DistillSettings, ROBUST } from '../src/distill/settings.js';
import { SEARCHED_GRIDS, searchedGrids } from '../src/distill/start.js';
import { distillTable } from '../src/distill/table.js';
import { FewstepError } from '../src/errors.js';
import type { Field } from '../src/field/field.js';
import { Gpu } from '../src/gpu/gpu.js';
import { DEFAULT_RANGE, parseGrid } from '../src/grid/grid.js';
import { openDevice } from '../src/node/adapter.js';
import { type FieldOptions, loadField } from '../src/node/field/load.js';
import { writeAtomic } from '../src/node/files.js';
import { predictedPlan } from '../src/predictor/predicted-plan.js';
import { type AmedSolver, amedSolvers, fixedAnswers } from '../src/solver/amed.js';
import { planFor } from '../src/solver/plan-for.js';
import { solverByName, solvers, stepsForNfe } from '../src/solver/registry.js';
import { describeRun } from './describe-run.js';

/** Of latents: away from those that are sampled with. */
const TRAINING_SEED = 2 ** 40;
/** The published training: 79 batches of 128 trajectories, each once. */
const PUBLISHED = { trajectories: 79 * 128, iterations: 79, batch: 128 };

interface Options extends FieldOptions {
  field: string;
  nfe: number[];
  seeds: number[];
  batch: number;
  trajectories: number;
  networks: string[];
  conditioned: string[];
  tables: string[];
  out: string;
}

interface Row {
  nfe: number;
  seed: number;
  /** 'conditioned': one network for all NFE. */
  kind: 'plain' | 'table' | 'network' | 'published' | 'robust-equal' | 'fixed-r' | 'conditioned';
  solver: string;
  grid: string;
  afs: boolean;
  test: Score;
  /** On the validation trajectories. */
  base?: Score;
  start?: Score;
  best?: Score;
  seconds?: number;
  answers?: unknown;
}

const list = (text: string) => text.split(',').filter((name) => name !== '');
const command = new Command('npm run bench:amed --')
  .description('measure what AMED learns on one field, at fixed NFE')
  .requiredOption('--field <field>', 'built-in problem, .json, .wgsl, .safetensors or data file')
  .addOption(new Option('--nfe <counts>').argParser(wholeNumbers(2, 64)).default([3, 4, 5, 6, 7, 9]))
  .addOption(new Option('--seeds <seeds>').argParser(wholeNumbers(0)).default([0, 1, 2]))
  .addOption(new Option('--batch <count>', 'fresh latents').argParser(wholeNumber(2)).default(1024))
  .addOption(
    new Option('--trajectories <count>', 'of the teacher').argParser(wholeNumber(512)).default(10_112),
  )
  .addOption(new Option('--tables <solvers>').argParser(list).default(amedSolvers.map(({ name }) => name)))
  .addOption(new Option('--networks <solvers>').argParser(list).default(['amed', 'amed-ipndm']))
  .addOption(new Option('--conditioned <solvers>', 'one network for all NFE').argParser(list).default([]))
  .requiredOption('--out <file>', 'where all figures go as JSON')
  .exitOverride();
for (const option of fieldDetails()) command.addOption(option);
try {
  await bench(command.parse().opts<Options>());
  process.exit(0);
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2); // it has spoken already
  if (!(error instanceof FewstepError)) throw error;
  console.error(`error: ${error.message}\n  ${error.remedy}`);
  process.exit(2);
}

async function bench(options: Options): Promise<void> {
  const { nfe: counts, seeds, batch, tables, networks, out } = options;
  const { columns, bandwidth, scale, dim, label, guidance } = options;
  const field = await loadField(options.field, { columns, bandwidth, scale, dim, label, guidance });
  const { device, adapter } = await openDevice();
  const gpu = new Gpu(device, adapter);
  const begin = performance.now();
  const rows: Row[] = [];
  const save = () =>
    writeAtomic(
      out,
      `${JSON.stringify({
        schema: 'fewstep-amed/1',
        run: { ...describeRun(adapter), seconds: (performance.now() - begin) / 1000, ...options },
        rows,
      })}\n`,
    );
  for (const seed of seeds) {
    const exact = await runTeacher(gpu, field, planFor({ solver: 'unipc-3', nfe: 256 }), {
      count: batch,
      seed,
    });
    const settings: DistillSettings = { ...ROBUST, seed, trajectories: options.trajectories };
    const teacher = planFor(settings.teacher);
    const [training, validation] = [
      await runTeacher(gpu, field, teacher, { count: settings.trajectories, seed: TRAINING_SEED + 2 * seed }),
      await runTeacher(gpu, field, teacher, {
        count: settings.validation,
        seed: TRAINING_SEED + 2 * seed + 1,
      }),
    ];
    console.log(`seed ${seed}: teacher ${training.seconds.toFixed(1)} s for ${settings.trajectories}`);
    const context = { gpu, field, exact, training, validation, settings, seed };
    for (const nfe of counts) {
      rows.push(...(await plainRows(context, nfe)));
      for (const solver of amedSolvers) {
        if (tables.includes(solver.name)) rows.push(await tableRow(context, nfe, solver));
        if (solver.name === 'amed') rows.push(await fixedRow(context, nfe, solver));
        if (!networks.includes(solver.name)) continue;
        rows.push(await networkRow(context, nfe, solver, 'published', PUBLISHED.iterations));
        rows.push(await networkRow(context, nfe, solver, 'robust-equal', PUBLISHED.iterations));
        rows.push(await networkRow(context, nfe, solver, 'network', settings.iterations));
      }
      await save();
      print(
        rows.filter((row) => row.nfe === nfe && row.seed === seed),
        nfe,
      );
    }
    for (const name of options.conditioned) {
      const learned = await conditionedRows(context, counts, solverByName(name) as AmedSolver);
      const plain = rows.filter((row) => row.kind === 'plain' && row.seed === seed);
      rows.push(...learned);
      for (const row of learned) print([...plain.filter(({ nfe }) => nfe === row.nfe), row], row.nfe);
    }
  }
  await save();
}

interface Context {
  gpu: Gpu;
  field: Field;
  exact: TeacherPool;
  training: TeacherPool;
  validation: TeacherPool;
  settings: DistillSettings;
  seed: number;
}

async function plainRows({ gpu, field, exact, seed }: Context, nfe: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name } of solvers) {
    for (const grid of SEARCHED_GRIDS) {
      for (const afs of [false, true]) {
        const plan = reachable(() => planFor({ solver: name, nfe, grid, afs }));
        if (!plan) continue;
        rows.push({
          nfe,
          seed,
          kind: 'plain',
          solver: name,
          grid,
          afs,
          test: await scoreOf(gpu, field, plan, exact),
        });
      }
    }
  }
  return rows;
}

function reachable<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof FewstepError && error.code === 'unreachable-nfe') return undefined;
    throw error;
  }
}

/** Two evaluations a step, one fewer with AFS. */
function studentOf(solver: AmedSolver, nfe: number) {
  const afs = nfe % 2 === 1;
  const steps = stepsForNfe(solver, nfe, { afs });
  return { solver, afs, grids: searchedGrids(steps, DEFAULT_RANGE), steps };
}

async function tableRow(context: Context, nfe: number, solver: AmedSolver): Promise<Row> {
  const { gpu, field, exact, training, validation, settings, seed } = context;
  const student = studentOf(solver, nfe);
  const { afs } = student;
  const result = await distillTable(gpu, field, student, { settings, training, validation });
  const { grid, times, answers, base, start, best, seconds } = result;
  const test = await scoreOf(gpu, field, solver.planWith(times, answers, { afs }), exact);
  const all = { base, start, best, seconds: seconds.search + seconds.training, answers };
  return { nfe, seed, kind: 'table', solver: solver.name, grid, afs, test, ...all };
}

/** The best r that all steps of a grid can share, found without a gradient. */
async function fixedRow(context: Context, nfe: number, solver: AmedSolver): Promise<Row> {
  const { gpu, field, exact, training, seed } = context;
  const { afs, grids } = studentOf(solver, nfe);
  const few = partOf(training, 0, 512);
  let found = { score: Infinity, grid: grids[0], r: 0.5 };
  for (const grid of grids) {
    for (let r = 0.1; r < 0.95; r += 0.05) {
      const { score } = await scoreOf(
        gpu,
        field,
        solver.planWith(grid.times, fixedAnswers(grid.times, r), { afs }),
        few,
      );
      if (score < found.score) found = { score, grid, r };
    }
  }
  const { grid, r } = found;
  const test = await scoreOf(
    gpu,
    field,
    solver.planWith(grid.times, fixedAnswers(grid.times, r), { afs }),
    exact,
  );
  return { nfe, seed, kind: 'fixed-r', solver: solver.name, grid: grid.name, afs, test, answers: r };
}

async function networkRow(
  context: Context,
  nfe: number,
  solver: AmedSolver,
  kind: 'published' | 'robust-equal' | 'network',
  iterations: number,
): Promise<Row> {
  const { gpu, field, exact, training, validation, seed } = context;
  const recipe: Recipe = kind === 'published' ? 'published' : 'robust';
  const student = studentOf(solver, nfe);
  const { afs, steps } = student;
  const single = solver.name === 'amed';
  // The published settings: Heun, M = 1, time_uniform for the AMED-Solver; iPNDM-4, M = 2, polynomial:7 for the plugin.
  const grid = single ? 'time_uniform:1' : 'polynomial:7';
  const substeps = single ? 2 : 3;
  const scales = { scaleDirection: 0.01, scaleTime: single ? 0 : 0.2 };
  const published = recipe === 'published';
  const pool = published
    ? await runTeacher(
        gpu,
        field,
        solverByName(single ? 'heun' : 'ipndm-4').plan(parseGrid(grid).times(steps * substeps)),
        {
          count: Math.min(PUBLISHED.trajectories, training.latents.length / training.dim),
          seed: TRAINING_SEED + 2 * seed,
          at: Array.from({ length: steps }, (_, n) => (n + 1) * substeps),
        },
      )
    : training;
  const settings = { ...context.settings, iterations, ...(published && scales) };
  const reads = field.features ? 'hidden' : published || kind === 'robust-equal' ? 'times' : 'state';
  const grids = published ? [{ name: grid, times: parseGrid(grid).times(steps) }] : student.grids;
  const result = await distillNetwork(gpu, field, [{ solver, afs, grids }], {
    settings,
    recipe,
    reads,
    tableFirst: kind === 'network',
    training: [pool],
    validation,
  });
  const { config, parameters, figures, students, seconds } = result;
  const [{ times, offsets, base, start, best, grid: chosen }] = students;
  const scaled = { direction: config.scaleDirection > 0, time: config.scaleTime > 0 };
  const predicted = predictedPlan(solver, times, { afs, scaled }, offsets);
  const test = await scoreOf(gpu, field, predicted.plan, exact, {
    kind: 'amed',
    predicted,
    config,
    parameters,
    figures,
  });
  const all = { base, start, best, seconds: seconds.search + seconds.training };
  return { nfe, seed, kind, solver: solver.name, grid: chosen, afs, test, ...all };
}

/** One network whose answers depend on the times alone tells apart the steps of every NFE. */
async function conditionedRows(
  context: Context,
  counts: readonly number[],
  solver: AmedSolver,
): Promise<Row[]> {
  const { gpu, field, exact, training, validation, settings, seed } = context;
  const students = counts.map((nfe) => studentOf(solver, nfe));
  const result = await distillNetwork(gpu, field, students, {
    settings,
    recipe: 'robust',
    reads: field.features ? 'hidden' : 'state',
    training: students.map(() => training),
    validation,
  });
  const { config, parameters, figures, seconds } = result;
  const scaled = { direction: config.scaleDirection > 0, time: config.scaleTime > 0 };
  const rows: Row[] = [];
  for (const [i, { grid, times, base, start, best }] of result.students.entries()) {
    const { afs } = students[i];
    const predicted = predictedPlan(solver, times, { afs, scaled });
    const test = await scoreOf(gpu, field, predicted.plan, exact, {
      kind: 'amed',
      predicted,
      config,
      parameters,
      figures,
    });
    const own = { nfe: counts[i], seed, kind: 'conditioned' as const, solver: solver.name, grid, afs, test };
    rows.push({ ...own, base, start, best, seconds: seconds.training });
  }
  return rows;
}

/** The best plain row by mean and by median, and every learned one beside it. */
function print(rows: readonly Row[], nfe: number): void {
  const plain = rows.filter(({ kind }) => kind === 'plain');
  const least = (by: 'mean' | 'median') =>
    plain.reduce((best, row) => (row.test[by] < best.test[by] ? row : best), plain[0]);
  const [mean, middle] = [least('mean'), least('median')];
  const number = (value: number) => value.toPrecision(3);
  console.log(
    `\nNFE ${nfe}: best plain mean ${number(mean.test.mean)} (${mean.solver}, ${mean.grid}${mean.afs ? ', AFS' : ''}), ` +
      `median ${number(middle.test.median)}`,
  );
  console.log(
    table(
      ['row', 'grid', 'mean', 'median', 'plain / mean', 'plain / median', 's'],
      rows
        .filter(({ kind }) => kind !== 'plain')
        .map(({ kind, solver, grid, test, seconds }) => [
          `${solver}, ${kind}`,
          grid,
          number(test.mean),
          number(test.median),
          (mean.test.mean / test.mean).toFixed(2),
          (middle.test.median / test.median).toFixed(2),
          seconds?.toFixed(2) ?? '',
        ]),
    ),
  );
}
