import { expect, test } from 'vitest';
import { type DiffuseRequest, diffuse, diffuseReference } from '../../src/diffuse.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { random } from '../../src/rng/random.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const at = (name: string, ...shares: number[]) => {
  const process = parseProcess(name);
  const { min, max } = process.range;
  return { process, times: shares.map((share) => min + share * (max - min)) };
};

test.each(processes.map(({ name }) => name))(
  `data noised by %s on the GPU are their twin's`,
  async (name) => {
    const dim = 6;
    const { process, times } = at(name, 0, 0.1, 0.6, 1);
    const draw = random(seed);
    const data = Float32Array.from({ length: 70 * dim }, () => draw.normal());
    // Past 32 bits, so that both words of the key count.
    const request = { process, times, data, dim, seed: seed + 5 * 2 ** 32 };
    const [made, twin] = [await diffuse(gpu, request), diffuseReference(request)];
    expect(made).toHaveLength(4 * 70 * dim);
    for (const [i, value] of made.entries()) {
      const t = times[Math.floor(i / data.length)];
      // WGSL allows a normal 0.004 (test/rng); alpha-bar, beta-bar, both products and the sum round by 2^-24 each.
      const size =
        process.alphaBar(t) * Math.abs(data[i % data.length]) + 6 * process.betaBar(t) + Math.abs(value);
      const bound = 0.004 * process.betaBar(t) + 3 * 2 ** -24 * size;
      expect(Math.abs(value - twin[i])).toBeLessThanOrEqual(bound);
    }
  },
);

test.each(['vp-linear', 'sub-vp', 'flow', 'vp-cosine', 've-geometric'])(
  'rows of a mixture noised by %s have the mean and the covariance of the marginal',
  async (name) => {
    const dim = 3;
    const rows = 40_000;
    const spec = randomMixture(seed, dim, 4, 'per-dimension');
    const data = sampleMixture(spec, rows, seed);
    const { process, times } = at(name, 0.05, 0.4, 0.9);
    const made = await diffuse(gpu, { process, data, dim, times, seed });
    // Of the mixture, in closed form: m = sum w mu, C = sum w (diag s^2 + mu mu^T) - m m^T.
    const total = spec.weights.reduce((sum, weight) => sum + weight, 0);
    const expectation = (of: (k: number) => number) =>
      spec.weights.reduce((sum, weight, k) => sum + (weight / total) * of(k), 0);
    const mu = (k: number, d: number) => spec.means[k * dim + d];
    const mean = Array.from({ length: dim }, (_, d) => expectation((k) => mu(k, d)));
    const covariance = (d: number, e: number) =>
      expectation((k) => mu(k, d) * mu(k, e) + (d === e ? spec.stds[k * dim + d] ** 2 : 0)) -
      mean[d] * mean[e];
    for (const [n, t] of times.entries()) {
      const [alpha, beta] = [process.alphaBar(t), process.betaBar(t)];
      const noised = made.subarray(n * rows * dim, (n + 1) * rows * dim);
      const columns = Array.from({ length: dim }, (_, d) => noised.filter((_, i) => i % dim === d));
      // Six deviations of what they are, which the sample itself says: once in 500 million.
      const within = (values: Float64Array, expected: number) => {
        const average = values.reduce((sum, value) => sum + value, 0) / rows;
        const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / rows;
        expect(Math.abs(average - expected) / Math.sqrt(variance / rows)).toBeLessThan(6);
      };
      for (let d = 0; d < dim; d++) {
        within(Float64Array.from(columns[d]), alpha * mean[d]);
        for (let e = 0; e <= d; e++) {
          const product = (_: number, i: number) =>
            (columns[d][i] - alpha * mean[d]) * (columns[e][i] - alpha * mean[e]);
          const expected = alpha ** 2 * covariance(d, e) + (d === e ? beta ** 2 : 0);
          within(
            Float64Array.from({ length: rows }, (_, i) => product(0, i)),
            expected,
          );
        }
      }
    }
  },
);

test('chunks, further rows and further times change nothing', async () => {
  const { process, times } = at('vp-linear', 0.2, 0.7);
  const draw = random(seed);
  const data = Float32Array.from({ length: 300 }, () => draw.normal());
  const request: DiffuseRequest = { process, times, data, dim: 3, seed };
  const whole = await diffuse(gpu, request);
  expect(await diffuse(gpu, { ...request, chunk: 7 })).toEqual(whole);
  const fewer = await diffuse(gpu, { ...request, data: data.subarray(0, 60), times: [times[0]] });
  expect(fewer).toEqual(whole.slice(0, 60));
  // The two times, and another seed, have noise of their own.
  const noise = (made: Float32Array, n: number) =>
    (made[300 * n] - process.alphaBar(times[n]) * data[0]) / process.betaBar(times[n]);
  expect(Math.abs(noise(whole, 0) - noise(whole, 1))).toBeGreaterThan(1e-4);
  expect((await diffuse(gpu, { ...request, seed: seed + 1 }))[0]).not.toBe(whole[0]);
});

test('the data may be written anew while a run goes on', async () => {
  const request = { process: parseProcess('vp-linear'), dim: 2, times: [0.5], seed, chunk: 5 };
  const data = Array.from({ length: 40 }, (_, i) => i / 7);
  const undisturbed = await diffuse(gpu, { ...request, data });
  const made = diffuse(gpu, { ...request, data });
  data.fill(9);
  expect(await made).toEqual(undisturbed);
});

test('bad requests are refused', async () => {
  const process = parseProcess('flow');
  const good: DiffuseRequest = { process, data: [1, 2, 3, 4], dim: 2, times: [0.5] };
  const refused = (change: Partial<DiffuseRequest>, code: string, message: string) =>
    expectRefusal(() => diffuse(gpu, { ...good, ...change }), code as 'bad-argument', message);
  await refused({ times: [0.5, 1] }, 'bad-argument', "time 1 is outside the process 'flow'");
  await refused({ times: [Number.NaN] }, 'bad-argument', 'time NaN is outside');
  await refused({ times: [] }, 'bad-argument', 'no times');
  await refused({ data: [1, 2, Number.NaN, 4] }, 'not-finite', 'NaN in row 1, column 0');
  await refused({ data: [1, 2, 3] }, 'bad-shape', '3 numbers are no rows of 2');
  await refused({ dim: 0.5 }, 'bad-shape', '4 numbers are no rows of 0.5');
  await refused({ dim: -2 }, 'bad-shape', '4 numbers are no rows of -2');
  await refused({ seed: -1 }, 'bad-argument', 'seed is -1');
});
