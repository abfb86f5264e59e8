import { createHash } from 'node:crypto';
import { FewstepError } from '../errors.js';
import type { DataSet } from '../io/dataset.js';
import { type Scaling, scaleToUnit } from '../io/scaling.js';
import { loadDataSet } from '../node/files.js';
import { problemByName } from '../problem/registry.js';
import { standardDeviation, type TrainingData } from '../train/data.js';

/** Where training data come from, as a checkpoint remembers it. */
export type TrainingSource =
  | { problem: string }
  | { data: string; columns?: string; labels?: string; scale?: boolean };

/** Data ready to train on. */
export interface LoadedData {
  /** The problem's or the file's name. */
  name: string;
  dim: number;
  /** 0 without labels. */
  classes: number;
  sigmaData: number;
  scaling?: Scaling;
  data: TrainingData;
  heldOut: TrainingData;
  /** Of all values and labels: tells whether a resumed run has the data that it began with. */
  digest: string;
}

/** True draws of a problem to train on, fewer where states are large; a tenth more are held out. */
const PROBLEM_DRAWS = 50_000;
const MOST_NUMBERS = 2 ** 24;
/** Part of a data file that is held out: its last rows. */
const HELD_OUT = 0.1;

/** @param seed of the draws of a problem */
export async function loadTrainingData(source: TrainingSource, seed: number): Promise<LoadedData> {
  if ('problem' in source) {
    const problem = problemByName(source.problem);
    const rows = Math.min(PROBLEM_DRAWS, Math.floor(MOST_NUMBERS / problem.dim));
    const heldOut = Math.ceil(rows * HELD_OUT);
    const values = problem.sample(rows + heldOut, seed);
    return split(problem.name, { rows: rows + heldOut, columns: problem.dim, values }, heldOut);
  }
  const { data, columns, labels, scale } = source;
  const raw = await loadDataSet(data, { columns, labelColumn: labels });
  const heldOut = Math.ceil(raw.rows * HELD_OUT);
  if (raw.rows < 2) {
    throw new FewstepError('bad-data', `${data} has one row`, 'give at least two: one of them is held out');
  }
  if (!scale) return split(data, raw, heldOut);
  const { dataSet, scaling } = scaleToUnit(raw);
  return { ...split(data, dataSet, heldOut), scaling };
}

function split(name: string, { rows, columns, values, labels }: DataSet, heldOut: number): LoadedData {
  const numbers = Float32Array.from(values);
  const classNames = [...new Set(labels)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const indices = labels && Uint32Array.from(labels, (label) => classNames.indexOf(label));
  const part = (from: number, to: number): TrainingData => ({
    values: numbers.subarray(from * columns, to * columns),
    ...(indices && { labels: indices.subarray(from, to) }),
  });
  const data = part(0, rows - heldOut);
  const sigmaData = standardDeviation(data.values);
  if (!(sigmaData > 0)) {
    throw new FewstepError('bad-data', `${name}: all values are the same`, 'select columns that vary');
  }
  const hash = createHash('sha256').update(numbers);
  if (indices) hash.update(indices);
  return {
    name,
    dim: columns,
    classes: classNames.length,
    sigmaData,
    data,
    heldOut: part(rows - heldOut, rows),
    digest: hash.digest('hex'),
  };
}
