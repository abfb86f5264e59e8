import { FewstepError } from '../errors.js';
import type { MlpConfig } from '../mlp/config.js';

/** What a network is trained on, in the field's units. */
export interface TrainingData {
  /** [rows, dim]. */
  values: Float32Array;
  /** One of each row's, 0 to classes - 1; for a model with classes. */
  labels?: Uint32Array;
}

/**
 * Data as a training keeps them: a copy, of whichever kind of array they were.
 * @throws FewstepError bad-shape, not-finite or bad-data naming the row
 */
export function ownData({ dim, classes }: MlpConfig, given: TrainingData, name: string): TrainingData {
  const values = Float32Array.from(given.values);
  const { labels } = given;
  const rows = values.length / dim;
  if (values.length === 0 || !Number.isInteger(rows)) {
    throw new FewstepError(
      'bad-shape',
      `the ${name}'s ${values.length} values are no rows of ${dim}`,
      'give rows x dim values, with at least one row',
    );
  }
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    throw new FewstepError(
      'not-finite',
      `the ${name} has ${values[broken]} in row ${Math.floor(broken / dim)}, column ${broken % dim}`,
      'remove or replace such values (rows and columns are counted from 0)',
    );
  }
  if (classes === 0) return { values };
  if (labels?.length !== rows) {
    throw new FewstepError(
      'bad-shape',
      `the ${name} has ${labels?.length ?? 0} labels for ${rows} rows`,
      'give a label for each row, or train a model without classes',
    );
  }
  const foreign = Array.prototype.findIndex.call(
    labels,
    (label: unknown) => !(Number.isInteger(label) && (label as number) >= 0 && (label as number) < classes),
  );
  if (foreign < 0) return { values, labels: Uint32Array.from(labels) };
  throw new FewstepError(
    'bad-data',
    `the ${name} has the label ${labels[foreign]} in row ${foreign}, for a model with ${classes} classes`,
    `use labels from 0 to ${classes - 1}, or a model with more classes`,
  );
}

/** The root mean square of all values about their one mean: EDM's sigma_data (arXiv 2206.00364). */
export function standardDeviation(values: ArrayLike<number>): number {
  let [least, most] = [Infinity, -Infinity];
  let mean = 0;
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]);
    most = Math.max(most, values[i]);
    mean += values[i] / values.length;
  }
  // The mean is rounded, and values that are all the same would not be it.
  if (least === most) return 0;
  let variance = 0;
  for (let i = 0; i < values.length; i++) variance += (values[i] - mean) ** 2 / values.length;
  return Math.sqrt(variance);
}
