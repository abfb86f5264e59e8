import { quantile } from './quantile.js';

/** One of the answers for a step over the trajectories: the mean, and the 5th and the 95th of 100. */
export interface Spread {
  mean: number;
  p5: number;
  p95: number;
}

/** What AMED solvers were answered for one step. */
export interface StepAnswers {
  r: Spread;
  direction: Spread;
  time: Spread;
}

/**
 * How numbers that a network gives differ from trajectory to trajectory.
 * @param answers [numbers, batch]
 */
export function spreads(answers: ArrayLike<number>, batch: number): Spread[] {
  return Array.from({ length: answers.length / batch }, (_, row) => {
    const values = Array.from({ length: batch }, (_, i) => answers[row * batch + i]);
    const mean = values.reduce((sum, value) => sum + value, 0) / batch;
    return { mean, p5: quantile(values, 0.05), p95: quantile(values, 0.95) };
  });
}

/**
 * How the answers of AMED's network differ.
 * @param answers r, direction and time of each step, [3 steps, batch]
 */
export function answerSpread(answers: ArrayLike<number>, batch: number): StepAnswers[] {
  const all = spreads(answers, batch);
  return Array.from({ length: all.length / 3 }, (_, n) => {
    const [r, direction, time] = all.slice(3 * n);
    return { r, direction, time };
  });
}
