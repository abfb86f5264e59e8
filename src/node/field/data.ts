import { empirical } from '../../field/empirical.js';
import type { Field } from '../../field/field.js';
import { scaleToUnit } from '../../io/scaling.js';
import { loadDataSet } from '../files.js';
import { inFile } from './place.js';

/** What of a data file is taken, and how it becomes a field. */
export interface DataFieldOptions {
  /** Columns to take, as in "0-63"; all by default. */
  columns?: string;
  /** Width of the Gaussian around each row, in the field's units: after scaling, where there is scaling. Default 0. */
  bandwidth?: number;
  /** Whether to scale the data to [-1, 1], by default not; samples come out in the data's own units all the same. */
  scale?: boolean;
}

/** The exact field of a data file; "file.npz:array" chooses an array of an archive. */
export async function loadDataField(path: string, options: DataFieldOptions): Promise<Field> {
  const { columns, bandwidth, scale } = options;
  const raw = await loadDataSet(path, { columns });
  return inFile(path, () => {
    if (!scale) return empirical(raw.values, raw.columns, bandwidth);
    const { dataSet, scaling } = scaleToUnit(raw);
    return empirical(dataSet.values, dataSet.columns, bandwidth, scaling);
  });
}
