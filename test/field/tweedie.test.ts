import { expect, test } from 'vitest';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { fullStds, type MixtureSpec, normalizedWeights } from '../../src/field/mixture.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { freshSeed } from '../seed.js';
import { latents, randomMixture } from './fixtures.js';

const seed = freshSeed();

/** log p_sigma(x) of a mixture under noise, up to a constant. */
function logDensity(spec: MixtureSpec, x: Float64Array, sigma: number): number {
  const { dim, means } = spec;
  const stds = fullStds(spec);
  const logits = normalizedWeights(spec).map((weight, k) => {
    let logit = Math.log(weight);
    for (let d = 0; d < dim; d++) {
      const spread = stds[k * dim + d] ** 2 + sigma ** 2;
      logit -= ((x[d] - means[k * dim + d]) ** 2 / spread + Math.log(spread)) / 2;
    }
    return logit;
  });
  const top = Math.max(...logits);
  return top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
}

test.each(['shared', 'per-component', 'per-dimension'] as const)(
  'D is x + sigma^2 times the score, by differences of the log density, for %s stds',
  (shape) => {
    const dim = 3;
    const spec = randomMixture(seed, dim, 5, shape);
    const field = gaussianMixture(spec);
    for (const sigma of [0.002, 0.05, 0.5, 3, 80]) {
      const noise = latents(seed, 8, dim, sigma);
      const x = sampleMixture(spec, 8, seed).map((value, i) => value + noise[i]);
      for (let row = 0; row < 8; row++) {
        const state = x.slice(row * dim, (row + 1) * dim);
        const D = new Float64Array(dim);
        field.denoise!(state, sigma, D);
        // The density changes over lengths from the smallest std on, 0.1, and over sigma.
        const scale = Math.hypot(0.1, sigma);
        const h = 1e-5 * scale;
        for (let d = 0; d < dim; d++) {
          const [above, below] = [h, -h].map((shift) =>
            logDensity(
              spec,
              state.map((value, i) => (i === d ? value + shift : value)),
              sigma,
            ),
          );
          const score = (above - below) / (2 * h);
          // Rounding 1e-16 times a log density up to some hundreds, over 1e-5; the third derivative matters less.
          const error = sigma ** 2 * (1e-8 / scale);
          expect(Math.abs(D[d] - (state[d] + sigma ** 2 * score)), `sigma ${sigma}`).toBeLessThan(error);
        }
      }
    }
  },
);
