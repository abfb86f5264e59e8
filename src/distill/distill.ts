import { either } from '../abort.js';
import { checkEntries, type Entries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import { checkField } from '../field/check.js';
import { type Field, preparedGradient } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Grid, SigmaRange } from '../grid/grid.js';
import { amedSolver, timesSolver } from '../predictor/predictor.js';
import type { StoredPredictor } from '../predictor/predictor-file.js';
import type { AmedSolver } from '../solver/amed.js';
import { BESPOKE_FORMULAS, BESPOKE_STARTS, bespokeLayout } from '../solver/bespoke.js';
import { type Solver, spell } from '../solver/define.js';
import type { Plan } from '../solver/plan.js';
import { parseSolver } from '../solver/registry.js';
import { BESPOKE } from './bespoke.js';
import { NET_BATCH, NET_ITERATIONS, TABLE_SHARE } from './bespoke-net.js';
import { type BespokeChoices, checkChoices } from './bespoke-search.js';
import { type Budget, countedIterations, finalistsOf } from './budget.js';
import { distillationInfo, type Learned, learnBespokes, learnTables, learnTimes } from './learned.js';
import { checkAffordable, sizesWithin, unknownData } from './needed-evaluations.js';
import { runTeacherTwice, type TeacherPools } from './pool.js';
import type { Score } from './score.js';
import { checkSettings, type DistillSettings, ROBUST } from './settings.js';
import { afsFor, rangeFor, SEARCH, type StudentsRequest, studentsOf, teacherOf } from './students.js';
import { learnableTimes } from './times.js';

/**
 * What `distill` learns, for which field, and how. Field, solver and NFE have to be given; of the other numbers the usual
 * ones are in force, those of `ROBUST`, and of a bespoke solver also those of `BESPOKE`.
 */
export interface DistillRequest extends Partial<Omit<DistillSettings, 'teacher'>>, BespokeChoices {
  field: Field;
  /**
   * 'bespoke', 'bespoke-net', or a solver with its options: an AMED solver learns a table of answers, any other of the
   * ODE its times, and what the field is told at each evaluation.
   */
  solver: string;
  /** Field evaluations per trajectory, of one student or of several that one predictor holds. */
  nfe: number | readonly number[];
  /**
   * Where the teacher and all students begin and end; by default that of a grid of listed times, else 0.002 to 80 as far
   * as a model's process has them.
   */
  range?: Partial<SigmaRange>;
  /** What of the teacher is not as usual: `ROBUST.teacher`. */
  teacher?: Partial<DistillSettings['teacher']>;
  /** Analytical first step; by default where the NFE need it. Not of a bespoke solver, which searches its start. */
  afs?: boolean;
  /** Times to begin with; by default, and for 'search', the best of six grids. Not of a bespoke solver. */
  grid?: string | Grid;
  /**
   * In place of `iterations`, of a bespoke solver: what all its stages may take together, for each NFE. With one in
   * evaluations the teacher makes at most half as many besides, and batches are smaller, unless `trajectories`,
   * `validation` and `batch` say how many.
   */
  budget?: Budget;
  /** Of a bespoke solver: how many starts are trained for a little, and for how long each; see `BESPOKE`. */
  candidates?: number;
  candidateIterations?: number;
  /** Of bespoke-net: iterations of its networks (600) and trajectories in each (128). */
  netIterations?: number;
  netBatch?: number;
  /** What people know the field by, kept with the predictor; its kind by default. */
  name?: string;
  onProgress?: (progress: DistillProgress) => void;
  signal?: AbortSignal;
  /**
   * Ends the learning early: what was learned until then is the result, which says `endedEarly`. Before anything was, while
   * the teacher runs or a start is searched, it rejects, as `signal` does.
   */
  finish?: AbortSignal;
}

/** How far a distillation is. */
export interface DistillProgress {
  /**
   * 'teacher' counts trajectories; 'search' what was compared; 'candidates' the short trainings of a bespoke solver;
   * 'training' iterations; 'networks' those of bespoke-net, the table's beside them included.
   */
  stage: 'teacher' | 'search' | 'candidates' | 'training' | 'networks';
  /** Of the student; the teacher runs once for all. */
  nfe?: number;
  /** Of the stage; it may end before it has done all. */
  done: number;
  of: number;
  /** The latest on the validation trajectories. */
  score?: Score;
}

