import { either } from '../abort.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { sharedIterations } from './budget.js';
import { trainCandidates, winnerOf } from './candidates.js';
import { type FamilyRecord, type FamilyState, trainFamily } from './family-training.js';
import { familyOn, type Learnable, type NamedTimes } from './learnable.js';
import type { TeacherPool } from './pool.js';
import { type Score, typicalError } from './score.js';
import type { DistillSettings } from './settings.js';
import { refineStart, type Start, searchStarts } from './start.js';

export interface LearnableOptions {
  settings: Pick<DistillSettings, 'batch' | 'iterations' | 'seed'>;
  training: TeacherPool;
  validation: TeacherPool;
  onStart?: (start: Start, base: Score) => void;
  /** Numbered from 1 over all grids that are tried. */
  onRecord?: (record: FamilyRecord, grid: NamedTimes) => void;
  signal?: AbortSignal;
  /**
   * Ends the training early: the best of what was learned until then is the result. During the search for a start it
   * rejects, as `signal` does.
   */
  finish?: AbortSignal;
}

/** What was learned for all trajectories, on the grid that it came farthest on. */
export interface DistilledLearnable {
  grid: NamedTimes;
  /** As the student reads them: logits. */
  parameters: Float64Array;
  /** On the validation trajectories: untrained on the first grid, the best start of all, and what it led to. */
  base: Score;
  start: Score;
  best: Score;
  /** Of the grid chosen. */
  history: FamilyRecord[];
  /** Of all grids together. */
  iterations: number;
  /** Wall time. */
  seconds: { search: number; training: number };
}

/** A grid is tried for every so many iterations. */
const ITERATIONS_PER_GRID = 40;
/** The most iterations after which it is compared with others. */
const TRIAL = 12;
/** How far one parameter may go in a step of Gauss-Newton: they are logits, which far from 0 change little. */
const UNIT = 4;

/**
 * The robust recipe for parameters that all trajectories share: a start from a search over grids and over r of each step,
 * a short training on the best grids, a longer one on those that come farthest, and the rest on the one that does. Of all
 * states validated, those before the training included, the best.
 */
export async function distillLearnable(
  gpu: Gpu,
  field: Field,
  student: Learnable,
  options: LearnableOptions,
): Promise<DistilledLearnable> {
  const { settings, validation, training, onStart, onRecord, signal, finish } = options;
  const given = { training, validation, signal };
  const searching = { training, validation, signal: either(signal, finish) };
  let begin = performance.now();
  const { base, starts } = await searchStarts(gpu, field, student, searching);
  const refined: Start[] = [];
  for (const start of starts.slice(0, Math.max(1, Math.floor(settings.iterations / ITERATIONS_PER_GRID)))) {
    refined.push(await refineStart(gpu, field, student, start, searching));
  }
  const first = refined.reduce((a, b) => (b.score.score < a.score.score ? b : a));
  onStart?.(first, base);
  finish?.throwIfAborted();
  const search = (performance.now() - begin) / 1000;

  begin = performance.now();
  let done = 0;
  const history: { grid: NamedTimes; record: FamilyRecord }[] = [];
  const train = async (grid: NamedTimes, state: FamilyState, iterations: number) => {
    const before = done;
    return trainFamily(gpu, field, familyOn(student, grid), state, {
      ...given,
      finish,
      batch: settings.batch,
      iterations,
      units: new Float64Array(state.parameters.length).fill(UNIT),
      seed: settings.seed,
      reference: typicalError(first.score),
      onRecord(own) {
        done = before + own.iteration;
        const record = { ...own, iteration: done };
        history.push({ grid, record });
        onRecord?.(record, grid);
      },
    });
  };
  const candidates = refined.map(({ grid, parameters, score }) => ({
    candidate: grid,
    state: { parameters, score },
  }));
  const shares = sharedIterations(settings.iterations, candidates.length, TRIAL);
  const trained = await trainCandidates(candidates, shares, ({ candidate, state }, iterations) =>
    train(candidate, state, iterations),
  );
  const { candidate: grid, state } = winnerOf(trained);
  const best = await train(grid, state, shares.table);
  return {
    grid,
    parameters: best.parameters,
    base,
    start: first.score,
    best: best.score,
    history: history.filter((entry) => entry.grid === grid).map(({ record }) => record),
    iterations: done,
    seconds: { search, training: (performance.now() - begin) / 1000 },
  };
}
