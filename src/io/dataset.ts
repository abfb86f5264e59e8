import { FewstepError } from '../errors.js';
import { elementCount, type NdArray, shapeText } from './array.js';
import { selectColumns } from './columns.js';

/** Rows of equal length, row-major, in float64. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** rows * columns values; row i begins at i * columns. */
  readonly values: Float64Array;
}

/** A data set: one point a row, all values finite, at least one row. */
export interface DataSet extends Matrix {
  /** One label a row, as written in the file's label column. */
  readonly labels?: readonly string[];
  /** Names of the columns where the file has a header. */
  readonly columnNames?: readonly string[];
  /** Height and width where each row is an image, row by row; their product is `columns`. */
  readonly imageShape?: readonly [height: number, width: number];
}

/**
 * An array as a data set: the first axis counts the points, the others are one row. An array [N, h, w] is a set
 * of images.
 *
 * @param array [N], [N, D] or [N, ...] with any element type
 * @param name the file, for errors
 * @throws `bad-data` for an array without rows or columns, or with a NaN or an infinity
 */
export function toDataSet(array: NdArray, name: string): DataSet {
  const { shape, values } = array;
  if (shape.length === 0 || values.length === 0) {
    throw new FewstepError(
      'bad-data',
      `${name} is no data set: its shape is ${shapeText(shape)}`,
      'give an array of shape [points, dimensions] with at least one of each',
    );
  }
  const [rows, ...point] = shape;
  const matrix = { rows, columns: elementCount(point), values };
  requireFinite(matrix, name);
  return point.length === 2 ? { ...matrix, imageShape: [point[0], point[1]] } : matrix;
}

/**
 * The data set with only the selected columns (see `selectColumns`), in the order of the selection. It is no
 * longer a set of images.
 */
export function pickColumns(dataSet: DataSet, selection: string, name: string): DataSet {
  const { rows, columns, values, columnNames, labels } = dataSet;
  const chosen = selectColumns(selection, { name, count: columns, names: columnNames });
  const picked = new Float64Array(rows * chosen.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (const column of chosen) picked[at++] = values[row * columns + column];
  }
  return {
    rows,
    columns: chosen.length,
    values: picked,
    labels,
    columnNames: columnNames && chosen.map((column) => columnNames[column]),
  };
}

/**
 * The data set as images of a given height and width.
 *
 * @throws `bad-shape` when a row has another number of values
 */
export function asImages(dataSet: DataSet, imageShape: readonly [number, number], name: string): DataSet {
  if (elementCount(imageShape) !== dataSet.columns) {
    throw new FewstepError(
      'bad-shape',
      `${name} has ${dataSet.columns} columns, which are no images of ${imageShape.join(' x ')}`,
      'give a height and a width whose product is the number of columns, or select other columns',
    );
  }
  return { ...dataSet, imageShape };
}

/**
 * Checks an array given as latents (or as other points for a field of known dimension).
 *
 * @param array must be [B, columns], float32 or float64, B at least 1, every value finite
 * @param name the file or argument, for errors
 * @throws `bad-shape` for another shape, `bad-data` for another element type or a value that is not finite
 */
export function expectMatrix(array: NdArray, { name, columns }: { name: string; columns: number }): Matrix {
  const { shape, dtype, values } = array;
  if (shape.length !== 2 || shape[1] !== columns || shape[0] < 1) {
    throw new FewstepError(
      'bad-shape',
      `${name} has shape ${shapeText(shape)}, expected [B, ${columns}] with at least one row`,
      `give one row for each sample and ${columns} columns, one for each dimension`,
    );
  }
  if (dtype !== 'float32' && dtype !== 'float64') {
    throw new FewstepError(
      'bad-data',
      `${name} holds ${dtype}, expected float32 or float64`,
      'convert it, for instance with array.astype(numpy.float32)',
    );
  }
  const matrix = { rows: shape[0], columns, values };
  requireFinite(matrix, name);
  return matrix;
}

function requireFinite({ columns, values }: Matrix, name: string): void {
  // A plain loop: ten times as fast as findIndex on the 47 million values of a set like MNIST.
  let at = 0;
  while (at < values.length && Number.isFinite(values[at])) at++;
  if (at === values.length) return;
  throw new FewstepError(
    'bad-data',
    `${name}, row ${Math.floor(at / columns)}, column ${at % columns}: the value ${values[at]} is not finite`,
    'remove or replace such values (rows and columns are counted from 0)',
  );
}