/**
 * What `distill` learned: `sample` takes it as its predictor, `savePredictor` and `encodePredictor` store it, for
 * `fewstep sample --predictor` too.
 */
export interface Distilled extends StoredPredictor, Learned {
  /** Settings, times and errors, as a file keeps them. */
  training: NonNullable<StoredPredictor['training']>;
}

const ENTRIES: Entries<DistillRequest> = {
  ...{ field: true, solver: true, nfe: true, range: false, seed: false, teacher: false },
  ...{ trajectories: false, validation: false, batch: false, iterations: false, budget: false },
  ...{ afs: false, grid: false, scaleDirection: false, scaleTime: false },
  ...{ formulas: false, starts: false, candidates: false, candidateIterations: false },
  ...{ netIterations: false, netBatch: false, name: false, onProgress: false, signal: false, finish: false },
};

/** A distillation that is possible; nothing of it has run. */
interface Job {
  recipe: string;
  settings: DistillSettings;
  teacher: Plan;
  /** Whether it needs the field's gradient. */
  gradient: boolean;
  learn(gpu: Gpu, pools: TeacherPools): Promise<Learned>;
}

type Tell = (progress: DistillProgress) => void;

/**
 * Learns a solver for one field, as `fewstep distill` does: runs an accurate teacher once, and distils a student for
 * each NFE with `distillBespoke`, `distillBespokeNet`, `distillTable` or `distillTimes`, whose documentation says how, and
 * from which papers. None is worse on the validation trajectories than where its training began. The teacher's latents
 * are those of `poolSeeds`. Only bespoke-net needs a gradient of the field.
 *
 * AMED's networks and published recipe are those of `fewstep distill --kind network` alone.
 * @throws FewstepError for an impossible request before anything runs: unknown-name, bad-argument (also for what does
 *   not apply to the solver, and for noise levels that the field does not know), bad-grid, unreachable-nfe, bad-field
 *   for bespoke-net on a field without a gradient. Then not-finite where the field or the teacher is, device-limit, and
 *   bad-field where a model of the user's fails. What a student comes to is no error: its score may be infinite
 */
export async function distill(gpu: Gpu, request: DistillRequest): Promise<Distilled> {
  checkGpu(gpu);
  checkEntries("distill's request", request, ENTRIES);
  checkField(request.field);
  const { field, name = field.kind, onProgress, signal, finish } = request;
  const job = jobOf(request);
  const { recipe, settings, teacher, gradient, learn } = job;
  const stop = either(signal, finish);
  stop?.throwIfAborted();
  const [fingerprint] = await Promise.all([
    fingerprintOf(field, gpu),
    gradient && preparedGradient(gpu, field),
  ]);
  const of = settings.trajectories + settings.validation;
  const pools = await runTeacherTwice(gpu, field, teacher, settings, {
    onProgress: (done) => onProgress?.({ stage: 'teacher', done, of }),
    signal: stop,
  });
  const learned = await learn(gpu, pools);
  signal?.throwIfAborted();
  const made = { recipe, settings, field: name, adapter: gpu.adapter.name };
  return { ...learned, field: fingerprint, training: distillationInfo(learned, made) };
}

function jobOf(request: DistillRequest): Job {
  const { solver, nfe } = request;
  const nfes = typeof nfe === 'number' ? [nfe] : [...nfe];
  if (nfes.length === 0 || new Set(nfes).size < nfes.length) {
    throw new FewstepError(
      'bad-argument',
      `the NFE are ${nfes.join(', ') || 'none'}`,
      'give one or more, each of them once',
    );
  }
  const tell: Tell = (progress) => request.onProgress?.(progress);
  if (solver === 'bespoke' || solver === 'bespoke-net') return bespokeJob(request, nfes, tell);
  refuse(request, OF_BESPOKE, 'distil bespoke');
  return 'planWith' in parseSolver(solver).solver
    ? tableJob(request, nfes, tell)
    : timesJob(request, nfes, tell);
}

