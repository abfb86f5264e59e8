import { VpTime } from '../grid/vp-time.js';
import { defineSolver, noOptions } from './define.js';
import { writeMultistep } from './multistep.js';
import { integrate, lagrange } from './quadrature.js';

/** Integrals of d(sigma) times the Lagrange polynomials in VP time (DEIS, arXiv 2204.13902). */
function tabWeights(times: readonly number[], i: number, count: number): number[] {
  const vp = new VpTime(times[times.length - 1], times[0]);
  const nodes = Array.from({ length: count }, (_, j) => vp.time(times[i - j]));
  // Over log sigma the integrand is smooth, whereas d(sigma)/du grows without bound as sigma falls.
  return nodes.map((_, j) =>
    integrate(
      (logSigma) => Math.exp(logSigma) * lagrange(nodes, j, vp.time(Math.exp(logSigma))),
      Math.log(times[i]),
      Math.log(times[i + 1]),
    ),
  );
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
