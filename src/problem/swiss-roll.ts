import { random } from '../rng/random.js';
import { kernelDensity, mixtureProblem, type Problem } from './problem.js';

const POINTS = 500;
const FIRST_ANGLE = 1.5 * Math.PI;
const LAST_ANGLE = 4.5 * Math.PI;
const OUTER_RADIUS = 1.4;
const NOISE = 0.02;
const BANDWIDTH = 0.025;

/** A spiral of one and a half turns, even in arc length: a thin one-dimensional manifold. */
export function swissRoll(): Problem {
  const source = random(20240103);
  const scale = OUTER_RADIUS / LAST_ANGLE;
  const points: number[] = [];
  for (let i = 0; i < POINTS; i++) {
    const fraction = (i + 0.5) / POINTS;
    // The length of a spiral r = c t grows as t^2, nearly.
    const angle = Math.sqrt(FIRST_ANGLE ** 2 + fraction * (LAST_ANGLE ** 2 - FIRST_ANGLE ** 2));
    points.push(
      scale * angle * Math.cos(angle) + NOISE * source.normal(),
      scale * angle * Math.sin(angle) + NOISE * source.normal(),
    );
  }
  return mixtureProblem('swiss-roll', 'Swiss roll', kernelDensity(points, 2, BANDWIDTH));
}
