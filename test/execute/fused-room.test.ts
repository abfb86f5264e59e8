import { describe, expect, test } from 'vitest';
import { fusedPlan } from '../../src/execute/fused-plan.js';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { canBroadcast } from '../../src/gpu/broadcast.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { polynomial } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { initialParameters } from '../../src/mlp/parameters.js';
import { random } from '../../src/rng/random.js';
import { type BespokeStart, bespokeLayout, bespokePlan, plainNumbers } from '../../src/solver/bespoke.js';
import type { Plan } from '../../src/solver/plan.js';
import { bespokeTangent } from '../../src/tangent/bespoke-moves.js';
import { asHardware, asIntel } from '../as-hardware.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { randomTangent } from '../tangent/fixtures.js';
import { EPSILON, excess, roundingErrors } from './rounding.js';

const seed = freshSeed();
const range = { sigmaMin: 0.05, sigmaMax: 20 };

function bespokeForm(dim: number, nfe: number, formula = 'dpmpp-2m', start: BespokeStart = 'none') {
  const mean = Array.from({ length: dim }, (_, d) => 0.1 * ((d % 5) - 2));
  return { formula, start, nfe, range, data: { mean, std: 0.7 } };
}

/** Near its formula's own solver, with a share of everything in every state. */
function bespoke(...form: Parameters<typeof bespokeForm>): { plan: Plan; numbers: Float64Array } {
  const given = bespokeForm(...form);
  const source = random(seed, given.nfe);
  const numbers = plainNumbers(given, polynomial().times(bespokeLayout(given).steps, range)).map(
    (value) => value + 0.01 * source.between(-1, 1),
  );
  return { plan: bespokePlan(given, numbers), numbers };
}

const config = mlpConfig({ dim: 3, width: 32, layers: 2 });
const network = mlpField({
  config,
  parameters: initialParameters(config, seed).map((value) => value || 0.02),
});
const mixture = (dim: number) => gaussianMixture(randomMixture(seed + dim, dim, 5, 'per-component'));

describe.each([
  { what: '2-D, a vector', field: mixture(2), batch: 70 },
  { what: '30-D, blocks of vec4', field: mixture(30), batch: 9 },
  { what: '130-D, a workgroup for four', field: mixture(130), batch: 9 },
  { what: 'a network, places in memory', field: network, batch: 35 },
])('a bespoke solver, $what', ({ field, batch }) => {
  test.each([
    [10, 'dpmpp-2m', 'none', 12],
    [12, 'ipndm-4', 'gaussian', 16],
    [16, 'euler', 'calibrated-afs', 24],
  ] as const)(
    'NFE %i from %s, %s, has room in %i and is the reference up to rounding',
    async (nfe, formula, start, room) => {
      const { plan } = bespoke(field.dim, nfe, formula, start);
      expect((await fusedPlan(gpu, field, plan, 'fused'))!.variant.places).toBe(room);
      const x = latents(seed, batch, field.dim, range.sigmaMax);
      const exact = solveReference(field, plan, { latents: x }).samples;
      const errors = roundingErrors(field, plan, { latents: x }, exact, seed, 40 + field.dim);
      // Points of evaluation too: they are states that only the last sums need no more.
      const options = { latents: { values: x }, keep: plan.states };
      const fused = await solve(gpu, field, plan, { ...options, executor: 'fused' });
      const stepwise = await solve(gpu, field, plan, { ...options, executor: 'stepwise' });
      expect(excess(fused.samples, exact, errors, field.dim)).toBeLessThan(2);
      expect(excess(fused.samples, Float64Array.from(stepwise.samples), errors, field.dim)).toBeLessThan(4);
      expect([fused.executor, fused.evaluations]).toEqual(['fused', nfe]);
      for (const [i, slot] of plan.states.entries()) {
        const upTo = { ...plan, states: plan.states.slice(0, i + 1) };
        const state = solveReference(field, upTo, { latents: x }).samples;
        // Of states before the first evaluation only the sums are rounded, which nothing disturbs.
        const sums = 8 * EPSILON * Math.max(...state.map(Math.abs));
        const allowed = roundingErrors(field, upTo, { latents: x }, state, seed, 40 + field.dim);
        const errors = allowed.map((error) => error + sums);
        expect(excess(fused.kept.get(slot)!, state, errors, field.dim), `slot ${slot}`).toBeLessThan(2);
      }
    },
    SLOW,
  );
});

test(
  'tangent networks on a bespoke solver of 12 evaluations: fused is stepwise',
  async () => {
    const field = mixture(2);
    const { numbers } = bespoke(2, 12);
    const spec = bespokeTangent(bespokeForm(2, 12), numbers);
    const { parameters, ...rest } = randomTangent(spec, 2, seed);
    const predictor = { ...rest, parameters: parameters.map((value) => 0.1 * value) };
    const { plan } = spec.family;
    const options = { latents: { values: latents(seed, 33, 2, range.sigmaMax) }, predictor };
    const fused = await solve(gpu, field, plan, { ...options, executor: 'fused' });
    const stepwise = await solve(gpu, field, plan, { ...options, executor: 'stepwise' });
    expect(fused.executor).toBe('fused');
    for (const [i, value] of stepwise.samples.entries()) {
      expect(Math.abs(fused.samples[i] - value)).toBeLessThan(1e-3);
    }
  },
  SLOW,
);

describe('which kernels `auto` takes', () => {
  const roomOf = async (on: Gpu, dim: number, nfe: number) =>
    (await fusedPlan(on, mixture(dim), bespoke(dim, nfe).plan, 'auto'))?.variant.places;

  test('room for many states everywhere on software, on hardware for few numbers', async () => {
    expect(await roomOf(gpu, 2, 16)).toBe(24);
    expect(await roomOf(asHardware, 2, 16)).toBe(24);
    expect(await roomOf(asHardware, 16, 10)).toBe(12);
    expect(await roomOf(asHardware, 16, 12)).toBeUndefined();
    expect(await roomOf(asIntel, 2, 10)).toBe(12);
    expect(await roomOf(asIntel, 2, 16)).toBeUndefined();
    expect(await roomOf(asIntel, 16, 3)).toBeUndefined();
  });

  test('states of more than four numbers on software where lanes tell each other', async () => {
    const broadcasts = canBroadcast(gpu) || !gpu.adapter.software;
    expect(await roomOf(gpu, 4, 6)).toBe(8);
    expect(await roomOf(gpu, 16, 6)).toBe(broadcasts ? 8 : undefined);
  });

  test('none above 1,024 numbers', async () => {
    expect((await fusedPlan(gpu, mixture(64), bespoke(64, 14).plan, 'fused'))?.variant.places).toBe(16);
    await expect(fusedPlan(gpu, mixture(64), bespoke(64, 15).plan, 'fused')).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('more states'),
    });
  });
});
