import { describe, expect, test } from 'vitest';
import { NetworkWeights } from '../../src/distill/network/network-weights.js';
import { trainTangent } from '../../src/distill/network/tangent.js';
import { TangentTrainer } from '../../src/distill/network/tangent-trainer.js';
import { runTeacher, type TeacherPool } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { planFor } from '../../src/solver/plan-for.js';
import { tangentLayout } from '../../src/tangent/tangent-layout.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { eulerPlan, eulerSpec, nearEuler, randomTangent, stillTangent } from './fixtures.js';

const seed = freshSeed();
const STEPS = 3;
const DIM = 2;
const field = gaussianMixture(randomMixture(seed, DIM, 4, 'per-component'));
const euler = nearEuler(STEPS, seed, 0);
const spec = eulerSpec(euler);

async function pools(): Promise<{ training: TeacherPool; validation: TeacherPool }> {
  const grid = polynomial();
  const range = { sigmaMin: 0.05, sigmaMax: 20 };
  const plan = planFor({ solver: 'ipndm-4', nfe: 60, grid, range });
  const [training, validation] = await Promise.all([
    runTeacher(gpu, field, plan, { count: 512, seed }),
    runTeacher(gpu, field, plan, { count: 256, seed: seed + 1 }),
  ]);
  return { training, validation };
}

describe('on a small mixture', () => {
  test(
    'training ends nearer to the teacher, the same every time',
    async () => {
      const options = { ...(await pools()), iterations: 75, batch: 64, seed: 1 };
      const result = await trainTangent(gpu, field, spec, options);
      const { predictor, start, best, history } = result;
      const plain = eulerPlan(euler.times, euler.parameters);
      // Other kernels run a plan that nothing moves, and hardware may round those differently.
      const unmoved = await scoreOf(gpu, field, plain, options.validation);
      for (const name of ['mean', 'median'] as const) {
        expect(Math.abs(start[name] / unmoved[name] - 1)).toBeLessThan(1e-5);
      }
      expect(best.score).toBeLessThan(start.score - 0.3);
      expect(best).toEqual(await scoreOf(gpu, field, spec.family.plan, options.validation, predictor));
      expect(history.map(({ iteration }) => iteration)).toEqual([25, 50, 75]);
      expect(best.score).toBe(Math.min(...history.map(({ validation }) => validation.score)));
      expect(result.shared.length).toBe(spec.shared.length);
      expect(result.shared.every((value) => value !== 0)).toBe(true);
      const again = await trainTangent(gpu, field, spec, options);
      expect(again.predictor.parameters).toEqual(predictor.parameters);
      expect(again.history).toEqual(history);
    },
    SLOW,
  );

  test(
    'training that only harms gives the start back',
    async () => {
      const rates = { networks: 30, shared: 30 };
      const options = { ...(await pools()), iterations: 25, batch: 64, rates };
      const { predictor, start, best, bestIteration, history } = await trainTangent(
        gpu,
        field,
        spec,
        options,
      );
      expect(history[0].validation.score).toBeGreaterThan(start.score);
      expect(bestIteration).toBe(0);
      expect(best).toEqual(start);
      expect(predictor.parameters).toEqual(stillTangent(predictor, 0).parameters);
    },
    SLOW,
  );
});

describe('one update', () => {
  const predictor = randomTangent(spec, DIM, seed);
  const layout = tangentLayout(predictor.tangent, DIM);
  const BATCH = 16;

  /** Trains by the batches of some targets in turn, and returns the weights after each. */
  async function updates(targets: Float32Array) {
    const count = targets.length / DIM / BATCH;
    const weights = await NetworkWeights.create(gpu, predictor.parameters, BATCH, {
      updates: count,
      rate: () => 1e-3,
      tail: { first: layout.shared.offset, rate: () => 2e-4 },
      beta1: 0.9,
      beta2: 0.99,
      clip: Infinity,
      skips: true,
    });
    const pool = {
      dim: DIM,
      latents: Float32Array.from(latents(seed, count * BATCH, DIM, 20)),
      states: [targets],
      evaluations: 0,
      seconds: 0,
    };
    const options = { batch: BATCH, softening: 0.1 };
    const trainer = await TangentTrainer.create(gpu, field, predictor, pool, options, weights);
    const states = [];
    for (let i = 0; i < count; i++) {
      trainer.submit(i);
      states.push({
        ...(await weights.state()),
        gradient: new Float32Array(await gpu.read(weights.gradient)),
      });
    }
    trainer.destroy();
    weights.destroy();
    return states;
  }

  test('what is shared learns at its own rate', async () => {
    const [{ parameters, gradient }] = await updates(Float32Array.from(latents(seed + 1, BATCH, DIM, 1)));
    const largest = Math.max(...gradient.map(Math.abs));
    for (const [i, slope] of gradient.entries()) {
      // Adam's first step is the rate itself, where the gradient is not lost beside its epsilon.
      if (Math.abs(slope) < 1e-4 * largest) continue;
      const rate = i < layout.shared.offset ? 1e-3 : 2e-4;
      const step = predictor.parameters[i] - parameters[i];
      expect(Math.abs(step - Math.sign(slope) * rate), `${i}`).toBeLessThan(1e-2 * rate);
    }
    expect(gradient.subarray(layout.shared.offset).some((slope) => Math.abs(slope) > 1e-4 * largest)).toBe(
      true,
    );
  });

  test('a batch that is not finite changes nothing, and the next one does', async () => {
    const targets = Float32Array.from(latents(seed + 1, 3 * BATCH, DIM, 1));
    targets[BATCH * DIM + 3] = Number.NaN;
    const [first, second, third] = await updates(targets);
    expect(first.notFinite).toBe(0);
    expect(second.notFinite).toBe(1);
    expect(second.parameters).toEqual(first.parameters);
    expect(third.notFinite).toBe(1);
    expect(third.parameters).not.toEqual(second.parameters);
    expect(third.parameters.every(Number.isFinite)).toBe(true);
  });
});
