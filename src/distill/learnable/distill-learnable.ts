import { either } from '../../abort.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import { type Budget, SEARCH_SHARE, sharedIterations } from '../budget.js';
import type { TeacherPool } from '../pool.js';
import { checkAffordable, LEARNABLE_CHOICES, leastOfLearnable } from '../request/needed-evaluations.js';
import { type Score, typicalError } from '../score.js';
import type { DistillSettings } from '../settings.js';
import { Spending } from '../spending.js';
import { trainCandidates, winnerOf } from '../training/candidates.js';
import { type FamilyRecord, type FamilyState, trainFamily } from '../training/family-training.js';
import { familyOn, type Learnable, type NamedTimes } from './learnable.js';
import {
  refinedStarts,
  refineStart,
  type Start,
  searchSize,
  searchStarts,
  startEvaluations,
} from './start.js';

export interface LearnableOptions {
  settings: Pick<DistillSettings, 'batch' | 'iterations' | 'seed'>;
  /** In place of `settings.iterations`: what search and training may take together, the teacher aside. */
  budget?: Budget;
  training: TeacherPool;
  validation: TeacherPool;
  onStart?: (start: Start, base: Score) => void;
  /** How many iterations there will be in all; told again where a budget has room for others. */
  onPlanned?: (iterations: number) => void;
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

/** The most iterations after which a grid is compared with others. */
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
  const { settings, budget, validation, training, onStart, onPlanned, onRecord, signal, finish } = options;
  const sizes = { batch: settings.batch, validation: validation.latents.length / validation.dim };
  if (budget) checkAffordable(budget, () => leastOfLearnable(student, sizes), LEARNABLE_CHOICES);
  const families = new Map<NamedTimes, PlanFamily>();
  const familyOf = (grid: NamedTimes) => {
    const family = families.get(grid) ?? familyOn(student, grid);
    families.set(grid, family);
    return family;
  };
  const spending = new Spending(budget, sizes);
  const sizeNow = (compared: boolean) => {
    const family = familyOf(student.grids[0]);
    const iterations = spending.left(family, 1 - SEARCH_SHARE) ?? settings.iterations;
    const most = refinedStarts(student, iterations);
    const room = spending.room(family, SEARCH_SHARE);
    return searchSize(student, { most, validation: sizes.validation, room, compared });
  };
  const planned = sizeNow(false);
  const searching = { training, validation, searched: planned.searched, signal: either(signal, finish) };
  const { base, starts } = await searchStarts(gpu, field, student, searching);

  const run = (
    grid: NamedTimes,
    state: FamilyState,
    iterations: number,
    reference: Score,
    onOwn?: (record: FamilyRecord) => void,
  ) =>
    trainFamily(gpu, field, familyOf(grid), state, {
      ...{ training, validation, signal, finish, iterations },
      batch: settings.batch,
      units: new Float64Array(state.parameters.length).fill(UNIT),
      seed: settings.seed,
      reference: typicalError(reference),
      onRecord: onOwn,
    });
  const [{ grid: probed, ...untrained }] = starts;
  await spending.probe((iterations) => run(probed, untrained, iterations, untrained.score));
  // What an evaluation takes is known only now.
  const size = budget?.unit === 'seconds' ? sizeNow(true) : planned;
  const refined: Start[] = [];
  for (const start of starts.slice(0, size.refined)) {
    refined.push(await refineStart(gpu, field, student, start, { ...searching, searched: size.searched }));
  }
  if (refined.length === 0) refined.push(starts[0]);
  if (budget?.unit === 'evaluations') spending.made(startEvaluations(student, { ...sizes, ...size }));
  const first = refined.reduce((a, b) => (b.score.score < a.score.score ? b : a));
  onStart?.(first, base);
  finish?.throwIfAborted();
  const search = spending.elapsed;

  let done = 0;
  const history: { grid: NamedTimes; record: FamilyRecord }[] = [];
  const train = async (grid: NamedTimes, state: FamilyState, iterations: number) => {
    const before = done;
    const begin = spending.elapsed;
    const after = await run(grid, state, iterations, first.score, (own) => {
      done = before + own.iteration;
      const record = { ...own, iteration: done };
      history.push({ grid, record });
      onRecord?.(record, grid);
    });
    spending.ran(familyOf(grid), done - before, begin);
    return after;
  };
  const candidates = refined.map(({ grid, parameters, score }) => ({
    candidate: grid,
    state: { parameters, score },
  }));
  const total = spending.left(familyOf(first.grid)) ?? settings.iterations;
  onPlanned?.(total);
  const shares = sharedIterations(total, candidates.length, TRIAL);
  const trained = await trainCandidates(candidates, shares, ({ candidate, state }, iterations) =>
    train(candidate, state, iterations),
  );
  const { candidate: grid, state } = winnerOf(trained);
  const left = spending.left(familyOf(grid)) ?? shares.table;
  if (done + left !== total) onPlanned?.(done + left);
  const best = await train(grid, state, left);
  return {
    grid,
    parameters: best.parameters,
    base,
    start: first.score,
    best: best.score,
    history: history.filter((entry) => entry.grid === grid).map(({ record }) => record),
    iterations: done,
    seconds: { search, training: spending.elapsed - search },
  };
}
