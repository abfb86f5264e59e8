import { empirical } from '../../src/field/empirical.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { mlpField } from '../../src/mlp/field.js';
import { kernelDensity } from '../../src/problem/problem.js';
import { type Random, random } from '../../src/rng/random.js';
import type { UniversalKind } from '../../src/solver/universal.js';
import { drawings } from './drawings.js';
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
  if (isExact(kind)) return exactFields[kind](seed);
  const models = await trainedNetworks(gpu, seed, folder);
  if (kind === 'network')
    return models.flatMap((model) => [mlpField(model), mlpField(model, { label: 'all' })]);
  return models.flatMap((model) =>
    GUIDANCES[kind].map((guidance) => mlpField(model, { label: 'all', guidance })),
  );
}

const exactFields = {
  exact,
  'low-dimensional': lowDimensional,
  mixture: mixtures,
  density: densities,
  points,
};

/** Whether a kind's fields are known exactly: the others are networks. */
export function isExact(kind: UniversalKind): kind is keyof typeof exactFields {
  return kind in exactFields;
}

/** Random mixtures of 2 to 64 dimensions, patterns of 256 numbers, and data sets along random curves. */
function exact(seed: number): Field[] {
  const source = random(seed, 60);
  return [
    ...[2, 2, 2, 4, 8, 16, 32, 64].map((dim) => mixture(source, dim)),
    ...[2, 2, 2, 8, 32, 128].map((dim) => narrow(source, dim, curve(source, dim, 200))),
    ...[20, 60].map((count) => narrow(source, 256, patterns(source, 256, count))),
  ];
}

function lowDimensional(seed: number): Field[] {
  const source = random(seed, 61);
  const dims = [2, 2, 2, 2, 2, 3, 4];
  return [
    ...dims.map((dim) => mixture(source, dim)),
    ...dims.map((dim) => narrow(source, dim, curve(source, dim, 200))),
  ];
}

function mixtures(seed: number): Field[] {
  const source = random(seed, 62);
  return [8, 8, 16, 16, 32, 32, 64, 64, 128, 128].map((dim) => mixture(source, dim));
}

function densities(seed: number): Field[] {
  const source = random(seed, 63);
  return [
    ...[16, 32, 64, 128].map((dim) => narrow(source, dim, curve(source, dim, 200))),
    ...[20, 60].map((count) => narrow(source, 256, patterns(source, 256, count))),
    narrow(source, 64, patterns(source, 64, 200)),
    narrow(source, 144, patterns(source, 144, 100)),
    narrow(source, 64, drawings(source, { side: 8, classes: 10, rows: 400 }).values),
    narrow(source, 256, drawings(source, { side: 16, classes: 10, rows: 200 }).values),
  ];
}

function points(seed: number): Field[] {
  const source = random(seed, 64);
  const scattered = (dim: number, rows: number) =>
    Float64Array.from({ length: dim * rows }, () => source.between(-1, 1));
  return [
    empirical(curve(source, 8, 300), 8),
    empirical(curve(source, 32, 400), 32),
    empirical(curve(source, 128, 300), 128),
    empirical(scattered(16, 300), 16),
    empirical(scattered(64, 500), 64),
    empirical(patterns(source, 64, 400), 64),
    empirical(patterns(source, 256, 100), 256),
    empirical(drawings(source, { side: 8, classes: 10, rows: 600 }).values, 64),
    empirical(drawings(source, { side: 12, classes: 10, rows: 300 }).values, 144),
  ];
}

/** A random mixture of 3 to 22 components. */
function mixture(source: Random, dim: number): Field {
  const components = 3 + Math.floor(source.uniform() * 20);
  const width = 0.03 * 8 ** source.uniform();
  return gaussianMixture({
    weights: Array.from({ length: components }, () => source.between(0.3, 1)),
    means: Array.from({ length: components }, () => Array.from({ length: dim }, () => source.between(-1, 1))),
    stds: Array.from({ length: components }, () => width * source.between(0.5, 1.5)),
  });
}

/** The density around points, 0.02 to 0.08 wide. */
function narrow(source: Random, dim: number, around: ArrayLike<number>): Field {
  return gaussianMixture(kernelDensity(around, dim, 0.02 * 4 ** source.uniform()));
}
