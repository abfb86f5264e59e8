import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { mlpField } from '../../src/mlp/field.js';
import { kernelDensity } from '../../src/problem/problem.js';
import { random } from '../../src/rng/random.js';
import type { UniversalKind } from '../../src/solver/universal.js';
import { trainedNetworks } from './networks.js';
import { curve, patterns } from './points.js';

/** Of each network, whatever its data. */
const GUIDANCES = { guided: [1.4, 2], 'strongly-guided': [3, 5] };

/** The fields that a kind of universal table is trained over, none of which is a field of the benchmark. */
export async function trainingFields(
  gpu: Gpu,
  kind: UniversalKind,
  seed: number,
  folder: string,
): Promise<Field[]> {
  if (kind === 'exact') return exactFields(seed);
  const models = await trainedNetworks(gpu, seed, folder);
  if (kind === 'network')
    return models.flatMap((model) => [mlpField(model), mlpField(model, { label: 'all' })]);
  return models.flatMap((model) =>
    GUIDANCES[kind].map((guidance) => mlpField(model, { label: 'all', guidance })),
  );
}

/** Random mixtures of 2 to 64 dimensions, patterns of 256 numbers, and data sets along random curves. */
function exactFields(seed: number): Field[] {
  const fields: Field[] = [];
  const source = random(seed, 60);
  for (const dim of [2, 2, 2, 4, 8, 16, 32, 64]) {
    const components = 3 + Math.floor(source.uniform() * 20);
    const width = 0.03 * 8 ** source.uniform();
    fields.push(
      gaussianMixture({
        weights: Array.from({ length: components }, () => source.between(0.3, 1)),
        means: Array.from({ length: components }, () =>
          Array.from({ length: dim }, () => source.between(-1, 1)),
        ),
        stds: Array.from({ length: components }, () => width * source.between(0.5, 1.5)),
      }),
    );
  }
  for (const dim of [2, 2, 2, 8, 32, 128]) {
    const points = curve(source, dim, 200);
    fields.push(gaussianMixture(kernelDensity(points, dim, 0.02 * 4 ** source.uniform())));
  }
  for (const count of [20, 60]) {
    fields.push(
      gaussianMixture(kernelDensity(patterns(source, 256, count), 256, 0.02 * 4 ** source.uniform())),
    );
  }
  return fields;
}
