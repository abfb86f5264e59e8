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
 * How the answers of a network differ from trajectory to trajectory.
 * @param answers r, direction and time of each step, [3 steps, batch]
 */
export function answerSpread(answers: ArrayLike<number>, batch: number): StepAnswers[] {
  const spread = (row: number): Spread => {
    const values = Array.from({ length: batch }, (_, i) => answers[row * batch + i]);
    const mean = values.reduce((sum, value) => sum + value, 0) / batch;
    return { mean, p5: quantile(values, 0.05), p95: quantile(values, 0.95) };
  };
  return Array.from({ length: answers.length / (3 * batch) }, (_, n) => ({
    r: spread(3 * n),
    direction: spread(3 * n + 1),
    time: spread(3 * n + 2),
  }));
}
