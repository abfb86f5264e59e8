import { chooseUniversal } from '../../src/distill/bespoke/universal-choice.js';
import { FewstepError } from '../../src/errors.js';
import type { Executor } from '../../src/execute/fused-plan.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { SigmaRange } from '../../src/grid/grid.js';
import { distributionReference } from '../../src/metrics/distribution-reference.js';
import type { Cell, Failure, ProblemResult } from '../../src/report/results.js';
import { parseGits, searchGits } from '../../src/search/gits.js';
import { type CellContext, measureCell } from './cell.js';
import { Earlier, type EarlierResults, type Outcome } from './earlier.js';
import { type ExactSolve, exactEndpoints, solveExactly } from './exact.js';
import { FLOOR_DRAWS, FLOOR_SEED, floorOf, REFERENCE_SEED, TRUE_SAMPLES } from './floor.js';
import { rounded, takePictures } from './pictures.js';
import { type Entry, identityOf, isUniversalRow, measuredAs, reachable, SEARCHED_GRID } from './rows.js';
import { Students } from './students.js';
import type { Subject } from './subject.js';
import type { Suite } from './suites.js';
import { referenceInUnits, spreadInUnits } from './units.js';

/** True draws kept for the report's pictures. */
const TRUE_SHOWN = { 'points-2d': 800, image: 12, vector: 0 };
/** What the report draws where the run has it: one solver of each family at an NFE that all reach, and one higher. */
const SHOWN = ['euler', 'heun', 'dpm-solver-2', 'ipndm-3', 'dpmpp-2m', 'unipc-2'];
const SHOWN_NFE = [4, 8];
/** So many cells take about as long as one distillation of the quick suite. */
const DISTILLATION = 20;

export interface BenchmarkOptions {
  gpu: Gpu;
  subjects: readonly Subject[];
  suite: Suite;
  range: SigmaRange;
  /** Of the cells' plans, default 'auto'. */
  executor?: Executor;
  /**
   * Called before each cell, while one learns and at the end with how many are done, out of how many, where a
   * distillation counts as some cells.
   * @param note what is being distilled
   */
  onProgress?: (done: number, total: number, note?: string) => void;
  /** What the same run came to before it was stopped: that is not measured again. */
  before?: EarlierResults;
  /** Called when a problem is finished, with everything so far: a place to save it. */
  onProblem?: (measured: Measured) => Promise<void>;
  signal?: AbortSignal;
}

export interface Measured {
  problems: ProblemResult[];
  cells: Cell[];
  failures: Failure[];
  /** False when `signal` stopped it. */
  complete: boolean;
}

/** Runs a suite: for each problem and seed the exact flow, then every solver at every NFE it can make. */
export async function runBenchmark(options: BenchmarkOptions): Promise<Measured> {
  const { gpu, subjects, suite, onProgress, onProblem, signal } = options;
  const tasks = tasksOf(subjects, suite);
  const { cells, distillations } = amountOf(tasks, suite);
  const total = cells + DISTILLATION * distillations;
  let distilled = 0;
  let left = 0;
  const measured: Measured = { problems: [], cells: [], failures: [], complete: false };
  const finished = () =>
    measured.cells.length + measured.failures.length + left * suite.seeds.length + DISTILLATION * distilled;
  try {
    for (const task of tasks) {
      const { subject, work, leftOut } = await withinRange(options, task);
      left += task.work.length - work.length;
      const earlier = new Earlier(options.before, subject.name);
      const done = earlier.whole(work, suite.seeds);
      if (done) {
        measured.problems.push(done.problem);
        for (const outcome of done.outcomes) keep(measured, outcome);
        distilled += work.filter(isDistilled).length;
        continue;
      }
      const truth = subject.truth ?? (await standIn(options, subject));
      const students = new Students({
        gpu,
        field: subject.field,
        range: options.range,
        settings: suite.learning,
        bespoke: suite.bespoke,
        training: work.some(isDistilled),
        unit: subject.scaling?.scale ?? 1,
        onProgress(row, nfe, share) {
          const note = `distilling ${row.solver} for NFE ${nfe} on ${subject.name}`;
          onProgress?.(finished() + Math.floor(DISTILLATION * share), total, note);
        },
        signal,
      });
      for (const [i, seed] of suite.seeds.entries()) {
        const { context, exact, problem } = await prepare(options, subject, truth, seed, students);
        if (i === 0) {
          earlier.checkSame(problem);
          measured.problems.push({ ...problem, ...(leftOut && { leftOut }) });
        }
        const kept = measured.problems[measured.problems.length - 1];
        const diverged = new Set<Entry>();
        for (const entry of work) {
          signal?.throwIfAborted();
          onProgress?.(finished(), total);
          // What is learned is not in the results: it is learned again, and measured with the rest.
          const known = isTaught(entry) ? undefined : earlier.of(entry, seed);
          const outcome = known ?? (await outcomeOf(context, entry));
          keep(measured, outcome);
          if ('failure' in outcome) diverged.add(entry);
          if (i === 0 && isDistilled(entry)) distilled++;
          if (i === 0 && students.learning) kept.learning = students.learning;
        }
        if (i === 0) {
          const shown = shots(work).filter((entry) => !diverged.has(entry));
          kept.pictures = await takePictures(context, subject, exact, shown);
        }
      }
      await onProblem?.(measured);
    }
    onProgress?.(total, total);
    return { ...measured, complete: true };
  } catch (error) {
    if (signal?.aborted) return measured;
    throw error;
  }
}

