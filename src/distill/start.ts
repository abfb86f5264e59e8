import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { parseGrid, type SigmaRange } from '../grid/grid.js';
import { type AmedSolver, fixedAnswers } from '../solver/amed.js';
import { partOf, type TeacherPool } from './pool.js';
import { type Score, scoreOf } from './score.js';
import type { Student } from './table.js';

/** Where a training begins: the same r in all steps of a grid. */
export interface Start {
  grid: { name: string; times: number[] };
  r: number;
  /** On the validation trajectories. */
  score: Score;
}

/** Grids that a search for a start chooses among; the first is everybody's default. */
export const SEARCHED_GRIDS = [
  'polynomial:7',
  'polynomial:5',
  'polynomial:3',
  'polynomial:10',
  'logsnr',
  'time_uniform:1',
];

/** Their times, of those that span the range. */
export function searchedGrids(steps: number, range: SigmaRange): { name: string; times: number[] }[] {
  return SEARCHED_GRIDS.flatMap((name) => {
    try {
      return [{ name, times: parseGrid(name).times(steps, range) }];
    } catch (error) {
      // Not every range is one of VP times.
      if (name.startsWith('time_uniform') && error instanceof FewstepError) return [];
      throw error;
    }
  });
}

/** r that the search tries in all steps. */
const SEARCHED_R = [0.3, 0.4, 0.5, 0.6, 0.7];
/** r that a refined start may have in one step. */
const REFINED_R = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** Times that the refinement goes through all steps. */
const SWEEPS = 2;
/** Trajectories that candidates are compared on. */
const SEARCH_TRAJECTORIES = 192;

/**
 * Searches for a start over a student's grids and r. The search sees few trajectories, so that what it finds has to
 * be better than r = 1/2 on the first grid on the validation trajectories too.
 * @param base the score of that
 */
export async function searchStart(
  gpu: Gpu,
  field: Field,
  { solver, options, afs, grids }: Omit<Student, 'solver'> & { solver: Pick<AmedSolver, 'planWith'> },
  given: { training: TeacherPool; validation: TeacherPool; base: Score; signal?: AbortSignal },
): Promise<Start> {
  const { training, validation, base, signal } = given;
  const score = (times: number[], r: number, pool: TeacherPool) =>
    scoreOf(gpu, field, solver.planWith(times, fixedAnswers(times, r), { afs, options }), pool);
  const few = partOf(training, 0, Math.min(SEARCH_TRAJECTORIES, training.latents.length / training.dim));
  const untrained: Start = { grid: grids[0], r: 0.5, score: base };
  let found = { ...untrained, score: await score(grids[0].times, 0.5, few) };
  for (const grid of grids) {
    for (const r of SEARCHED_R) {
      signal?.throwIfAborted();
      const candidate = await score(grid.times, r, few);
      if (candidate.score < found.score.score) found = { grid, r, score: candidate };
    }
  }
  const validated = await score(found.grid.times, found.r, validation);
  return validated.score <= base.score ? { ...found, score: validated } : untrained;
}

/** A start whose steps have an r each. */
export interface RefinedStart {
  /** [steps]. */
  r: number[];
  /** On the validation trajectories. */
  score: Score;
}

/**
 * Goes through the steps of a start and gives each the r that does best with those of the others: where few steps are to
 * do much, training from one r for all of them ends in whatever minimum is near. With it and a learning rate of 0.15 (0.05
 * before) the AMED-Solver's tables became 1.6 times better by mean on the 64-D mixture and 1.4 times on ring (geometric
 * means over NFE 3 to 9, one seed); plugins hardly care. Kept only where it validates better.
 */
export async function refineStart(
  gpu: Gpu,
  field: Field,
  { solver, options, afs }: Omit<Student, 'grids'>,
  start: Start,
  given: { training: TeacherPool; validation: TeacherPool; signal?: AbortSignal },
): Promise<RefinedStart> {
  const { training, validation, signal } = given;
  const { times } = start.grid;
  const score = (r: readonly number[], pool: TeacherPool) => {
    const answers = r.map((each) => ({ r: each, direction: 1, time: 1 }));
    return scoreOf(gpu, field, solver.planWith(times, answers, { afs, options }), pool);
  };
  const few = partOf(training, 0, Math.min(SEARCH_TRAJECTORIES, training.latents.length / training.dim));
  const unrefined = { r: times.slice(1).map(() => start.r), score: start.score };
  let found = { r: unrefined.r, score: await score(unrefined.r, few) };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const step of unrefined.r.keys()) {
      for (const r of REFINED_R) {
        signal?.throwIfAborted();
        const candidate = found.r.with(step, r);
        const its = await score(candidate, few);
        if (its.score < found.score.score) found = { r: candidate, score: its };
      }
    }
  }
  const validated = await score(found.r, validation);
  return validated.score < start.score.score ? { r: found.r, score: validated } : unrefined;
}
