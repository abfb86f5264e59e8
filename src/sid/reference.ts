import type { MlpConfig } from '../mlp/config.js';
import { MlpReference } from '../mlp/reference.js';
import type { Objective } from './objective.js';

/** A batch of the generator's loss as it was drawn. */
export interface GeneratorBatch {
  /** Latents, y = g(z) and y_t = y + sigma n, [trajectories, dim]. */
  latents: ArrayLike<number>;
  generated: ArrayLike<number>;
  noisy: ArrayLike<number>;
  /** [trajectories]. */
  sigma: ArrayLike<number>;
  labels?: ArrayLike<number>;
}

/** Parameters of the three networks. */
export interface SidParameters {
  teacher: ArrayLike<number>;
  fake: ArrayLike<number>;
  generator: ArrayLike<number>;
}

/** What one trajectory's loss comes to: p, q and r of shaders/sid/loss.wgsl are made from these, [dim] each. */
export interface LossTerms {
  generated: Float64Array;
  noisy: Float64Array;
  real: Float64Array;
  fake: Float64Array;
  sigma: number;
}

/** The least mean of |q| that a loss is normalised by. */
const SMALLEST = 1e-5;

/** 1 / sigma^2, or what normalises the loss between x_0. No gradient is taken of it. */
export function lossWeight({ normalised }: Objective, { real, generated, sigma }: LossTerms): number {
  if (!normalised) return 1 / sigma ** 2;
  const mean = real.reduce((sum, value, d) => sum + Math.abs(value - generated[d]), 0) / real.length;
  return 100 / Math.max(SMALLEST, mean);
}

/**
 * The loss of one trajectory and its cotangents, in float64: the twin of shaders/sid/loss.wgsl. The cotangent of y is
 * that of y and y_t together, D being what it is.
 * @param weight of the loss; by default `lossWeight`
 */
export function generatorLoss(
  objective: Objective,
  terms: LossTerms,
  weight = lossWeight(objective, terms),
): { loss: number; toReal: Float64Array; toFake: Float64Array; toGenerated: Float64Array } {
  const { l1, l2, l3 } = objective;
  const { generated, noisy, real, fake } = terms;
  const p = real.map((value, d) => value - fake[d]);
  const q = real.map((value, d) => value - generated[d]);
  const r = noisy.map((value, d) => value - fake[d]);
  const sum = p.reduce(
    (total, _, d) => total + l1 * p[d] ** 2 + l2 * p[d] * q[d] + l3 * (q[d] ** 2 + r[d] ** 2),
    0,
  );
  return {
    loss: weight * sum,
    toReal: p.map((_, d) => weight * (2 * l1 * p[d] + l2 * (p[d] + q[d]) + 2 * l3 * q[d])),
    toFake: p.map((_, d) => -weight * (2 * l1 * p[d] + l2 * q[d] + 2 * l3 * r[d])),
    toGenerated: p.map((_, d) => weight * (2 * l3 * (r[d] - q[d]) - l2 * p[d])),
  };
}

/** The generator's mean loss over a batch and its gradient to the generator's parameters, in float64. */
export function generatorReference(
  config: MlpConfig,
  parameters: SidParameters,
  { latents, generated, noisy, sigma, labels }: GeneratorBatch,
  objective: Objective,
  generatorSigma: number,
): { loss: number; gradient: Float64Array } {
  const { dim } = config;
  const [teacher, fake, generator] = [parameters.teacher, parameters.fake, parameters.generator].map(
    (values) => new MlpReference(config, values),
  );
  const gradient = new Float64Array(parameters.generator.length);
  const trajectories = sigma.length;
  let loss = 0;
  for (let row = 0; row < trajectories; row++) {
    const rowOf = (values: ArrayLike<number>) =>
      Float64Array.from({ length: dim }, (_, d) => values[row * dim + d]);
    const made = generator.forward(rowOf(latents), generatorSigma, labels?.[row]);
    // The noise that was drawn, on top of what float64 makes.
    const [y, yt] = [rowOf(generated), rowOf(noisy)];
    const state = made.denoised.map((value, d) => value + yt[d] - y[d]);
    const real = teacher.forward(state, sigma[row], labels?.[row]);
    const own = fake.forward(state, sigma[row], labels?.[row]);
    const terms = {
      generated: made.denoised,
      noisy: state,
      real: real.denoised,
      fake: own.denoised,
      sigma: sigma[row],
    };
    const { loss: part, toReal, toFake, toGenerated } = generatorLoss(objective, terms);
    loss += part / trajectories;
    const pulled = [teacher.vjp(real, toReal).x, fake.vjp(own, toFake).x];
    const cotangent = toGenerated.map((value, d) => (value + pulled[0][d] + pulled[1][d]) / trajectories);
    generator.vjp(made, cotangent, gradient);
  }
  return { loss, gradient };
}
