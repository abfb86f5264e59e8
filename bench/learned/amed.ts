import { searchedGrids } from '../../src/distill/learnable/start.js';
import { distillTable, type Student } from '../../src/distill/learnable/table.js';
import { distillNetwork, type Recipe } from '../../src/distill/network/network.js';
import { partOf, poolSeeds, runTeacher } from '../../src/distill/pool.js';
import { type Score, scoreOf } from '../../src/distill/score.js';
import { type DistillSettings, NETWORK_BATCH, publishedSettings } from '../../src/distill/settings.js';
import { DEFAULT_RANGE, parseGrid } from '../../src/grid/grid.js';
import type { NetworkPredictor } from '../../src/predictor/network-predictor.js';
import { predictedPlan } from '../../src/predictor/predicted-plan.js';
import { type AmedSolver, type Answer, amedSolvers, fixedAnswers } from '../../src/solver/amed.js';
import { solverByName, stepsForNfe } from '../../src/solver/registry.js';
import { type Context, measurePlan } from './context.js';
import type { Row } from './row.js';

/** r that a search for one r tries. */
const FIXED_R = Array.from({ length: 17 }, (_, i) => (i + 2) / 20);
/** Trajectories of that search. */
const FIXED_TRAJECTORIES = 512;

const named = (names: readonly string[]) => amedSolvers.filter(({ name }) => names.includes(name));

/** Each solver as the robust recipe distils it for all trajectories. */
export async function tableRows(context: Context, nfe: number, solvers: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const solver of named(solvers)) {
    const { gpu, field, settings } = context;
    const student = studentOf(solver, nfe);
    const { training, validation, evaluations } = await context.pools();
    const result = await distillTable(gpu, field, student, { settings, training, validation });
    const { grid, times, answers, base, start, best, seconds } = result;
    rows.push({
      ...(await measurePlan(context, solver.planWith(times, answers, { afs: student.afs }))),
      ...identity(context, nfe, student, 'table', grid),
      untrained: await untrained(context, student),
      ...{ base, start, best, answers },
      seconds: seconds.search + seconds.training,
      teacherEvaluations: evaluations,
    });
  }
  return rows;
}

/** The best r that all steps of a grid can share, found without a gradient. */
export async function fixedRows(context: Context, nfe: number): Promise<Row[]> {
  const solver = amedSolvers.find(({ name }) => name === 'amed')!;
  const { gpu, field } = context;
  const student = studentOf(solver, nfe);
  const { afs, grids } = student;
  const { training } = await context.pools();
  const few = partOf(training, 0, Math.min(FIXED_TRAJECTORIES, training.latents.length / training.dim));
  const plan = (times: number[], r: number) => solver.planWith(times, fixedAnswers(times, r), { afs });
  let found = { score: Infinity, grid: grids[0], r: 0.5 };
  const begin = performance.now();
  for (const grid of grids) {
    for (const r of FIXED_R) {
      const { score } = await scoreOf(gpu, field, plan(grid.times, r), few);
      if (score < found.score) found = { score, grid, r };
    }
  }
  const { grid, r } = found;
  return [
    {
      ...identity(context, nfe, student, 'fixed-r', grid.name),
      seconds: (performance.now() - begin) / 1000,
      ...(await measurePlan(context, plan(grid.times, r))),
      answers: r,
      teacherEvaluations: (training.evaluations * few.latents.length) / training.latents.length,
    },
  ];
}

/** Networks that correct what a table learned, for each trajectory. */
export async function networkRows(context: Context, nfe: number, solvers: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const solver of named(solvers)) {
    const student = studentOf(solver, nfe);
    const reads = context.field.features ? 'hidden' : 'state';
    const { training, validation, evaluations } = await context.pools();
    rows.push(
      ...(await distilled(context, [nfe], [student], 'network', evaluations, {
        ...{ settings: networkSettings(context), recipe: 'robust', reads, tableFirst: true },
        ...{ training: [training], validation },
      })),
    );
  }
  return rows;
}

