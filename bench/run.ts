import { FewstepError } from '../src/errors.js';
import type { Gpu } from '../src/gpu/gpu.js';
import type { SigmaRange } from '../src/grid/grid.js';
import { distributionReference } from '../src/metrics/distribution-reference.js';
import type { Cell, Failure, ProblemResult } from '../src/report/results.js';
import { parseSolver, stepsForNfe } from '../src/solver/registry.js';
import { type CellContext, measureCell } from './cell.js';
import { type ExactSolve, solveExactly } from './exact.js';
import { rounded, takePictures } from './pictures.js';
import type { Subject } from './subject.js';
import type { Row, Suite } from './suites.js';

/** True draws that distributions are compared with. */
const TRUE_SAMPLES = 4096;
/** True draws kept for the report's pictures. */
const TRUE_SHOWN = { 'points-2d': 800, image: 12, vector: 0 };
/** Seeds of the true draws, away from those of latents. */
const [REFERENCE_SEED, FLOOR_SEED] = [10_001, 10_002];
/** What the report draws: one solver of each family at an NFE that all of them reach, and one higher. */
const SHOWN = ['euler', 'heun', 'dpm-solver-2', 'ipndm-3', 'dpmpp-2m', 'unipc-2'];
const SHOWN_NFE = [4, 8];

export interface BenchmarkOptions {
  gpu: Gpu;
  subjects: readonly Subject[];
  suite: Suite;
  range: SigmaRange;
  /** Called before each cell with how many are done, out of how many, and what comes next. */
  onProgress?: (done: number, total: number, next: string) => void;
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

/** The row and NFE pairs that exist: a solver reaches some numbers of evaluations and not others. */
export function reachable(rows: readonly Row[], nfe: readonly number[]): { row: Row; nfe: number }[] {
  return rows.flatMap((row) =>
    nfe.filter((count) => reaches(row, count)).map((count) => ({ row, nfe: count })),
  );
}

function reaches({ solver: text, afs }: Row, nfe: number): boolean {
  const { solver, options } = parseSolver(text);
  try {
    stepsForNfe(solver, nfe, { afs, options });
    return true;
  } catch (error) {
    if (error instanceof FewstepError && error.code === 'unreachable-nfe') return false;
    throw error;
  }
}

/** Runs a suite: for each problem and seed the exact flow, then every solver at every NFE it can make. */
export async function runBenchmark(options: BenchmarkOptions): Promise<Measured> {
  const { subjects, suite, onProgress, onProblem, signal } = options;
  const work = reachable(suite.rows, suite.nfe);
  if (work.length === 0) {
    throw new FewstepError(
      'unreachable-nfe',
      `none of the solvers makes exactly ${suite.nfe.join(', ')} evaluations`,
      'add an NFE or a solver; two-stage solvers make even numbers, odd ones with AFS',
    );
  }
  const total = subjects.length * suite.seeds.length * work.length;
  const measured: Measured = { problems: [], cells: [], failures: [], complete: false };
  let done = 0;
  try {
    for (const subject of subjects) {
      for (const [i, seed] of suite.seeds.entries()) {
        onProgress?.(done, total, `${subject.name}: exact flow`);
        const { context, exact, problem } = await prepare(options, subject, seed);
        if (i === 0) measured.problems.push(problem);
        for (const { row, nfe } of work) {
          signal?.throwIfAborted();
          onProgress?.(done, total, `${subject.name}: ${row.solver} at NFE ${nfe}`);
          try {
            measured.cells.push(await measureCell(context, row, nfe));
          } catch (error) {
            if (!(error instanceof FewstepError && error.code === 'not-finite')) throw error;
            measured.failures.push({ problem: subject.name, ...row, nfe, seed, message: error.message });
          }
          done++;
        }
        if (i === 0) problem.pictures = await takePictures(context, subject, exact, shots(suite, work));
      }
      await onProblem?.(measured);
    }
    onProgress?.(total, total, 'done');
    return { ...measured, complete: true };
  } catch (error) {
    if (signal?.aborted) return measured;
    throw error;
  }
}

async function prepare(
  { gpu, suite, range, signal }: BenchmarkOptions,
  subject: Subject,
  seed: number,
): Promise<{ context: CellContext; exact: ExactSolve; problem: ProblemResult }> {
  const { field, kind, imageShape, name, title } = subject;
  const { dim } = field;
  const batch = kind === 'image' ? Math.ceil(suite.batch / 4) : suite.batch;
  const exact = await solveExactly(gpu, field, { batch, seed, nfe: suite.exactNfe, range, signal });
  const truth = subject.truth ?? (await standIn(gpu, suite, range, subject));
  const drawn = truth(TRUE_SAMPLES, REFERENCE_SEED);
  const reference = distributionReference(drawn, dim);
  const context: CellContext = {
    gpu,
    problem: name,
    field,
    range,
    batch,
    seed,
    endpoints: exact.endpoints,
    reference,
    timingMs: suite.timingMs,
  };
  const problem: ProblemResult = {
    name,
    title,
    dim,
    kind,
    imageShape,
    batch,
    exact: exact.accuracy,
    floor: reference.compare(truth(batch, FLOOR_SEED)),
    exactDistances: reference.compare(exact.endpoints),
    pictures: [],
    truth: rounded(drawn.subarray(0, TRUE_SHOWN[kind] * dim)),
  };
  return { context, exact, problem };
}

/** For a field whose data distribution cannot be drawn from: samples of the accurate solve itself. */
async function standIn(
  gpu: Gpu,
  suite: Suite,
  range: SigmaRange,
  { field }: Subject,
): Promise<NonNullable<Subject['truth']>> {
  const samples = new Map<number, Float64Array>();
  for (const [seed, batch] of [
    [REFERENCE_SEED, TRUE_SAMPLES],
    [FLOOR_SEED, suite.batch],
  ]) {
    const { endpoints } = await solveExactly(gpu, field, { batch, seed, nfe: suite.exactNfe, range });
    samples.set(seed, Float64Array.from(endpoints));
  }
  return (count, seed) => samples.get(seed)!.subarray(0, count * field.dim);
}

/** The rows and NFE that the report draws. */
function shots(suite: Suite, work: readonly { row: Row; nfe: number }[]): { row: Row; nfe: number }[] {
  const grid = suite.rows[0].grid;
  return work.filter(
    ({ row, nfe }) => SHOWN.includes(row.solver) && row.grid === grid && !row.afs && SHOWN_NFE.includes(nfe),
  );
}
