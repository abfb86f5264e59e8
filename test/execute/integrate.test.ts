import { describe, expect, test } from 'vitest';
import type { DivergenceMethod } from '../../src/execute/drift.js';
import { integrate } from '../../src/execute/integrate.js';
import { integrateReference } from '../../src/execute/integrate-reference.js';
import type { Integration } from '../../src/execute/integration.js';
import { customField } from '../../src/field/custom.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { random } from '../../src/rng/random.js';
import { gpu } from '../device.js';
import twoGaussians from '../field/custom/two-gaussians.wgsl';
import { hostField, randomMixture } from '../field/fixtures.js';
import { randomParameters } from '../mlp/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import breaking from './breaking.wgsl';
import { disturbedRuns, integrationRounding } from './integrate-fixtures.js';
import { excess } from './rounding.js';

const seed = freshSeed();
const SLOW = 120_000;
const UP = { from: 0.002, to: 80 };
const TOLERANCE = { rtol: 1e-5, atol: 1e-5 };
const hutchinson = (probes: number): DivergenceMethod => ({ kind: 'hutchinson', probes, seed });

const fieldOf = (dim: number, components = 5) =>
  gaussianMixture(randomMixture(seed, dim, components, 'per-component'));
const draws = (dim: number, count: number) =>
  sampleMixture(randomMixture(seed, dim, 5, 'per-component'), count, seed).map(Math.fround);

function network(dim: number, options: { label?: number; guidance?: number } = {}): Field {
  const config = mlpConfig({ dim, width: 32, layers: 2, classes: options.label === undefined ? 0 : 3 });
  return mlpField({ config, parameters: randomParameters(config, random(seed, 9)) }, options);
}

const cases: [string, Field, Float64Array, DivergenceMethod][] = [
  ['a mixture, without a divergence', fieldOf(3), draws(3, 7), { kind: 'none' }],
  ['a mixture, exactly', fieldOf(2), draws(2, 33), { kind: 'exact' }],
  ['a mixture of 6 dimensions, exactly', fieldOf(6), draws(6, 9), { kind: 'exact' }],
  ['a mixture, by probes', fieldOf(5), draws(5, 9), hutchinson(3)],
  ['a network, exactly', network(3), draws(3, 16), { kind: 'exact' }],
  ['a network, by probes', network(3), draws(3, 16), hutchinson(2)],
  ['a guided network, exactly', network(2, { label: 1, guidance: 2.5 }), draws(2, 16), { kind: 'exact' }],
];

test('a path shorter than a step stays within itself', async () => {
  const asked: number[] = [];
  const exact = fieldOf(2);
  const heard = {
    ...exact,
    denoise: (...[x, sigma, ...rest]: Parameters<NonNullable<Field['denoise']>>) => {
      asked.push(sigma);
      return exact.denoise!(x, sigma, ...rest);
    },
  };
  for (const to of [1.02, 0.98]) {
    const request = { states: draws(2, 3), from: 1, to, steps: TOLERANCE };
    const reference = integrateReference(heard, request);
    const [least, most] = [Math.min(1, to), Math.max(1, to)];
    for (const sigma of asked.splice(0)) {
      expect(sigma).toBeGreaterThanOrEqual(least * (1 - 1e-12));
      expect(sigma).toBeLessThanOrEqual(most * (1 + 1e-12));
    }
    const { states, evaluations } = await integrate(gpu, exact, request);
    expect(evaluations).toEqual(reference.evaluations);
    for (const [i, x] of reference.states.entries()) expect(states[i]).toBeCloseTo(x, 5);
  }
});

