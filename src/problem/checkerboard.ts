import { random } from '../rng/random.js';
import { kernelDensity, mixtureProblem, type Problem } from './problem.js';

const SIDE = 4;
const HALF_WIDTH = 1.2;
const POINTS_PER_EDGE = 8;
const BANDWIDTH = 0.035;

/** The dark squares of a 4 x 4 board: flat density with sharp corners. */
export function checkerboard(): Problem {
  const source = random(20240102);
  const square = (2 * HALF_WIDTH) / SIDE;
  // Inset by the bandwidth, so that the kernels fill the squares without running together at the corners.
  const cell = (square - 2 * BANDWIDTH) / POINTS_PER_EDGE;
  const place = (index: number, step: number) =>
    -HALF_WIDTH + index * square + BANDWIDTH + (step + source.between(0.2, 0.8)) * cell;
  const points: number[] = [];
  for (let row = 0; row < SIDE; row++) {
    for (let column = row % 2; column < SIDE; column += 2) {
      for (let i = 0; i < POINTS_PER_EDGE; i++) {
        for (let j = 0; j < POINTS_PER_EDGE; j++) points.push(place(column, i), place(row, j));
      }
    }
  }
  return mixtureProblem('checkerboard', 'Checkerboard', kernelDensity(points, 2, BANDWIDTH));
}
