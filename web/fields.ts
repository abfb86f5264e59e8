import pinwheel from '../models/pinwheel.safetensors';
import twoMoons from '../models/two-moons.safetensors';
import { decodeModel, type Field, gaussianMixture, mlpField } from '../src/index.js';
import { problemByName } from '../src/problem/registry.js';

/** A field in the plane that the page offers. */
export interface Choice {
  title: string;
  field: Field;
}

const exact = ['ring', 'two-moons', 'pinwheel', 'checkerboard', 'swiss-roll'];
const models = { 'two-moons': twoMoons, pinwheel };

/** Exact fields of the benchmark's problems in 2-D, and the networks that come with the package. */
export const choices: Record<string, Choice> = {
  ...Object.fromEntries(
    exact.map((name) => {
      const { title, mixture } = problemByName(name);
      return [name, { title: `${title}, exact`, field: gaussianMixture(mixture) }];
    }),
  ),
  ...Object.fromEntries(
    Object.entries(models).map(([name, bytes]) => [
      `network-${name}`,
      { title: `${problemByName(name).title}, a trained network`, field: mlpField(decodeModel(bytes, name)) },
    ]),
  ),
};
