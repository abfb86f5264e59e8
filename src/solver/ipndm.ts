import { defineSolver, noOptions } from './define.js';
import { writeMultistep } from './multistep.js';

/** Adams-Bashforth coefficients on a uniform grid, newest first (PNDM, arXiv 2202.09778). */
const UNIFORM = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

function defineIpndm(evaluations: 2 | 3 | 4) {
  return defineSolver({
    name: `ipndm-${evaluations}`,
    summary: `iPNDM with ${evaluations} velocities: Adams-Bashforth coefficients of a uniform grid (arXiv 2204.13902)`,
    // The coefficients are those of a uniform grid, the grid is not: only the second order remains, and only the
    // first where the step jumps.
    order: 2,
    options: noOptions,
    write(b) {
      writeMultistep(b, evaluations, (times, i, count) =>
        UNIFORM[count - 1].map((coefficient) => coefficient * (times[i + 1] - times[i])),
      );
    },
  });
}

export const ipndm = [defineIpndm(2), defineIpndm(3), defineIpndm(4)];
