import { type MlpConfig, mlpConfig } from '../../src/mlp/config.js';
import { initialParameters } from '../../src/mlp/parameters.js';
import { random } from '../../src/rng/random.js';

/** A network and a batch for it. */
export interface MlpShape {
  config: MlpConfig;
  parameters: Float32Array;
  batch: number;
  /** States as they occur at `sigma`, [batch, dim]. */
  x: Float32Array;
  sigma: number;
}

/** A network of three hidden layers, with random parameters in its output layer too. */
export function mlpShape(width: number, batch: number, dim = 64): MlpShape {
  const config = mlpConfig({ dim, width, layers: 3 });
  const draw = random(width);
  const parameters = initialParameters(config, 1).map((value) => value || 0.05 * draw.normal());
  const sigma = 1;
  const x = Float32Array.from({ length: batch * config.dim }, () => Math.hypot(sigma, 0.5) * draw.normal());
  return { config, parameters, batch, x, sigma };
}

/**
 * Multiply-adds of one evaluation. The time embedding's count where each trajectory has its own sigma; where one
 * does for the batch, they are done once.
 */
export function multiplyAdds({ dim, width, layers, embedding }: MlpConfig, sigma: 'one' | 'each'): number {
  const time = sigma === 'each' ? embedding.size : 0;
  return (dim + time) * width + (layers - 1) * (width + time) * width + (width + time) * dim;
}