/** The published recipe, and the robust one with the same features at the published budget. */
export async function publishedRows(
  context: Context,
  nfe: number,
  solvers: readonly string[],
): Promise<Row[]> {
  const { gpu, field, seed } = context;
  const { training, validation, evaluations } = await context.pools();
  const rows: Row[] = [];
  for (const solver of named(solvers)) {
    const student = studentOf(solver, nfe);
    const { settings, grid, teacher, teacherSubsteps } = publishedSettings(solver.name);
    const steps = stepsForNfe(solver, nfe, student);
    const times = parseGrid(grid).times(steps);
    const substeps = teacherSubsteps + 1;
    const pool = await runTeacher(
      gpu,
      field,
      solverByName(teacher).plan(parseGrid(grid).times(steps * substeps)),
      {
        count: Math.min(settings.trajectories, context.settings.trajectories),
        seed: poolSeeds(seed).training,
        at: Array.from({ length: steps }, (_, n) => (n + 1) * substeps),
      },
    );
    const reads = field.features ? 'hidden' : 'times';
    const published = { ...student, grids: [{ name: grid, times }] };
    rows.push(
      ...(await distilled(context, [nfe], [published], 'published', pool.evaluations, {
        ...{ settings: { ...settings, seed }, recipe: 'published', reads },
        ...{ training: [pool], validation },
      })),
      ...(await distilled(context, [nfe], [student], 'robust-equal', evaluations, {
        settings: { ...networkSettings(context), iterations: settings.iterations },
        ...{ recipe: 'robust', reads, training: [training], validation },
      })),
    );
  }
  return rows;
}

/** One network for all NFE of the run, which tells apart their steps by its times; a network a solver. */
export async function conditionedRows(context: Context, solvers: readonly string[]): Promise<Row[]> {
  const { counts, field } = context;
  const settings = networkSettings(context);
  const { training, validation, evaluations } = await context.pools();
  const rows: Row[] = [];
  for (const solver of named(solvers)) {
    const students = counts.map((nfe) => studentOf(solver, nfe));
    const reads = field.features ? 'hidden' : 'state';
    rows.push(
      ...(await distilled(context, counts, students, 'conditioned', evaluations, {
        ...{ settings, recipe: 'robust', reads, training: students.map(() => training), validation },
      })),
    );
  }
  return rows;
}

function networkSettings({ settings }: Context): DistillSettings {
  return { ...settings, batch: NETWORK_BATCH };
}

/** Two evaluations a step, one fewer with AFS. */
function studentOf(solver: AmedSolver, nfe: number): Student {
  const afs = nfe % 2 === 1;
  return { solver, afs, grids: searchedGrids(stepsForNfe(solver, nfe, { afs }), DEFAULT_RANGE) };
}

function identity({ seed }: Context, nfe: number, { solver, afs }: Student, kind: string, grid: string) {
  return { nfe, seed, kind, solver: solver.name, grid, afs };
}

/** A student's error on the fresh latents before it learns: r = 1/2 on its first grid. */
function untrained({ gpu, field, exact }: Context, { solver, afs, grids }: Student): Promise<Score> {
  const [{ times }] = grids;
  return scoreOf(gpu, field, solver.planWith(times, fixedAnswers(times) as Answer[], { afs }), exact);
}

/** Distils one network for some students, and measures each. */
async function distilled(
  context: Context,
  counts: readonly number[],
  students: readonly Student[],
  kind: string,
  teacherEvaluations: number,
  options: Parameters<typeof distillNetwork>[3] & { recipe: Recipe },
): Promise<Row[]> {
  const { gpu, field } = context;
  const result = await distillNetwork(gpu, field, students, options);
  const { config, parameters, figures, seconds } = result;
  const scaled = { direction: config.scaleDirection > 0, time: config.scaleTime > 0 };
  const rows: Row[] = [];
  for (const [i, { grid, times, offsets, base, start, best }] of result.students.entries()) {
    const { solver, afs } = students[i];
    const predicted = predictedPlan(solver, times, { afs, scaled }, offsets);
    const predictor: NetworkPredictor = { kind: 'amed', predicted, config, parameters, figures };
    rows.push({
      ...(await measurePlan(context, predicted.plan, { predictor })),
      ...identity(context, counts[i], students[i], kind, grid),
      untrained: await untrained(context, students[i]),
      ...{ base, start, best, teacherEvaluations },
      seconds: seconds.search + seconds.training,
    });
  }
  return rows;
}