function keep({ cells, failures }: Measured, outcome: Outcome): void {
  if ('cell' in outcome) cells.push(outcome.cell);
  else failures.push(outcome.failure);
}

/** Measures a cell; one whose trajectories break is an outcome too. */
async function outcomeOf(context: CellContext, { row, nfe }: Entry): Promise<Outcome> {
  try {
    return { cell: await measureCell(context, row, nfe) };
  } catch (error) {
    if (!(error instanceof FewstepError && error.code === 'not-finite')) throw error;
    const { problem, seed } = context;
    return { failure: { problem, ...measuredAs(row), nfe, seed, message: error.message } };
  }
}

/** How much a suite is on these subjects: cells, and solvers that are distilled before theirs are measured. */
export function amountOfWork(
  subjects: readonly Subject[],
  suite: Suite,
): { cells: number; distillations: number } {
  return amountOf(tasksOf(subjects, suite), suite);
}

function tasksOf(subjects: readonly Subject[], suite: Suite): Task[] {
  return subjects.map((subject) => taskOf(subject, reachable(suite), suite));
}

function amountOf(tasks: readonly Task[], { seeds }: Suite): { cells: number; distillations: number } {
  const work = tasks.flatMap((task) => task.work);
  return { cells: work.length * seeds.length, distillations: work.filter(isDistilled).length };
}

interface Task {
  subject: Subject;
  work: Entry[];
  leftOut?: ProblemResult['leftOut'];
}

/**
 * What of the work is done on a subject: nothing is distilled where a suite is to be quick and the subject is not, and
 * what is searched only to be compared with that is left out too.
 */
function taskOf(subject: Subject, work: Entry[], suite: Suite): Task {
  const reason = work.some(isDistilled) ? reasonNotToLearn(subject, suite) : undefined;
  if (reason === undefined) return { subject, work };
  const [lost, left] = [true, false].map((lost) => work.filter((entry) => isTaught(entry) === lost));
  const solvers = new Set(lost.map(({ row }) => identityOf(row).solver));
  return { subject, work: left, leftOut: [{ solvers: [...solvers], reason }] };
}

/** A task without universal tables for which the range has no room: that depends on the spread of the field's data. */
async function withinRange({ gpu, range, signal }: BenchmarkOptions, task: Task): Promise<Task> {
  const { subject, work, leftOut = [] } = task;
  const without = new Map<Entry, string>();
  for (const entry of work.filter(({ row }) => isUniversalRow(row))) {
    try {
      await chooseUniversal(gpu, subject.field, { nfe: entry.nfe, range, signal });
    } catch (error) {
      // What breaks the field breaks the cell as well, and is told there.
      if (error instanceof FewstepError && error.code === 'not-finite') continue;
      if (!(error instanceof FewstepError && error.code === 'bad-grid')) throw error;
      without.set(entry, error.message);
    }
  }
  if (without.size === 0) return task;
  const [[{ row }, reason]] = without;
  const counts = [...without.keys()].map(({ nfe }) => nfe);
  return {
    subject,
    work: work.filter((entry) => !without.has(entry)),
    leftOut: [...leftOut, { solvers: [`${identityOf(row).solver} at NFE ${counts.join(', ')}`], reason }],
  };
}

function reasonNotToLearn({ field }: Subject, { name, learnsUpTo = Infinity }: Suite): string | undefined {
  if (field.dim <= learnsUpTo) return undefined;
  return `the ${name} suite learns on states of up to ${learnsUpTo} numbers, to be quick; rows that are asked for by name, as in --solvers amed:r=learned, learn here too`;
}

/** Whether an entry needs the teacher: for its answers, or for the grid that they are drawn on. */
function isTaught({ row }: Entry): boolean {
  if (row.predictor || row.plan || isUniversalRow(row) || row.answers === undefined) return false;
  return row.answers !== 'random r' || row.grid === SEARCHED_GRID;
}

