import { FewstepError } from '../errors.js';
import type { MixtureSpec } from '../field/mixture.js';
import { sampleMixture } from './sample-mixture.js';

/** A data distribution of the benchmark, known exactly: it can be sampled, and so can its diffusion field. */
export interface Problem {
  name: string;
  /** What it is called in reports. */
  title: string;
  dim: number;
  kind: 'points-2d' | 'vector' | 'image';
  /** [height, width] where a sample is a grey image, row by row, from -1 (black) to 1 (white). */
  imageShape?: readonly [number, number];
  mixture: MixtureSpec;
  /** Independent exact draws of the data distribution, [count * dim], the same for the same seed. */
  sample(count: number, seed: number): Float64Array;
}

/** A problem around a mixture. It is an image where a shape is given, points where it has two dimensions. */
export function mixtureProblem(
  name: string,
  title: string,
  mixture: MixtureSpec,
  imageShape?: readonly [number, number],
): Problem {
  return {
    name,
    title,
    dim: mixture.dim,
    kind: imageShape ? 'image' : mixture.dim === 2 ? 'points-2d' : 'vector',
    ...(imageShape && { imageShape }),
    mixture,
    sample: (count, seed) => sampleMixture(mixture, count, seed),
  };
}

/** Equally likely Gaussians of one standard deviation around the points, [K * dim]: a kernel density. */
export function kernelDensity(points: ArrayLike<number>, dim: number, bandwidth: number): MixtureSpec {
  return {
    kind: 'gaussian-mixture',
    weights: new Float64Array(points.length / dim).fill(1),
    means: Float64Array.from(points),
    stds: Float64Array.of(bandwidth),
    dim,
  };
}

/**
 * The user's data as a problem: its distribution is the kernel density around the rows, so that its
 * diffusion field is exact with no training.
 *
 * @param values [rows * columns], row-major
 * @param bandwidth standard deviation of the kernel, in the data's units; positive, because with 0 the exact
 *   flow would end on the data themselves and the distribution would have no density
 * @param imageShape [height, width] where each row is an image
 * @throws FewstepError `bad-shape`, `not-finite` or `bad-argument`
 */
export function problemFromData(
  name: string,
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  bandwidth: number,
  imageShape?: readonly [number, number],
): Problem {
  if (!(rows >= 1 && columns >= 1) || values.length !== rows * columns) {
    throw new FewstepError(
      'bad-shape',
      `data '${name}': ${values.length} values are not ${rows} rows of ${columns} columns`,
      'give rows x columns values, row by row, with at least one row and one column',
    );
  }
  if (imageShape && imageShape[0] * imageShape[1] !== columns) {
    throw new FewstepError(
      'bad-shape',
      `data '${name}': an image of ${imageShape[0]} x ${imageShape[1]} does not have ${columns} pixels`,
      'give a height and a width whose product is the number of columns',
    );
  }
  if (!(bandwidth > 0 && bandwidth < Infinity)) {
    throw new FewstepError(
      'bad-argument',
      `data '${name}': the bandwidth is ${bandwidth}`,
      "give a positive number, well below the data's own standard deviation",
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new FewstepError(
      'not-finite',
      `data '${name}': row ${Math.floor(i / columns)}, column ${i % columns} is ${values[i]}`,
      'remove or fill in such values first',
    );
  }
  return mixtureProblem(name, name, kernelDensity(values, columns, bandwidth), imageShape);
}
