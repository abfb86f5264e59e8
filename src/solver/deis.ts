import { VpTime } from '../grid/vp-time.js';
import { defineSolver, noOptions } from './define.js';
import { writeMultistep } from './multistep.js';
import { lagrange, quadrature } from './quadrature.js';

/** Integrals of d(sigma) times the Lagrange polynomials in VP time (DEIS, arXiv 2204.13902). */
function tabWeights(times: readonly number[], i: number, count: number): number[] {
  const vp = new VpTime(times[times.length - 1], times[0]);
  const nodes = Array.from({ length: count }, (_, j) => vp.time(times[i - j]));
  // Over log sigma the integrand is smooth, whereas d(sigma)/du grows without bound as sigma falls.
  const points = quadrature(Math.log(times[i]), Math.log(times[i + 1])).map(({ x, weight }) => {
    const sigma = Math.exp(x);
    return { u: vp.time(sigma), weight: weight * sigma };
  });
  return nodes.map((_, j) => points.reduce((sum, { u, weight }) => sum + weight * lagrange(nodes, j, u), 0));
}

function defineDeis(evaluations: 2 | 3 | 4) {
  return defineSolver({
    name: `deis-${evaluations}`,
    summary: `DEIS-tAB with ${evaluations} evaluations in use: Adams-Bashforth in VP time (arXiv 2204.13902)`,
    order: evaluations,
    options: noOptions,
    write(b) {
      writeMultistep(b, evaluations, tabWeights);
    },
  });
}

export const deis = [defineDeis(2), defineDeis(3), defineDeis(4)];
