import { defineSolver, noOptions } from './define.js';
import { writeMultistep } from './multistep.js';

/**
 * iPNDM_v's coefficients as published (the code of DEIS and of AMED), newest first, to be multiplied by the step.
 * From three velocities on they are not those of Adams-Bashforth. With three a parenthesis is misplaced, which
 * keeps order 3 while the step changes smoothly and leaves order 2 where it jumps. With four, moreover, the last
 * coefficient has h1 / h2 where h2 / h3 belongs, so that they sum to one on geometric grids alone: order 3
 * there, 2 while the step changes smoothly, and no convergence where it jumps. At 5 to 30 steps they are often
 * more accurate than the exact ones, which are `ab-3` and `ab-4`.
 */
function publishedWeights(times: readonly number[], i: number, count: number): number[] {
  const [h0, h1, h2, h3] = Array.from({ length: count }, (_, j) => times[i - j + 1] - times[i - j]);
  if (count === 1) return [1];
  if (count === 2) return [(2 + h0 / h1) / 2, -(h0 / h1) / 2];
  const third = (1 - ((h0 / (3 * (h0 + h1))) * (h0 * (h0 + h1))) / (h1 * (h1 + h2))) / 2;
  if (count === 3) {
    return [(2 + h0 / h1) / 2 + third, -(h0 / h1) / 2 - (1 + h1 / h2) * third, (third * h1) / h2];
  }
  const fourth =
    (((1 - h0 / (3 * (h0 + h1))) / 2 + ((1 - h0 / (2 * (h0 + h1))) * h0) / (6 * (h0 + h1 + h2))) *
      (h0 * (h0 + h1) * (h0 + h1 + h2))) /
    (h1 * (h1 + h2) * (h1 + h2 + h3));
  const q = (h1 * (h1 + h2)) / (h2 * (h2 + h3));
  return [
    (2 + h0 / h1) / 2 + third + fourth,
    -(h0 / h1) / 2 - (1 + h1 / h2) * third - (1 + h1 / h2 + q) * fourth,
    (third * h1) / h2 + (h1 / h2 + q * (1 + h2 / h3)) * fourth,
    (-fourth * q * h1) / h2,
  ];
}

function defineIpndmV(evaluations: 2 | 3 | 4) {
  return defineSolver({
    name: `ipndm-v-${evaluations}`,
    summary: `iPNDM_v with ${evaluations} velocities, variable step, as published (arXiv 2204.13902)`,
    order: evaluations === 3 ? 3 : 2,
    options: noOptions,
    write(b) {
      writeMultistep(b, evaluations, (times, i, count) =>
        publishedWeights(times, i, count).map((weight) => weight * (times[i + 1] - times[i])),
      );
    },
  });
}

export const ipndmV = [defineIpndmV(2), defineIpndmV(3), defineIpndmV(4)];
