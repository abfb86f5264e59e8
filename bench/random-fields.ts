import type { Field } from '../src/field/field.js';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
import { type MlpConfig, mlpConfig } from '../src/mlp/config.js';
import { mlpField } from '../src/mlp/field.js';
import { initialParameters } from '../src/mlp/parameters.js';
import { random } from '../src/problem/random.js';

/** A mixture of random weights, means and widths, the same each time. */
export function randomMixture(dim: number, components: number): Field {
  const draw = random(1);
  const means = Array.from({ length: components }, () =>
    Array.from({ length: dim }, () => draw.between(-1, 1)),
  );
  return gaussianMixture({
    weights: means.map(() => draw.between(0.2, 2)),
    means,
    stds: means.map(() => draw.between(0.1, 0.5)),
  });
}

/** A network of three hidden layers with random parameters, the same each time. */
export function randomNetwork(dim: number, width: number): { config: MlpConfig; field: Field } {
  const config = mlpConfig({ dim, width, layers: 3 });
  const draw = random(width);
  // The output layer begins as zeros, which would make D a multiple of x.
  const parameters = initialParameters(config, 1).map((value) => value || 0.05 * draw.normal());
  return { config, field: mlpField({ config, parameters }) };
}
