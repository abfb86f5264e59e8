import type { MlpConfig } from '../mlp/config.js';
import { MlpReference } from '../mlp/reference.js';
import type { OptimiserStep } from './schedule.js';

/** Flat parameters and what the optimiser keeps of each, [parameterLayout.size] each. */
export interface OptimiserState<Numbers> {
  parameters: Numbers;
  /** Moving average of the parameters: the model that training is for. */
  average: Numbers;
  /** Moving averages of the gradient and of its square. */
  first: Numbers;
  second: Numbers;
}

/** A batch as it was drawn. */
export interface DrawnBatch {
  /** Data y and states x = y + sigma n, [trajectories, dim]. */
  clean: ArrayLike<number>;
  noisy: ArrayLike<number>;
  /** Noise levels, and weights of the loss, [trajectories] each. */
  sigma: ArrayLike<number>;
  weight: ArrayLike<number>;
  /** [trajectories], of a model with classes; their number stands for none. */
  labels?: ArrayLike<number>;
}

/** The mean over a batch of weight |D(x, sigma) - y|^2 and its gradient, in float64. */
export function lossReference(
  config: MlpConfig,
  parameters: ArrayLike<number>,
  { clean, noisy, sigma, weight, labels }: DrawnBatch,
): { loss: number; gradient: Float64Array } {
  const { dim } = config;
  const network = new MlpReference(config, parameters);
  const gradient = new Float64Array(parameters.length);
  const trajectories = sigma.length;
  let loss = 0;
  for (let row = 0; row < trajectories; row++) {
    const x = Float64Array.from({ length: dim }, (_, d) => noisy[row * dim + d]);
    const pass = network.forward(x, sigma[row], labels?.[row]);
    const error = pass.denoised.map((value, d) => value - clean[row * dim + d]);
    loss += (weight[row] * error.reduce((sum, value) => sum + value ** 2, 0)) / trajectories;
    network.vjp(
      pass,
      error.map((value) => (2 * weight[row] * value) / trajectories),
      gradient,
    );
  }
  return { loss, gradient };
}

/** One step of clipping, Adam or AdamW, and the moving average, in float64: the twin of shaders/train/update.wgsl. */
export function updateReference(
  state: OptimiserState<ArrayLike<number>>,
  gradient: ArrayLike<number>,
  step: OptimiserStep,
): OptimiserState<Float64Array> {
  const norm = Math.sqrt(Array.from(gradient).reduce((sum, value) => sum + value ** 2, 0));
  const scale = norm > step.clip ? step.clip / norm : 1;
  const [parameters, average, first, second] = [
    state.parameters,
    state.average,
    state.first,
    state.second,
  ].map((values) => Float64Array.from(values));
  for (let i = 0; i < parameters.length; i++) {
    const g = scale * gradient[i];
    first[i] = step.beta1 * first[i] + (1 - step.beta1) * g;
    second[i] = step.beta2 * second[i] + (1 - step.beta2) * g * g;
    const direction =
      (step.correction1 * first[i]) / (Math.sqrt(step.correction2 * second[i]) + step.epsilon);
    parameters[i] -= step.weight_decay * parameters[i] + step.rate * direction;
    average[i] += step.ema_share * (parameters[i] - average[i]);
  }
  return { parameters, average, first, second };
}
