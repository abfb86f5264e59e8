import { FewstepError } from '../errors.js';
import { checkTimes } from '../grid/grid.js';
import { middleOf } from './amed.js';
import { PlanBuilder } from './builder.js';
import type { Plan } from './plan.js';

/** One of the directions that a step is made of. */
export interface Direction {
  /** Where in the step to look: tau = t_n^r t_c^(1 - r), r in (0, 1). */
  r: number;
  /** Its share of the step. Those of a step are positive and sum to 1. */
  weight: number;
  /** Scale of the direction. */
  direction: number;
  /** Scale of the time that the field is told at tau. */
  time: number;
}

/** Rounding that the sum of a step's weights may show. */
const ROUNDING = 1e-9;

/**
 * EPD-Solver (ensemble parallel directions, arXiv 2507.14797): from d_c = d(x, t_c), x is predicted by Euler at
 * several times tau_k within the step, the directions d_k there are independent of each other, and
 * x' = x + h sum_k lambda_k c_k d_k. The paper counts evaluations that could be made in parallel as one; a plan counts
 * each: 1 + P a step, one fewer with AFS. With P = 1 it is the AMED-Solver.
 *
 * @param steps the directions of each step of the grid, as many in each
 * @throws FewstepError bad-argument for directions that are not such, bad-grid
 */
export function epdPlan(
  times: readonly number[],
  steps: readonly (readonly Direction[])[],
  { afs = false } = {},
): Plan {
  checkTimes(times);
  checkDirections(times, steps);
  const b = new PlanBuilder(times, afs, true);
  let x = b.start;
  for (const [i, directions] of steps.entries()) {
    const [current, next] = [times[i], times[i + 1]];
    const first = b.velocity(x, current);
    const terms = directions.map(({ r, weight, direction, time }) => {
      const tau = middleOf(current, next, r);
      const predicted = b.eulerAt(x, first, { start: current, at: tau });
      return [direction * weight * (next - current), b.velocity(predicted, time * tau, tau)] as const;
    });
    x = b.reach(b.combine([1, x], ...terms));
  }
  return b.finish(`epd:directions=${steps[0].length}`);
}

/**
 * How steps of P directions make exactly `nfe` evaluations, with or without AFS; undefined where they do not.
 * Never both: AFS saves one evaluation, and a step makes at least two.
 */
export function epdSteps(directions: number, nfe: number): { steps: number; afs: boolean } | undefined {
  for (const afs of [false, true]) {
    const steps = (nfe + (afs ? 1 : 0)) / (1 + directions);
    if (Number.isInteger(steps) && steps >= 1) return { steps, afs };
  }
  return undefined;
}

function checkDirections(times: readonly number[], steps: readonly (readonly Direction[])[]): void {
  const bad = (what: string) =>
    new FewstepError(
      'bad-argument',
      `epd: ${what}`,
      'give as many directions in each step, with r in (0, 1), positive weights that sum to 1 and positive times',
    );
  if (steps.length !== times.length - 1) throw bad(`${steps.length} answers for ${times.length - 1} steps`);
  for (const [i, directions] of steps.entries()) {
    if (directions.length !== steps[0].length || directions.length === 0) {
      throw bad(`${directions.length} directions in step ${i + 1}, ${steps[0].length} in the first`);
    }
    const total = directions.reduce((sum, { weight }) => sum + weight, 0);
    if (!(Math.abs(total - 1) < ROUNDING)) throw bad(`the weights of step ${i + 1} sum to ${total}`);
    for (const { r, weight, direction, time } of directions) {
      const holds = r > 0 && r < 1 && weight > 0 && Number.isFinite(direction) && time > 0 && time < Infinity;
      if (!holds) {
        throw bad(`in step ${i + 1} r is ${r}, weight ${weight}, direction ${direction}, time ${time}`);
      }
    }
  }
}
