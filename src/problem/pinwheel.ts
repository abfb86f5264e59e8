import { random } from '../rng/random.js';
import { kernelDensity, mixtureProblem, type Problem } from './problem.js';

const ARMS = 5;
const POINTS_PER_ARM = 100;
const RADIAL_STD = 0.25;
const TANGENTIAL_STD = 0.08;
const TWIST = 0.25;
const BANDWIDTH = 0.05;

/**
 * Five stretched Gaussians on a circle, twisted the more the farther out (Johnson et al., Composing graphical
 * models with neural networks, 2016): curved modes of uneven density.
 */
export function pinwheel(): Problem {
  const source = random(20240104);
  const points: number[] = [];
  for (let arm = 0; arm < ARMS; arm++) {
    for (let i = 0; i < POINTS_PER_ARM; i++) {
      const radial = 1 + RADIAL_STD * source.normal();
      const tangential = TANGENTIAL_STD * source.normal();
      const angle = (2 * Math.PI * arm) / ARMS + TWIST * Math.exp(radial);
      points.push(
        radial * Math.cos(angle) - tangential * Math.sin(angle),
        radial * Math.sin(angle) + tangential * Math.cos(angle),
      );
    }
  }
  return mixtureProblem('pinwheel', 'Pinwheel', kernelDensity(points, 2, BANDWIDTH));
}