/** What a request may say of a bespoke solver alone, of one with networks, and of others. */
const OF_NETWORKS = ['netIterations', 'netBatch'] as const;
const OF_BESPOKE = [
  'budget',
  'candidates',
  'candidateIterations',
  'formulas',
  'starts',
  ...OF_NETWORKS,
] as const;
const OF_OTHERS = ['afs', 'grid', 'scaleDirection', 'scaleTime'] as const;

function refuse(request: DistillRequest, names: readonly (keyof DistillRequest)[], instead: string): void {
  const found = names.find((name) => request[name] !== undefined);
  if (found === undefined) return;
  throw new FewstepError(
    'bad-argument',
    `${found} does not apply to the distillation of ${request.solver}`,
    `leave it out, or ${instead}`,
  );
}

/** The usual settings with those of the request in place of them. */
function settingsOf(request: DistillRequest, usual: DistillSettings): DistillSettings {
  const settings = { ...usual, teacher: { ...usual.teacher, ...given(request.teacher ?? {}) } };
  const { seed, trajectories, validation, batch, iterations, scaleDirection, scaleTime } = request;
  const own = { seed, trajectories, validation, batch, iterations, scaleDirection, scaleTime };
  return checkSettings({ ...settings, ...given(own) });
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

function bespokeJob(request: DistillRequest, nfes: number[], tell: Tell): Job {
  const { field, solver, formulas, starts, budget, signal, finish } = request;
  refuse(request, OF_OTHERS, 'distil another solver: a bespoke one learns all of itself');
  if (solver === 'bespoke') refuse(request, OF_NETWORKS, 'distil bespoke-net');
  checkForms(request, nfes);
  const range = rangeFor(field, undefined, request.range);
  const choices = given({ formulas, starts });
  const { seed, batch, iterations } = BESPOKE;
  const teacherNfe = request.teacher?.nfe ?? ROBUST.teacher.nfe;
  const sizes = sizesWithin(budget, { nfes, range, teacherNfe, ...choices }, { ...ROBUST, batch });
  const settings = settingsOf(request, { ...ROBUST, seed, iterations, ...sizes });
  if (budget) checkBudget(request, budget, settings);
  const { candidates = BESPOKE.candidates, candidateIterations = BESPOKE.candidateIterations } = request;
  checkWholes({ candidates, netBatch: request.netBatch }, 1);
  checkWholes({ candidateIterations, netIterations: request.netIterations }, 0);
  const { netIterations = NET_ITERATIONS, netBatch = NET_BATCH } = request;
  const networks = solver === 'bespoke-net';
  const wanted = { range, data: unknownData(range), ...choices };
  if (budget) for (const nfe of nfes) checkAffordable(budget, { ...wanted, nfe }, settings);
  if (networks) checkSettings({ ...settings, batch: netBatch });
  const teacher = teacherOf(field, settings, range, nfes);
  const bespokes = {
    ...{ field, range, settings, teacher, nfes },
    training: {
      ...{ range, candidates, candidateIterations, seed: settings.seed },
      ...{ batch: settings.batch, iterations: settings.iterations, budget },
    },
    ...(networks && { netIterations, netBatch }),
    choices,
  };
  const trainings = candidates + finalistsOf(candidates);
  const watch = (nfe: number) => tellingBespoke(tell, nfe, trainings, netIterations);
  const learn: Job['learn'] = (gpu, pools) => learnBespokes(gpu, bespokes, pools, { watch, signal, finish });
  return { recipe: 'bespoke', settings, teacher, gradient: networks, learn };
}

function checkForms({ formulas, starts }: BespokeChoices, nfes: readonly number[]): void {
  checkChoices({ formulas, starts });
  for (const formula of formulas ?? BESPOKE_FORMULAS) {
    for (const start of starts ?? BESPOKE_STARTS) {
      for (const nfe of nfes) bespokeLayout({ formula, start, nfe });
    }
  }
}

function checkBudget({ iterations }: DistillRequest, budget: Budget, { batch }: DistillSettings): void {
  if (iterations !== undefined) {
    throw new FewstepError('bad-argument', 'both a budget and iterations are given', 'give one of them');
  }
  if (budget.amount > 0 && countedIterations(budget, batch) !== 0) return;
  throw new FewstepError(
    'bad-argument',
    `a budget of ${budget.amount} ${budget.unit} is no iteration of ${batch} trajectories`,
    'give more, or a smaller batch',
  );
}

function checkWholes(values: Record<string, number | undefined>, least: number): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) continue;
    throw new FewstepError(
      'bad-argument',
      `the distillation's ${name} is ${value}`,
      `give a whole number from ${least} on`,
    );
  }
}

