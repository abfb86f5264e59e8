import type { DataFigures } from '../predictor/network-predictor.js';
import type { TeacherPool } from './pool.js';

/**
 * Mean [dim] and standard deviation of the teacher's end points: one for all numbers, each from its own dimension's
 * mean, and at least 1e-6.
 */
export function dataFigures({ dim, states }: TeacherPool): DataFigures {
  const ends = states[states.length - 1];
  const count = ends.length / dim;
  const mean = new Float64Array(dim);
  for (let i = 0; i < ends.length; i++) mean[i % dim] += ends[i] / count;
  let squares = 0;
  for (let i = 0; i < ends.length; i++) squares += (ends[i] - mean[i % dim]) ** 2;
  return { mean: Float32Array.from(mean), std: Math.max(Math.sqrt(squares / ends.length), 1e-6) };
}