describe('the GPU does what float64 does', () => {
  test.each(cases)(
    '%s',
    async (_, field, states, divergence) => {
      // The paths are short: networks with random weights spread what float32 rounds over longer ones.
      const request = { states, from: 0.02, to: 2, divergence };
      // With equal steps both make the same steps.
      const fixed = { ...request, steps: { nfe: 80 } };
      const { exact, errors } = integrationRounding(field, fixed, seed);
      const actual = await integrate(gpu, field, fixed);
      expect(excess(actual.states, exact.states, errors.states, field.dim)).toBeLessThan(2);
      for (const [q, values] of exact.logDeterminants.entries()) {
        const own = Float32Array.from(actual.logDeterminants[q]);
        expect(excess(own, values, errors.logDeterminants, 1)).toBeLessThan(2);
      }
      expect(new Set(actual.evaluations)).toEqual(new Set([80]));

      // With steps of their own both err as much. Whether a step is taken is chance where its error is near what is
      // allowed, and one more or one fewer moves the error of one log-determinant by up to three times: so the
      // worst is compared, over 7 to 33 trajectories and the probes, with the worst of float64 runs that round as
      // float32 does.
      const free = { ...request, steps: { rtol: 1e-4, atol: 1e-4 } };
      const truth = integrateReference(field, { ...request, steps: { rtol: 1e-7, atol: 1e-7 } });
      const [gpuFree, hostFree] = [await integrate(gpu, field, free), integrateReference(field, free)];
      const alike = [hostFree, ...disturbedRuns(field, free, seed)];
      const farthest = (values: ArrayLike<number>, exactValues: ArrayLike<number>) =>
        Array.from(exactValues, (value, i) => Math.abs(values[i] - value)).reduce(
          (a, b) => Math.max(a, b),
          0,
        );
      const ofStates = (run: Integration<ArrayLike<number>>) => farthest(run.states, truth.states);
      const ofLogs = (run: Integration<ArrayLike<number>>) =>
        Math.max(0, ...truth.logDeterminants.map((values, q) => farthest(run.logDeterminants[q], values)));
      const rounding = (rows: number[]) => 4 * Math.max(...rows);
      const inStates = 2 * Math.max(...alike.map(ofStates)) + rounding(errors.states);
      expect(ofStates(gpuFree)).toBeLessThan(inStates);
      const inLogs = 2 * Math.max(...alike.map(ofLogs)) + rounding(errors.logDeterminants);
      expect(ofLogs(gpuFree)).toBeLessThanOrEqual(inLogs);
      const total = (counts: Uint32Array) => counts.reduce((sum, count) => sum + count, 0);
      expect(Math.abs(total(gpuFree.evaluations) / total(hostFree.evaluations) - 1)).toBeLessThan(0.1);
    },
    SLOW,
  );

  test('a custom field by differences, within what these leave out: 2e-4 of a trace', async () => {
    const field = customField({ dim: 2, wgsl: twoGaussians });
    const same = gaussianMixture({
      weights: [1, 3],
      means: [
        [-1, 0.5],
        [0.75, -0.25],
      ],
      stds: [0.2, 0.4],
    });
    const request = { states: [0.3, -0.2, 1, 0.5], from: 0.1, to: 2, steps: { nfe: 80 } };
    for (const divergence of [{ kind: 'exact' as const }, hutchinson(3)]) {
      const actual = await integrate(gpu, field, { ...request, divergence });
      const exact = integrateReference(same, { ...request, divergence });
      for (const [i, value] of exact.states.entries()) expect(actual.states[i]).toBeCloseTo(value, 4);
      for (const [q, values] of exact.logDeterminants.entries()) {
        // Over three units of ln sigma.
        for (const [row, value] of values.entries()) {
          expect(Math.abs(actual.logDeterminants[q][row] - value)).toBeLessThan(3 * 2 * 5e-4);
        }
      }
    }
  });
});

/** A field whose evaluations on the GPU are counted. */
function countedOnGpu(field: Field): { field: Field; recorded: () => number } {
  let recorded = 0;
  const prepare: Field['prepare'] = async (on) => {
    const prepared = await field.prepare(on);
    return {
      ...prepared,
      bind(batch) {
        const bound = prepared.bind(batch);
        return {
          ...bound,
          encode(...call) {
            recorded++;
            bound.encode(...call);
          },
        };
      },
    };
  };
  return { field: { ...field, prepare }, recorded: () => recorded };
}