function tellingBespoke(tell: Tell, nfe: number, trainings: number, netIterations: number) {
  let trained = 0;
  let iterations = 0;
  let score: Score | undefined;
  const ofNetworks = netIterations + Math.ceil(TABLE_SHARE * netIterations);
  return {
    onSearch: (done: number, of: number) => tell({ stage: 'search', nfe, done, of }),
    onStart(_: unknown, start: Score) {
      score = start;
    },
    onTraining(_: unknown, __: unknown, count: number) {
      iterations = count;
    },
    onRecord(stage: string, { iteration, validation }: { iteration: number; validation?: Score }) {
      score = validation ?? score;
      if (stage === 'table') tell({ stage: 'training', nfe, done: iteration, of: iterations, score });
    },
    onTrained(stage: string, _: unknown, __: unknown, after: Score) {
      score = after;
      if (stage !== 'table') tell({ stage: 'candidates', nfe, done: ++trained, of: trainings, score });
    },
    onNetRecord({ iteration, validation }: { iteration: number; validation: Score }) {
      tell({ stage: 'networks', nfe, done: iteration, of: ofNetworks, score: validation });
    },
    onNetTable({ iteration }: { iteration: number }) {
      tell({ stage: 'networks', nfe, done: netIterations + iteration, of: ofNetworks });
    },
  };
}

function tableJob(request: DistillRequest, nfes: number[], tell: Tell): Job {
  const { solver, options } = amedSolver(request.solver);
  if ('r' in options) {
    throw new FewstepError('bad-argument', `${request.solver}: r is what is learned`, 'leave it out');
  }
  const students = studentsRequest(request, solver, options, nfes);
  const watch = watching(tell, students);
  const { signal, finish } = request;
  const learn: Job['learn'] = (gpu, pools) => learnTables(gpu, students, pools, { watch, signal, finish });
  return { recipe: 'robust', settings: students.settings, teacher: students.teacher, gradient: false, learn };
}

function timesJob(request: DistillRequest, nfes: number[], tell: Tell): Job {
  refuse(request, ['scaleDirection'], 'distil an AMED solver: others keep their direction');
  const { solver, options } = timesSolver(request.solver);
  const students = studentsRequest(request, solver, options, nfes);
  const { afs, settings, teacher } = students;
  // What cannot be learned is found here.
  for (const { grids } of students.students) learnableTimes({ solver, options, afs, grids }, settings);
  const watch = watching(tell, students);
  const { signal, finish } = request;
  const learn: Job['learn'] = (gpu, pools) => learnTimes(gpu, students, pools, { watch, signal, finish });
  return { recipe: 'times', settings, teacher, gradient: false, learn };
}

function studentsRequest<S extends AmedSolver | Solver>(
  request: DistillRequest,
  solver: S,
  options: Record<string, unknown>,
  nfes: number[],
): StudentsRequest<S> {
  const { field, grid = SEARCH } = request;
  const range = rangeFor(field, grid, request.range);
  const afs = afsFor(solver, options, nfes, request.afs);
  const students = studentsOf(solver, nfes, { afs, options }, grid, range);
  const settings = settingsOf(request, ROBUST);
  const teacher = teacherOf(field, settings, range, nfes);
  const text = spell(solver.name, options, {});
  return { field, solver, text, options, afs, range, students, settings, teacher };
}

/** Tells how students learn whose search says nothing before it is over. */
function watching(tell: Tell, { settings: { iterations } }: StudentsRequest<Solver>) {
  return ({ nfe, grids: { length } }: StudentsRequest<Solver>['students'][number]) => {
    let score: Score | undefined;
    tell({ stage: 'search', nfe, done: 0, of: length });
    return {
      onStart(start: { score: Score }) {
        score = start.score;
        tell({ stage: 'search', nfe, done: length, of: length, score });
      },
      onRecord({ iteration, validation }: { iteration: number; validation?: Score }) {
        score = validation ?? score;
        tell({ stage: 'training', nfe, done: iteration, of: iterations, score });
      },
    };
  };
}
