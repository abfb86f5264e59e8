import { random } from '../rng/random.js';
import { kernelDensity, mixtureProblem, type Problem } from './problem.js';

const POINTS_PER_MOON = 250;
const NOISE = 0.04;
const BANDWIDTH = 0.02;

/** Two interleaved half circles, as in scikit-learn's `make_moons`, moved to have its centre at the origin. */
export function twoMoons(): Problem {
  const source = random(20240101);
  const points: number[] = [];
  for (let i = 0; i < POINTS_PER_MOON; i++) {
    const angle = (Math.PI * (i + 0.5)) / POINTS_PER_MOON;
    for (const side of [1, -1]) {
      points.push(
        side * (Math.cos(angle) - 0.5) + NOISE * source.normal(),
        side * (Math.sin(angle) - 0.25) + NOISE * source.normal(),
      );
    }
  }
  return mixtureProblem('two-moons', 'Two moons', kernelDensity(points, 2, BANDWIDTH));
}
