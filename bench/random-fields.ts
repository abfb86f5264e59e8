import type { Field } from '../src/field/field.js';
import { gaussianMixture, mixtureSpec } from '../src/field/gaussian-mixture.js';
import type { MixtureSpec } from '../src/field/mixture.js';
import { mlpConfig } from '../src/mlp/config.js';
import { type MlpModel, mlpField } from '../src/mlp/field.js';
import { initialParameters } from '../src/mlp/parameters.js';
import { random } from '../src/rng/random.js';

/** A mixture of random weights, means and widths, the same each time. */
export function randomSpec(dim: number, components: number): MixtureSpec {
  const draw = random(1);
  const means = Array.from({ length: components }, () =>
    Array.from({ length: dim }, () => draw.between(-1, 1)),
  );
  return mixtureSpec({
    weights: means.map(() => draw.between(0.2, 2)),
    means,
    stds: means.map(() => draw.between(0.1, 0.5)),
  });
}

export function randomMixture(dim: number, components: number): Field {
  return gaussianMixture(randomSpec(dim, components));
}

/** A network of three hidden layers with random parameters, the same each time. */
export function randomModel(dim: number, width: number): MlpModel {
  const config = mlpConfig({ dim, width, layers: 3 });
  const draw = random(width);
  // The output layer begins as zeros, which would make D a multiple of x.
  return { config, parameters: initialParameters(config, 1).map((value) => value || 0.05 * draw.normal()) };
}

export function randomNetwork(dim: number, width: number): MlpModel & { field: Field } {
  const model = randomModel(dim, width);
  return { ...model, field: mlpField(model) };
}
