import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { type SigmaRange, timesIfAny } from '../../grid/grid.js';
import { nfeOf } from '../../solver/plan.js';
import { FEWEST_SEARCHED, searchTrajectories } from '../budget.js';
import { SEARCH_TRAJECTORIES, searchPart, type TeacherPool } from '../pool.js';
import { leastOf, type Score } from '../score.js';
import { scoreVariants } from '../training/variants.js';
import { familyOn, type Learnable, type NamedTimes } from './learnable.js';

interface Choice {
  /** Of each step, where the student has one. */
  r?: number[];
  parameters: Float64Array;
}

/** Where a training may begin. */
export interface Start extends Choice {
  grid: NamedTimes;
  /** On the validation trajectories. */
  score: Score;
}

/** Grids that a search for a bespoke solver's start chooses among; the first is everybody's default. */
export const BESPOKE_GRIDS = [
  'polynomial:7',
  'polynomial:5',
  'polynomial:3',
  'polynomial:10',
  'logsnr',
  'time_uniform:1',
];

/**
 * Those of a search for the start of answers and times. With the two rules of VP times AMED's tables end 0.75 / 0.67 times
 * as far off by mean / median (45 of five solvers on ring, pinwheel and mixture-64, NFE 3, 5 and 7, one seed), learned grids
 * 0.94 / 1.00 times; bespoke solvers, which find such times by themselves, 1.1 times (20 on five fields). With that of flows
 * tables then end 0.93 / 0.96 times as far off on mixture-64 (15), and the same on ring and pinwheel.
 */
export const SEARCHED_GRIDS = [...BESPOKE_GRIDS, 'time_uniform:2', 'time_uniform:3', 'process_time:flow'];

/** The times of grids, of those that span the range. */
export function searchedGrids(
  steps: number,
  range: SigmaRange,
  names: readonly string[] = SEARCHED_GRIDS,
): NamedTimes[] {
  return names.flatMap((name) => {
    const times = timesIfAny(name, steps, range);
    return times ? [{ name, times }] : [];
  });
}

/** r that the search tries in all steps. */
const SEARCHED_R = [0.3, 0.4, 0.5, 0.6, 0.7];
/** r that a refined start may have in one step. */
const REFINED_R = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** Times that the refinement goes through all steps. */
const SWEEPS = 2;

/** A start is refined and trained for every so many iterations. */
const ITERATIONS_PER_START = 40;

/** How many of the starts are refined and trained, where there will be so many iterations and nothing else matters. */
export function refinedStarts({ grids }: Learnable, iterations: number): number {
  return Math.min(grids.length, Math.max(1, Math.floor(iterations / ITERATIONS_PER_START)));
}

/**
 * How large a search is that takes no more than it may: of fewer trajectories, if need be with fewer starts refined, or
 * none.
 * @param most starts to refine
 * @param room evaluations that it may make; undefined for as many as it takes
 * @param compared whether the grids were compared already, so that only refining takes something
 */
export function searchSize(
  student: Learnable,
  {
    most,
    validation,
    room,
    compared = false,
  }: { most: number; validation: number; room: number | undefined; compared?: boolean },
): { searched: number; refined: number } {
  const cost = (searched: number, refined: number) => {
    const all = startEvaluations(student, { searched, validation, refined });
    return compared ? all - startEvaluations(student, { searched, validation, refined: 0 }) : all;
  };
  let refined = most;
  while (refined > 0 && room !== undefined && cost(FEWEST_SEARCHED, refined) > room) refined--;
  const searched = searchTrajectories((count) => cost(count, refined), room, SEARCH_TRAJECTORIES);
  return { searched, refined };
}

interface Given {
  training: TeacherPool;
  validation: TeacherPool;
  /** Trajectories that candidates are compared on; by default as many as suffice. */
  searched?: number;
  signal?: AbortSignal;
}

/**
 * Evaluations of the field that a search makes where nothing diverges.
 * @param size trajectories of the search, those to validate with, and how many starts are refined
 */
export function startEvaluations(
  student: Learnable,
  { searched, validation, refined }: { searched: number; validation: number; refined: number },
): number {
  const [grid] = student.grids;
  const tried = student.withR ? SEARCHED_R.length : 1;
  const each = SWEEPS * (grid.times.length - 1) * (1 + REFINED_R.length) * searched + validation;
  const { length } = student.grids;
  const compared = length * tried * searched + (length + 1) * validation;
  return nfeOf(familyOn(student, grid).plan) * (compared + (student.withR ? refined * each : 0));
}

/**
 * How a student begins on each of its grids, the best first: with the r that all steps do best with where it has one, else
 * untrained. The search sees few trajectories: on the first grid what it finds has to be better than the untrained base
 * on the validation trajectories too.
 */
export async function searchStarts(
  gpu: Gpu,
  field: Field,
  student: Learnable,
  { training, validation, searched, signal }: Given,
): Promise<{ base: Score; starts: Start[] }> {
  const few = searchPart(training, searched);
  const starts: Start[] = [];
  let base: Score | undefined;
  for (const grid of student.grids) {
    signal?.throwIfAborted();
    const family = familyOn(student, grid);
    const steps = grid.times.length - 1;
    const score = (all: Choice[], pool: TeacherPool) =>
      scoreVariants(gpu, field, family, all.map(parametersIn), pool);
    const evenly = (r: number): Choice => choiceOf(student, new Array<number>(steps).fill(r));
    const untrained = evenly(0.5);
    const tried = student.withR ? SEARCHED_R.map(evenly) : [untrained];
    const found = leastOf(tried, await score(tried, few));
    const chosen = base ? [found] : [found, untrained];
    const scores = await score(chosen, validation);
    base ??= scores[1];
    const best = leastOf(chosen, scores);
    starts.push({ grid, ...best, score: scores[chosen.indexOf(best)] });
  }
  return { base: base!, starts: starts.sort((a, b) => a.score.score - b.score.score) };
}

/**
 * Goes through the steps of a start and gives each the r that does best with those of the others: where few steps are to
 * do much, training from one r for all of them ends in whatever minimum is near. Kept only where it validates better.
 */
export async function refineStart(
  gpu: Gpu,
  field: Field,
  student: Learnable,
  start: Start,
  { training, validation, searched, signal }: Given,
): Promise<Start> {
  if (!start.r) return start;
  let choice: Choice = start;
  const family = familyOn(student, start.grid);
  const few = searchPart(training, searched);
  const score = (all: Choice[], pool: TeacherPool) =>
    scoreVariants(gpu, field, family, all.map(parametersIn), pool);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const step of start.r.keys()) {
      signal?.throwIfAborted();
      const r = choice.r!;
      const tried = [choice, ...REFINED_R.map((each) => choiceOf(student, r.with(step, each)))];
      choice = leastOf(tried, await score(tried, few));
    }
  }
  const [refined] = await score([choice], validation);
  return refined.score < start.score.score ? { ...start, ...choice, score: refined } : start;
}

function choiceOf(student: Learnable, r: number[]): Choice {
  return student.withR ? { r, parameters: student.withR(r) } : { parameters: student.untrained(r.length) };
}

function parametersIn({ parameters }: Choice): Float64Array {
  return parameters;
}
