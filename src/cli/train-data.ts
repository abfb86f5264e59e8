import { createHash } from 'node:crypto';
import { FewstepError } from '../errors.js';
import type { DataSet } from '../io/dataset.js';
import { type Scaling, scaleToUnit } from '../io/scaling.js';
import { LONGEST_LABEL } from '../mlp/labels.js';
import { loadDataSet } from '../node/files.js';
import type { Problem } from '../problem/problem.js';
import { problemByName } from '../problem/registry.js';
import { random } from '../rng/random.js';
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
  /** Names of the classes in their order. */
  labelNames?: string[];
  sigmaData: number;
  /** Where the data are draws of a built-in problem. */
  problem?: Problem;
  /** Height and width where the rows are known to be images. */
  imageShape?: readonly [number, number];
  scaling?: Scaling;
  data: TrainingData;
  heldOut: TrainingData;
  /** Of all values and labels: tells whether a resumed run has the data that it began with. */
  digest: string;
}

/** True draws of a problem to train on, fewer where states are large; a tenth more are held out. */
const PROBLEM_DRAWS = 50_000;
const MOST_NUMBERS = 2 ** 24;
/** Part of the data that is held out. */
const HELD_OUT = 0.1;
/** Stream of the choice of rows, apart from that of the parameters. */
const SPLIT_STREAM = 1;

/**
 * @param seed of the draws of a problem, and of the choice of the rows of a file that are held out: at random,
 *   because files are often sorted, and then the last rows are unlike all others
 */
export async function loadTrainingData(source: TrainingSource, seed: number): Promise<LoadedData> {
  if ('problem' in source) {
    const problem = problemByName(source.problem);
    const rows = Math.min(PROBLEM_DRAWS, Math.floor(MOST_NUMBERS / problem.dim));
    const heldOut = Math.ceil(rows * HELD_OUT);
    const values = problem.sample(rows + heldOut, seed);
    const drawn = { rows: rows + heldOut, columns: problem.dim, values, imageShape: problem.imageShape };
    return { ...split(problem.name, drawn, heldOut), problem };
  }
  const { data, columns, labels, scale } = source;
  const raw = await loadDataSet(data, { columns, labelColumn: labels });
  const heldOut = Math.ceil(raw.rows * HELD_OUT);
  if (raw.rows < 2) {
    throw new FewstepError('bad-data', `${data} has one row`, 'give at least two: one of them is held out');
  }
  const { dataSet, scaling } = scale ? scaleToUnit(raw) : { dataSet: raw, scaling: undefined };
  return { ...split(data, shuffled(dataSet, seed), heldOut), scaling };
}

/** The rows of a data set in a random order (Durstenfeld, 1964). */
function shuffled(dataSet: DataSet, seed: number): DataSet {
  const { rows, columns, values, labels } = dataSet;
  const source = random(seed, SPLIT_STREAM);
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  for (let left = rows; left > 1; left--) {
    const chosen = Math.floor(left * source.uniform());
    [order[left - 1], order[chosen]] = [order[chosen], order[left - 1]];
  }
  const moved = new Float64Array(values.length);
  order.forEach((row, place) => {
    moved.set(values.subarray(row * columns, (row + 1) * columns), place * columns);
  });
  return { ...dataSet, values: moved, labels: labels && Array.from(order, (row) => labels[row]) };
}

function split(
  name: string,
  { rows, columns, values, labels, imageShape }: DataSet,
  heldOut: number,
): LoadedData {
  const numbers = Float32Array.from(values);
  const classNames = [...new Set(labels)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const long = classNames.find((label) => label.length > LONGEST_LABEL);
  if (long !== undefined) {
    throw new FewstepError(
      'bad-data',
      `${name} has a label of ${long.length} characters: ${long.slice(0, 40)}...`,
      `give labels of at most ${LONGEST_LABEL} characters`,
    );
  }
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
    ...(labels && { labelNames: classNames }),
    ...(imageShape && { imageShape }),
    sigmaData,
    data,
    heldOut: part(rows - heldOut, rows),
    digest: hash.digest('hex'),
  };
}
