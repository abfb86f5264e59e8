import { FewstepError } from '../errors.js';
import type { DataSet } from './dataset.js';

/**
 * One affine map for a whole data set: scaled = (value - offset) / scale. The same for every column, so that
 * angles and ratios of distances stay what they were. Plain data, to be stored with a field.
 */
export interface Scaling {
  readonly offset: number;
  /** Positive, in the data's units. */
  readonly scale: number;
}

/**
 * Scales a data set to [-1, 1]: its smallest value to -1, its largest to 1, up to rounding.
 *
 * @returns the scaled set and the map that was applied; `undoScaling` brings results back to the data's units
 * @throws `bad-data` when all values are equal
 */
export function scaleToUnit(dataSet: DataSet): { dataSet: DataSet; scaling: Scaling } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of dataSet.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // Halved before they are added: the sum of two large values may overflow.
  const scaling = { offset: low / 2 + high / 2, scale: high / 2 - low / 2 };
  if (!(scaling.scale > 0)) {
    throw new FewstepError(
      'bad-data',
      `the data cannot be scaled to [-1, 1]: all ${dataSet.values.length} values are ${low}`,
      'leave the scaling out, or select columns that vary',
    );
  }
  return { dataSet: { ...dataSet, values: applyScaling(scaling, dataSet.values) }, scaling };
}

/**
 * Values from the data's own units to a field's, where the field has a scaling: what `latents` are given in.
 * `undoScaling` is the inverse.
 */
export function applyScaling<Values extends Float32Array | Float64Array>(
  { offset, scale }: Scaling,
  values: Values,
): Values {
  return values.map((value) => (value - offset) / scale) as Values;
}

/**
 * Values from a field's units back to the data's own, where the field has a scaling. `sample` does so with its samples and
 * trajectories; what `solve` returns is in the field's units. `applyScaling` is the inverse.
 */
export function undoScaling<Values extends Float32Array | Float64Array>(
  { offset, scale }: Scaling,
  values: Values,
): Values {
  return values.map((value) => value * scale + offset) as Values;
}