function isDistilled({ row }: Entry): boolean {
  return row.answers === 'learned' && !row.predictor;
}

async function prepare(
  { gpu, suite, range, executor, signal }: BenchmarkOptions,
  subject: Subject,
  truth: NonNullable<Subject['truth']>,
  seed: number,
  students: Students,
): Promise<{ context: CellContext; exact: ExactSolve; problem: ProblemResult }> {
  const { field, kind, imageShape, name, title, scaling } = subject;
  const { dim } = field;
  // Before any cell, whose timing is its own.
  const search = suite.rows.some((row) => parseGits(row.grid))
    ? await about(`grids of ${name}`, () => searchGits(gpu, field, range, signal))
    : undefined;
  const batch = batchOf(suite, kind);
  const exact = await about(`exact flow of ${name}`, () =>
    solveExactly(gpu, field, { batch, seed, nfe: suite.exactNfe, range, signal }),
  );
  const drawn = truth(TRUE_SAMPLES, REFERENCE_SEED);
  const unit = scaling?.scale ?? 1;
  const reference = referenceInUnits(distributionReference(drawn, dim), unit);
  const { endpoints, accuracy } = exact;
  const { timingMs } = suite;
  const context: CellContext = {
    ...{ gpu, field, range, students, executor },
    ...{ problem: name, batch, seed, endpoints, reference, unit, timingMs },
  };
  const problem: ProblemResult = {
    name,
    title,
    dim,
    kind,
    imageShape,
    scaling,
    batch,
    exact: {
      ...accuracy,
      halved: spreadInUnits(accuracy.halved, unit),
      ...(accuracy.float64 && { float64: spreadInUnits(accuracy.float64, unit) }),
    },
    ...(search && { search: search.cost }),
    standIn: subject.truth === undefined,
    floor: floorOf((i) => reference.compare(truth(batch, FLOOR_SEED + i))),
    exactDistances: reference.compare(endpoints),
    pictures: [],
    truth: rounded(drawn.subarray(0, TRUE_SHOWN[kind] * dim)),
  };
  return { context, exact, problem };
}

function batchOf({ batch, imageBatch }: Suite, kind: Subject['kind']): number {
  return kind === 'image' ? imageBatch : batch;
}

/** For a field whose data distribution cannot be drawn from: samples of the accurate solve itself. */
async function standIn(
  { gpu, suite, range, signal }: BenchmarkOptions,
  { name, field, kind }: Subject,
): Promise<NonNullable<Subject['truth']>> {
  const draw = async (batch: number, seed: number) => {
    const options = { batch, seed, nfe: suite.exactNfe, range, signal };
    return Float64Array.from(await about(`exact flow of ${name}`, () => exactEndpoints(gpu, field, options)));
  };
  const reference = await draw(TRUE_SAMPLES, REFERENCE_SEED);
  const batch = batchOf(suite, kind);
  const floor = await draw(FLOOR_DRAWS * batch, FLOOR_SEED);
  return (_, seed) =>
    seed === REFERENCE_SEED
      ? reference
      : floor.subarray((seed - FLOOR_SEED) * batch * field.dim, (seed - FLOOR_SEED + 1) * batch * field.dim);
}

/** Runs what a problem needs before its cells; its errors do not know what they are about, and come out with that. */
async function about<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FewstepError) || error.code !== 'not-finite') throw error;
    throw new FewstepError(error.code, `${what}: ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}

/**
 * The entries that the report draws: on the first grid and without AFS, the usual ones or the first there are; and
 * what was learned or came as a table or a generator.
 */
function shots(work: readonly Entry[]): Entry[] {
  const withoutAfs = work.filter(({ row }) => !row.afs);
  const plain = withoutAfs.filter(({ row }) => row.grid === work[0].row.grid && !row.answers);
  const solvers = usual(SHOWN, [...new Set(plain.map(({ row }) => row.solver))]);
  const nfe = usual(SHOWN_NFE, [...new Set(withoutAfs.map((entry) => entry.nfe))]);
  const wanted = ({ row }: Entry) =>
    row.answers
      ? ['learned', 'table', 'generator'].includes(row.answers)
      : plain.some((entry) => entry.row === row) && solvers.includes(row.solver);
  return withoutAfs.filter((entry) => nfe.includes(entry.nfe) && wanted(entry));
}

/** Those that are there, or else as many others. */
function usual<T>(wanted: readonly T[], there: readonly T[]): readonly T[] {
  const found = wanted.filter((each) => there.includes(each));
  return found.length > 0 ? found : there.slice(0, wanted.length);
}
