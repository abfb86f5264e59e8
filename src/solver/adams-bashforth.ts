import { defineSolver, noOptions } from './define.js';
import { writeMultistep } from './multistep.js';
import { integrate, lagrange } from './quadrature.js';

/** Integrals over the step of the Lagrange polynomials on the last `count` times: exact on any grid. */
function exactWeights(times: readonly number[], i: number, count: number): number[] {
  const nodes = Array.from({ length: count }, (_, j) => times[i - j]);
  return nodes.map((_, j) => integrate((t) => lagrange(nodes, j, t), times[i], times[i + 1]));
}

function defineAdamsBashforth(order: 2 | 3 | 4) {
  return defineSolver({
    name: `ab-${order}`,
    summary: `variable-step Adams-Bashforth of order ${order} in sigma (rho-AB DEIS, k-diffusion's LMS)`,
    order,
    options: noOptions,
    write(b) {
      writeMultistep(b, order, exactWeights);
    },
  });
}

export const adamsBashforth = [defineAdamsBashforth(2), defineAdamsBashforth(3), defineAdamsBashforth(4)];
