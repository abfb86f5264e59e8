import { FewstepError } from '../src/errors.js';
import type { Gpu } from '../src/gpu/gpu.js';
import type { SigmaRange } from '../src/grid/grid.js';
import { distributionReference } from '../src/metrics/distribution-reference.js';
import { median } from '../src/metrics/quantile.js';
import type { Cell, Distances, Failure, ProblemResult } from '../src/report/results.js';
import { parseGits, searchGits } from '../src/search/gits.js';
import { parseSolver, stepsForNfe } from '../src/solver/registry.js';
import { type CellContext, measureCell } from './cell.js';
import { type ExactSolve, exactEndpoints, solveExactly } from './exact.js';
import { rounded, takePictures } from './pictures.js';
import type { Subject } from './subject.js';
import type { Row, Suite } from './suites.js';
import { referenceInUnits, spreadInUnits } from './units.js';

/** True draws that distributions are compared with. */
const TRUE_SAMPLES = 4096;
/** True draws kept for the report's pictures. */
const TRUE_SHOWN = { 'points-2d': 800, image: 12, vector: 0 };
/** Seeds of the true draws, away from those of latents. */
const [REFERENCE_SEED, FLOOR_SEED] = [10_001, 20_001];
const FLOOR_DRAWS = 8;
/** What the report draws where the run has it: one solver of each family at an NFE that all reach, and one higher. */
const SHOWN = ['euler', 'heun', 'dpm-solver-2', 'ipndm-3', 'dpmpp-2m', 'unipc-2'];
const SHOWN_NFE = [4, 8];

export interface BenchmarkOptions {
  gpu: Gpu;
  subjects: readonly Subject[];
  suite: Suite;
  range: SigmaRange;
  /** Called before each cell and at the end with how many are done, out of how many. */
  onProgress?: (done: number, total: number) => void;
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

/** A row of the table at one NFE. */
interface Entry {
  row: Row;
  nfe: number;
}

/**
 * The row and NFE pairs that exist: a solver reaches some numbers of evaluations and not others.
 *
 * @throws FewstepError for an unknown solver or option, `unreachable-nfe` where there is no pair at all
 */
export function reachable({ rows, nfe }: Pick<Suite, 'rows' | 'nfe'>): Entry[] {
  const pairs = rows.flatMap((row) =>
    nfe.filter((count) => reaches(row, count)).map((count) => ({ row, nfe: count })),
  );
  if (pairs.length > 0) return pairs;
  throw new FewstepError(
    'unreachable-nfe',
    `none of the solvers makes exactly ${nfe.join(' or ')} evaluations`,
    'add an NFE or a solver; two-stage solvers make even numbers, odd ones with AFS',
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
  const work = reachable(suite);
  const total = subjects.length * suite.seeds.length * work.length;
  const measured: Measured = { problems: [], cells: [], failures: [], complete: false };
  const finished = () => measured.cells.length + measured.failures.length;
  try {
    for (const subject of subjects) {
      const truth = subject.truth ?? (await standIn(options, subject));
      for (const [i, seed] of suite.seeds.entries()) {
        const { context, exact, problem } = await prepare(options, subject, truth, seed);
        if (i === 0) measured.problems.push(problem);
        const diverged = new Set<Entry>();
        for (const entry of work) {
          signal?.throwIfAborted();
          onProgress?.(finished(), total);
          const { row, nfe } = entry;
          try {
            measured.cells.push(await measureCell(context, row, nfe));
          } catch (error) {
            if (!(error instanceof FewstepError && error.code === 'not-finite')) throw error;
            measured.failures.push({ problem: subject.name, ...row, nfe, seed, message: error.message });
            diverged.add(entry);
          }
        }
        if (i === 0) {
          const shown = shots(work).filter((entry) => !diverged.has(entry));
          problem.pictures = await takePictures(context, subject, exact, shown);
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

async function prepare(
  { gpu, suite, range, signal }: BenchmarkOptions,
  subject: Subject,
  truth: NonNullable<Subject['truth']>,
  seed: number,
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
  const context = { gpu, problem: name, field, range, batch, seed, endpoints, reference, unit, timingMs };
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

/** Medians over a few true draws, since one of a few hundred samples may be off by half. */
function floorOf(draw: (i: number) => Distances): Distances {
  const draws = Array.from({ length: FLOOR_DRAWS }, (_, i) => draw(i));
  return {
    slicedWasserstein: median(draws.map((each) => each.slicedWasserstein)),
    energy: median(draws.map((each) => each.energy)),
    frechet: median(draws.map((each) => each.frechet)),
  };
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

/** The entries that the report draws: on the first grid and without AFS, the usual ones or the first there are. */
function shots(work: readonly Entry[]): Entry[] {
  const plain = work.filter(({ row }) => row.grid === work[0].row.grid && !row.afs);
  const solvers = usual(SHOWN, [...new Set(plain.map(({ row }) => row.solver))]);
  const nfe = usual(SHOWN_NFE, [...new Set(plain.map((entry) => entry.nfe))]);
  return plain.filter((entry) => solvers.includes(entry.row.solver) && nfe.includes(entry.nfe));
}

/** Those that are there, or else as many others. */
function usual<T>(wanted: readonly T[], there: readonly T[]): readonly T[] {
  const found = wanted.filter((each) => there.includes(each));
  return found.length > 0 ? found : there.slice(0, wanted.length);
}
