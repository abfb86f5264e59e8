import { kernelDensity, mixtureProblem, type Problem } from './problem.js';

const MODES = 8;
const STD = 0.08;

/** Eight equal Gaussians on the unit circle: well separated modes. */
export function ring(): Problem {
  const centres: number[] = [];
  for (let k = 0; k < MODES; k++) {
    const angle = (2 * Math.PI * k) / MODES;
    centres.push(Math.cos(angle), Math.sin(angle));
  }
  return mixtureProblem('ring', 'Ring of Gaussians', kernelDensity(centres, 2, STD));
}
