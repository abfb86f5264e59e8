import fc from 'fast-check';
import { expect, test } from 'vitest';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { ShaderName } from '../../src/gpu/shaders.js';
import { normals, threefry4x32, type Words } from '../../src/rng/threefry.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { runKernel } from '../gpu/run-kernel.js';
import { freshSeed } from '../seed.js';
import words from './words.wgsl';

const seed = freshSeed();
const ONES: Words = [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff];

/** Random123's vectors for threefry4x32 with 20 rounds: zeros, ones, and the digits of pi. */
const KNOWN: { key: Words; counter: Words; expected: Words }[] = [
  { key: [0, 0, 0, 0], counter: [0, 0, 0, 0], expected: [0x9c6ca96a, 0xe17eae66, 0xfc10ecd4, 0x5256a7d8] },
  { key: ONES, counter: ONES, expected: [0x2a881696, 0x57012287, 0xf6c7446e, 0xa16a6732] },
  {
    key: [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    expected: [0x59cd1dbb, 0xb8879579, 0x86b5d00c, 0xac8b6d84],
  },
];

async function onGpu(inputs: { key: Words; counter: Words }[]): Promise<number[][]> {
  const kernel = await gpu.kernel('test/words' as ShaderName, { modules: { 'test/words': words } });
  const buffers = {
    inputs: Uint32Array.from(inputs.flatMap(({ key, counter }) => [...key, ...counter])),
    words: new Uint32Array(4 * inputs.length),
  };
  const groups = [Math.ceil(inputs.length / 64), 1] as const;
  const flat = [...new Uint32Array(await runKernel(kernel, buffers, undefined, groups, 'words'))];
  return inputs.map((_, i) => flat.slice(4 * i, 4 * i + 4));
}

test('the known answers, on the host', () => {
  for (const { key, counter, expected } of KNOWN) expect(threefry4x32(key, counter)).toEqual(expected);
});

test('the known answers, on the GPU', async () => {
  expect(await onGpu(KNOWN)).toEqual(KNOWN.map(({ expected }) => expected));
});

test('any key and counter give the same words on both', async () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const four = fc.tuple(word, word, word, word);
  const inputs = fc.sample(fc.record({ key: four, counter: four }), 1000);
  expect(await onGpu(inputs)).toEqual(inputs.map(({ key, counter }) => [...threefry4x32(key, counter)]));
});

/** Latents of a run: slot 0 before anything touches it. */
async function drawn(batch: number, dim: number, from: number): Promise<Float32Array> {
  const field = gaussianMixture({ weights: [1], means: [new Array(dim).fill(0)], stds: [1] });
  const plan = solverByName('euler').plan([1, 0.5]);
  const { kept } = await solve(gpu, field, plan, { latents: { batch, seed: from }, keep: [0] });
  return kept.get(0)!;
}

test.each([1, 3, 4, 5])(`normals on the GPU are their twin's, dim %i`, async (dim) => {
  // Past 32 bits, so that both words of the key count.
  const large = seed + 3 * 2 ** 32;
  const draws = await drawn(500, dim, large);
  for (let row = 0; row < 500; row++) {
    const twin = normals(large, row, 0, 0, dim);
    for (let d = 0; d < dim; d++) {
      // WGSL allows sine and cosine 2^-11, of a radius up to 5.8, and the logarithm near 1 another 2^-21, whose
      // root is 2^-10.
      expect(Math.abs(draws[row * dim + d] - twin[d]), `row ${row}`).toBeLessThan(6 * 2 ** -11 + 2 ** -10);
    }
  }
});

test('normals on the GPU have the moments of normals', async () => {
  const dim = 4;
  const draws = await drawn(50_000, dim, seed);
  const n = draws.length;
  const moment = (power: number) => draws.reduce((sum, value) => sum + value ** power, 0) / n;
  // The moments of order 1 to 4 of n normals have these variances over n; five deviations happen once in 1.7
  // million runs.
  const within = (actual: number, expected: number, variance: number) =>
    expect(Math.abs(actual - expected) / Math.sqrt(variance / n)).toBeLessThan(5);
  within(moment(1), 0, 1);
  within(moment(2), 1, 2);
  within(moment(3), 0, 15);
  within(moment(4), 3, 96);
  // Neither the two numbers of a Box-Muller pair nor neighbours of other pairs or trajectories are related.
  for (const lag of [1, 2, 3, 4, 5]) {
    let product = 0;
    for (let i = 0; i + lag < n; i++) product += draws[i] * draws[i + lag];
    within(product / n, 0, 1);
  }
  expect(draws.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(5.8);
});

test('steps and streams have numbers of their own', () => {
  const all = [normals(seed, 0, 0, 0, 4), normals(seed, 0, 1, 0, 4), normals(seed, 0, 0, 1, 4)];
  expect(new Set(all.flatMap((draws) => [...draws])).size).toBe(12);
  expect([...normals(seed, 5, 2, 1, 3)]).toEqual([...normals(seed, 5, 2, 1, 7).subarray(0, 3)]);
});
