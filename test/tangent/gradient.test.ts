import { describe, expect, test } from 'vitest';
import { NetworkWeights } from '../../src/distill/network/network-weights.js';
import { TangentTrainer } from '../../src/distill/network/tangent-trainer.js';
import { conditionsOf } from '../../src/execute/conditions.js';
import { solveReference } from '../../src/execute/reference.js';
import { tangentGradientReference } from '../../src/execute/tangent-gradient-reference.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import { tangentLayout } from '../../src/tangent/tangent-layout.js';
import { MOVES } from '../../src/tangent/tangent-plan.js';
import type { TangentPredictor } from '../../src/tangent/tangent-predictor.js';
import { TangentReference } from '../../src/tangent/tangent-reference.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { eulerSpec, nearEuler, randomTangent } from './fixtures.js';

const seed = freshSeed();
const BATCH = 24;
const STEPS = 3;
const SOFTENING = 0.3;

/** The loss log(mean |e|) + mean(log |e|^2) / 4 with |e|^2 softened, and its cotangent. */
function logMean(samples: Float64Array, targets: Float64Array, dim: number) {
  const batch = samples.length / dim;
  const errors = samples.map((value, i) => value - targets[i]);
  const squares = Float64Array.from({ length: batch }, (_, b) =>
    errors.subarray(b * dim, (b + 1) * dim).reduce((sum, e) => sum + e * e, SOFTENING),
  );
  const mean = squares.reduce((sum, square) => sum + Math.sqrt(square), 0) / batch;
  const value = Math.log(mean) + squares.reduce((sum, square) => sum + Math.log(square), 0) / (4 * batch);
  const cotangent = errors.map((e, i) => {
    const square = squares[Math.floor(i / dim)];
    return (2 * e * (0.5 / (mean * Math.sqrt(square)) + 0.25 / square)) / batch;
  });
  return { value, cotangent };
}

const config = mlpConfig({ dim: 6, width: 32, layers: 2, classes: 3 });
const model = { config, parameters: randomParameters(config, random(seed, 7)) };

describe.each<[string, Field]>([
  ...[1, 3, 70].map((dim): [string, Field] => [
    `${dim} dimensions`,
    gaussianMixture(randomMixture(seed, dim, 4, 'per-component')),
  ]),
  ['labels', mlpField(model, { label: 'all' })],
])('%s', (_, field) => {
  const { dim } = field;
  const conditions = conditionsOf(field, BATCH)?.reverse();
  const spec = eulerSpec(nearEuler(STEPS, seed, 0.1));
  const predictor = randomTangent(spec, dim, seed);
  const { plan } = spec.family;
  const layout = tangentLayout(predictor.tangent, dim);
  const x = latents(seed, BATCH, dim, 20);
  const targets = latents(seed + 1, BATCH, dim, 1);
  const tensors = [
    ...layout.networks.flatMap((own) => [own.hiddenWeight, own.hiddenBias, own.outputWeight, own.outputBias]),
    layout.shared,
  ];
  const exact = () =>
    tangentGradientReference(field, predictor, {
      latents: x,
      conditions,
      cotangent: (samples) => logMean(samples, targets, dim).cotangent,
    });

  test(
    'in float64 it is the difference of the loss, features taken as they are',
    () => {
      const { gradient } = exact();
      const all = Array.from({ length: plan.slots }, (_, slot) => slot);
      const { kept, answers } = solveReference(field, plan, { latents: x, conditions, predictor, keep: all });
      // What each network reads, of the run at these parameters.
      const reference = new TangentReference(predictor, field);
      const read = Array.from({ length: BATCH }, (_, row) => {
        const own = Float64Array.from({ length: MOVES * STEPS }, (__, i) => answers![i * BATCH + row]);
        const slot = (s: number) => kept.get(s)!.subarray(row * dim, (row + 1) * dim);
        return predictor.tangent.evaluations.map((_, k) => reference.features(k, own, slot));
      });
      const lossOf = (parameters: Float64Array) => {
        const moved = new TangentReference(
          { ...predictor, parameters } as unknown as TangentPredictor,
          field,
        );
        const columns = new Float64Array(plan.columns * BATCH);
        for (const [row, features] of read.entries()) {
          const moves = features.flatMap((own, k) => [...moved.network.forward(k, own).moves]);
          for (const [c, value] of moved.columns(Float64Array.from(moves)).entries()) {
            columns[c * BATCH + row] = value;
          }
        }
        return logMean(solveReference(field, plan, { latents: x, conditions, columns }).samples, targets, dim)
          .value;
      };
      const parameters = Float64Array.from(predictor.parameters);
      const source = random(seed, 6);
      for (const { name, offset, shape } of tensors) {
        const size = shape[0] * shape[1];
        const scale = Math.max(...gradient.subarray(offset, offset + size).map(Math.abs));
        const picked =
          name === 'shared'
            ? Array.from({ length: size }, (_, i) => i)
            : Array.from({ length: 3 }, () => Math.floor(source.uniform() * size));
        for (const i of picked) {
          const at = (by: number) => lossOf(parameters.with(offset + i, parameters[offset + i] + by));
          const numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
          const error = Math.abs(gradient[offset + i] - numeric);
          expect(error, `${name}[${i}]`).toBeLessThan(1e-5 * scale);
        }
      }
    },
    SLOW,
  );

  test(
    'on the GPU it is that in float64, the loss too',
    async () => {
      const weights = await NetworkWeights.create(gpu, predictor.parameters, BATCH, {
        updates: 1,
        rate: () => 0,
        beta1: 0.9,
        beta2: 0.99,
        clip: Infinity,
      });
      // The second of two batches.
      const [before, others] = [latents(seed + 2, BATCH, dim, 20), latents(seed + 3, BATCH, dim, 1)];
      const pool = {
        dim,
        latents: Float32Array.of(...before, ...x),
        ...(conditions && { conditions: Uint32Array.of(...conditions.toReversed(), ...conditions) }),
        states: [Float32Array.of(...others, ...targets)],
        evaluations: 0,
        seconds: 0,
      };
      const options = { batch: BATCH, softening: SOFTENING };
      const trainer = await TangentTrainer.create(gpu, field, predictor, pool, options, weights);
      trainer.submit(1);
      const actual = new Float32Array(await gpu.read(weights.gradient));
      const { loss } = await trainer.figures();
      trainer.destroy();
      weights.destroy();
      const { gradient, samples } = exact();
      expect(Math.abs(loss - logMean(samples, targets, dim).value)).toBeLessThan(1e-4);
      for (const { name, offset, shape } of tensors) {
        const own = gradient.subarray(offset, offset + shape[0] * shape[1]);
        const scale = Math.max(...own.map(Math.abs));
        expect(scale).toBeGreaterThan(0);
        for (const [i, value] of own.entries()) {
          expect(Math.abs(actual[offset + i] - value), `${name}[${i}]`).toBeLessThan(1e-3 * scale);
        }
      }
    },
    SLOW,
  );
});
