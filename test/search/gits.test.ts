import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { externalField } from '../../src/field/external.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { defineProcess } from '../../src/process/process.js';
import { normals } from '../../src/rng/threefry.js';
import { sample } from '../../src/sample.js';
import { type GitsSearch, gitsGrid, parseGits, searchGits } from '../../src/search/gits.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const spec = randomMixture(seed, 3, 4, 'per-component');
const field = gaussianMixture(spec);

/** The same costs worked out in float64, from the teacher's plan run on the CPU. */
function costsInFloat64(search: GitsSearch, rows: number, pairs: [number, number][]) {
  const plan = planFor({ solver: 'ipndm-4', nfe: 60 });
  const x = new Float64Array(3 * rows);
  for (let row = 0; row < rows; row++) {
    for (const [d, value] of normals(30_001, row, 0, 0, 3).entries()) x[3 * row + d] = 80 * value;
  }
  const { kept } = solveReference(field, plan, { latents: x, keep: plan.states });
  const out = new Float64Array(3);
  return pairs.map(([i, j]) => {
    const [from, to] = [kept.get(plan.states[i])!, kept.get(plan.states[j])!];
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      const state = from.slice(3 * row, 3 * row + 3);
      field.denoise!(state, search.times[i], out);
      const h = search.times[j] - search.times[i];
      sum += Math.hypot(
        ...state.map((value, d) => value + (h * (value - out[d])) / search.times[i] - to[3 * row + d]),
      );
    }
    return sum / rows;
  });
}

test('costs are those of a teacher in float64', async () => {
  const search = await searchGits(gpu, field);
  expect(search.times).toEqual(polynomial().times(60));
  expect(search.cost).toMatchObject({ teacher: 'ipndm-4', evaluations: 60, trajectories: 256 });
  expect(search.cost.seconds).toBeGreaterThan(0);
  const pairs: [number, number][] = [
    [0, 1],
    [0, 60],
    [7, 30],
    [20, 45],
    [40, 41],
    [59, 60],
  ];
  for (const [n, exact] of costsInFloat64(search, 256, pairs).entries()) {
    const [i, j] = pairs[n];
    // An Euler jump from sigma multiplies the velocity's rounding, 1e-7 and less, by as much as sigma.
    const rounding = 4e-7 * (1 + search.times[i]);
    expect(Math.abs(search.costs[61 * i + j] - exact), `${i} to ${j}`).toBeLessThan(1e-3 * exact + rounding);
  }
});

test('the search is made once for a field and range', async () => {
  const first = await searchGits(gpu, field);
  const again = await searchGits(gpu, field, { sigmaMax: 80 });
  const other = await searchGits(gpu, field, { sigmaMax: 40 });
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  expect(other.times[0]).toBe(40);
});

test('who stops a search does not stop that of another', async () => {
  const unsearched = gaussianMixture(spec);
  const stop = new AbortController();
  const stopped = searchGits(gpu, unsearched, {}, stop.signal, () => stop.abort(new Error('enough')));
  const other = searchGits(gpu, unsearched);
  await expect(stopped).rejects.toThrow('enough');
  expect((await other).times).toHaveLength(61);
});

test('a field is searched at the noise levels that it knows', async () => {
  const process = defineProcess({
    ...{ name: 'own', range: { min: 0.01, max: 20 }, alphaBar: () => 1, betaBar: (t) => t },
  });
  const known = externalField({ dim: 3, process, predict: (states) => states.map((x) => 0.1 * x) });
  const { times } = await searchGits(gpu, known);
  expect([times[0], times.at(-1)]).toEqual([20, 0.01]);
  await expectRefusal(() => searchGits(gpu, known, { sigmaMax: 80 }), 'bad-argument', /80/, /./);
});

test('a searched grid is cheaper than the polynomial one, and Euler better on it', async () => {
  const search = await searchGits(gpu, field);
  const x = latents(seed, 512, 3);
  const end = async (solver: string, nfe: number, grid: 'polynomial:7' | 'gits') => {
    const rule = grid === 'gits' ? gitsGrid(search) : grid;
    const { samples } = await solve(gpu, field, planFor({ solver, nfe, grid: rule }), {
      latents: { values: x },
    });
    return samples;
  };
  const exact = await end('unipc-3', 256, 'polynomial:7');
  const error = (samples: Float32Array) =>
    Math.sqrt(samples.reduce((sum, value, i) => sum + (value - exact[i]) ** 2, 0) / 512);
  const [searched, plain] = [
    error(await end('euler', 5, 'gits')),
    error(await end('euler', 5, 'polynomial:7')),
  ];
  expect(searched).toBeLessThan(plain);
});

test('AFS has a grid of its own, which ends where the range does', async () => {
  const { plan, search } = await sample(gpu, {
    field,
    solver: 'ipndm-3',
    nfe: 5,
    grid: 'gits',
    afs: true,
    range: { sigmaMin: 0.01 },
    batch: 4,
  });
  const own = await searchGits(gpu, field, { sigmaMin: 0.01 });
  expect(search).toBe(own.cost);
  expect(plan.times).toEqual(gitsGrid(own, { afs: true }).times(6));
  expect([plan.times[0], plan.times[6]]).toEqual([80, 0.01]);
  // The prior's direction is exact for a wide Gaussian alone: towards the data it costs more than the field's.
  expect(own.analytical[60]).not.toBe(own.costs[60]);
});

test('the name tells the coefficient', async () => {
  expect(parseGits('polynomial:7')).toBeUndefined();
  expect(parseGits('gits')).toEqual({ coefficient: 1.15 });
  const search = await searchGits(gpu, field);
  for (const name of ['gits', 'gits:0.9']) expect(gitsGrid(search, parseGits(name)!).name).toBe(name);
  for (const bad of ['gits:x', 'gits:0', 'gits:-1', 'gits:Infinity']) {
    await expectRefusal(() => parseGits(bad), 'bad-grid', /coefficient/, /gits:1.15/);
  }
});

test('more steps than the teacher has are refused', async () => {
  const search = await searchGits(gpu, field);
  expect(gitsGrid(search).times(60)).toEqual(search.times);
  await expectRefusal(() => gitsGrid(search).times(61), 'bad-grid', /61 steps/, /lower NFE/);
});

test.each<[string, object, string]>([
  ['an unknown solver', { solver: 'huen' }, 'unknown-name'],
  ['an NFE that a solver does not reach', { solver: 'heun', nfe: 5 }, 'unreachable-nfe'],
  ['no trajectories', { batch: 0 }, 'bad-argument'],
  ['chunks of none', { chunk: 0 }, 'bad-argument'],
  ['a latent that is not finite', { latents: [1, Number.NaN, 2] }, 'not-finite'],
])('%s is refused before a grid is searched', async (_, wrong, code) => {
  let calls = 0;
  const counted = externalField({
    dim: 3,
    predict: (states) => {
      calls++;
      return states;
    },
  });
  const request = { field: counted, solver: 'ipndm-3', nfe: 6, grid: 'gits', batch: 4, ...wrong };
  await expectRefusal(() => sample(gpu, request), code, /./);
  expect(calls).toBe(0);
});

test('a search says how far it is, and comes to the same', async () => {
  const range = { sigmaMax: 30 };
  const seen: number[][] = [];
  const watched = await searchGits(gpu, gaussianMixture(spec), range, undefined, (...of) => seen.push(of));
  expect(seen).toEqual(Array.from({ length: 9 }, (_, part) => [32 * part, 256]));
  const alone = await searchGits(gpu, gaussianMixture(spec), range);
  expect(watched.costs).toEqual(alone.costs);
});