test('evaluations are those that were made, but for idle attempts after the end', async () => {
  const states = draws(2, 1);
  const equal = countedOnGpu(fieldOf(2));
  await integrate(gpu, equal.field, { states, ...UP, steps: { nfe: 44 } });
  expect(equal.recorded()).toBe(44);
  const free = countedOnGpu(fieldOf(2));
  const { evaluations, rejected } = await integrate(gpu, free.field, { states, ...UP, steps: TOLERANCE });
  // A submit is four attempts of six evaluations.
  expect((free.recorded() - 1) % 24).toBe(0);
  expect(free.recorded() - evaluations[0]).toBeGreaterThanOrEqual(0);
  expect(free.recorded() - evaluations[0]).toBeLessThanOrEqual(18);
  expect(evaluations[0]).toBeGreaterThan(6 * rejected[0]);
});

describe(`steps of each trajectory's own`, () => {
  const field = fieldOf(2);
  const states = draws(2, 300);
  const request = { states, ...UP, steps: TOLERANCE, divergence: hutchinson(2) };

  test('differ, and rejected ones count', async () => {
    const { evaluations, rejected, shortest } = await integrate(gpu, field, request);
    expect(new Set(evaluations).size).toBeGreaterThan(3);
    expect(Math.max(...rejected)).toBeGreaterThan(0);
    expect(Math.min(...shortest)).toBeGreaterThan(1e-5);
    // One evaluation, then six an attempt.
    for (const [row, count] of evaluations.entries()) {
      expect((count - 1) % 6).toBe(0);
      expect(rejected[row]).toBeLessThan((count - 1) / 6);
    }
  });

  test('and results have the same bits whatever the chunk', async () => {
    const whole = await integrate(gpu, field, request);
    for (const chunk of [1, 37, 299]) {
      const part = chunk === 1 ? 6 : 600;
      const own = await integrate(gpu, field, { ...request, states: states.subarray(0, part), chunk });
      expect(own.states).toEqual(whole.states.subarray(0, part));
      expect(own.evaluations).toEqual(whole.evaluations.subarray(0, part / 2));
      for (const [q, values] of own.logDeterminants.entries()) {
        expect(values).toEqual(whole.logDeterminants[q].subarray(0, part / 2));
      }
    }
  });

  test('a tighter tolerance comes nearer to the end', async () => {
    const run = { states: states.subarray(0, 40), ...UP };
    const truth = integrateReference(field, { ...run, steps: { rtol: 1e-10, atol: 1e-10 } });
    const error = (values: ArrayLike<number>) =>
      truth.states.reduce((worst, value, i) => Math.max(worst, Math.abs(value - values[i])), 0);
    const errors = [1e-3, 1e-5].map((tol) =>
      error(integrateReference(field, { ...run, steps: { rtol: tol, atol: tol } }).states),
    );
    // The worst of few trajectories goes by luck: from one decade to the next it fell by less than 3 with seed 1232480022.
    expect(errors[1]).toBeLessThan(errors[0] / 9);
  });
});

test('the way up and down again is the identity', async () => {
  for (const field of [fieldOf(2), fieldOf(6)]) {
    const states = draws(field.dim, 50);
    const steps = { rtol: 1e-6, atol: 1e-6 };
    const up = await integrate(gpu, field, { states, ...UP, steps });
    // Noise: the data's size against sigma_max.
    const size = Math.sqrt(up.states.reduce((sum, value) => sum + value * value, 0) / up.states.length);
    expect(size).toBeGreaterThan(50);
    const down = await integrate(gpu, field, { states: up.states, from: UP.to, to: UP.from, steps });
    for (const [i, value] of states.entries()) expect(Math.abs(down.states[i] - value)).toBeLessThan(2e-3);
  }
});

const field = fieldOf(2);
const states = [0.1, 0.2, 0.3, 0.4];
const asked = { states, ...UP, steps: TOLERANCE };
/** A field that no step is short enough for: D jumps with the sign of x. */
const jumps = customField({
  dim: 1,
  wgsl: 'fn denoise(x: array<f32, 1>, sigma: f32) -> array<f32, 1> { return array(select(-50.0, 50.0, x[0] > 0)); }',
});

const refusals: Refusal[] = [
  [
    'rows of another length',
    () => integrate(gpu, field, { ...asked, states: [1, 2, 3] }),
    'bad-shape',
    /3 numbers/,
    /rows of 2/,
  ],
  [
    'a NaN',
    () => integrate(gpu, field, { ...asked, states: [1, 2, 3, NaN] }),
    'not-finite',
    /latent 1 is NaN/,
    /finite/,
  ],
  [
    'no path',
    () => integrate(gpu, field, { ...asked, to: 0.002 }),
    'bad-argument',
    /no path from sigma 0.002/,
    /two different/,
  ],
  [
    'sigma 0',
    () => integrate(gpu, field, { ...asked, from: 0 }),
    'bad-argument',
    /from sigma 0 to/,
    /above 0/,
  ],
  [
    'a tolerance of 0',
    () => integrate(gpu, field, { ...asked, steps: { rtol: 0, atol: 1e-5 } }),
    'bad-argument',
    /rtol is 0/,
    /between 0 and 1/,
  ],
  [
    'a tolerance of 2',
    () => integrate(gpu, field, { ...asked, steps: { rtol: 1e-5, atol: 2 } }),
    'bad-argument',
    /atol is 2/,
    /between 0 and 1/,
  ],
  [
    'NFE 42',
    () => integrate(gpu, field, { ...asked, steps: { nfe: 42 } }),
    'unreachable-nfe',
    /exactly 42/,
    /40 or 44/,
  ],
  [
    'NFE 3',
    () => integrate(gpu, field, { ...asked, steps: { nfe: 3 } }),
    'unreachable-nfe',
    /exactly 3/,
    /ask for 4,/,
  ],
  [
    'no probes',
    () => integrate(gpu, field, { ...asked, divergence: hutchinson(0) }),
    'bad-argument',
    /probes/,
    /.{10}/,
  ],
  [
    'many probes',
    () => integrate(gpu, field, { ...asked, divergence: hutchinson(2000) }),
    'bad-argument',
    /2000 probes/,
    /fewer/,
  ],
  ['a chunk of 0', () => integrate(gpu, field, { ...asked, chunk: 0 }), 'bad-argument', /chunk/, /.{10}/],
  [
    'a divergence of a field without a gradient',
    () =>
      integrate(
        gpu,
        hostField(2, () => {}),
        { ...asked, divergence: { kind: 'exact' } },
      ),
    'bad-field',
    /'host' needs a gradient/,
    /with a gradient/,
  ],
  [
    'a tolerance below float32',
    () => integrate(gpu, field, { ...asked, steps: { rtol: 1e-12, atol: 1e-12 } }),
    'unreachable-tolerance',
    /below 0.00001 in ln sigma.* in 2 of 2 trajectories, at sigma 0\.\d+/,
    /larger error/,
  ],
  [
    'a field that jumps',
    () =>
      integrate(gpu, jumps, {
        ...asked,
        states: [0.5, -3, 70],
        from: 1,
        to: 20,
        steps: { rtol: 1e-6, atol: 1e-6 },
      }),
    'unreachable-tolerance',
    /in \d of 3 trajectories, at sigma/,
    /D must be smooth/,
  ],
  [
    'a field that breaks',
    () => integrate(gpu, customField({ dim: 2, wgsl: breaking }), { ...asked, steps: TOLERANCE }),
    'not-finite',
    /NaN or infinity in \d of 2 trajectories, at sigma/,
    /D must be finite/,
  ],
];
test.each(refusals)('%s is refused', (...refusal) => expectRefused(refusal), SLOW);
