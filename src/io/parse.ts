import { FewstepError } from '../errors.js';
import type { NdArray } from './array.js';
import { type CsvOptions, parseCsv } from './csv.js';
import { asImages, type DataSet, pickColumns, toDataSet } from './dataset.js';
import { gunzip, isGzip } from './gzip.js';
import { isIdx, parseIdx } from './idx.js';
import { isNpy, parseNpy } from './npy.js';
import { isZip, parseNpz, splitArrayName } from './npz.js';

export interface DataSetOptions extends CsvOptions {
  /** Height and width, where each row is an image that the file does not declare as one. */
  readonly imageShape?: readonly [height: number, width: number];
}

/**
 * Reads a data set from CSV, .npy, .npz or IDX, each also compressed with gzip. The content decides which it
 * is; the name only where the content leaves it open.
 *
 * @param name the file's name, for errors; "file.npz:array" chooses an array of an archive
 * @returns one point a row, in the file's own units
 * @throws `bad-data`, `bad-argument`, `bad-shape` or `unknown-name`, naming the file and the place
 */
export function parseDataSet(name: string, bytes: Uint8Array, options: DataSetOptions = {}): DataSet {
  const plain = decompress(name, bytes);
  const array = tryParseArray(name, plain);
  if (array && options.labelColumn !== undefined) {
    throw new FewstepError(
      'bad-argument',
      `${name}: only a CSV file has a label column`,
      'leave the label column out and select the columns of the data',
    );
  }
  let dataSet = array ? toDataSet(array, name) : parseCsv(plain, { ...options, name });
  if (array && options.columns !== undefined) dataSet = pickColumns(dataSet, options.columns, name);
  return options.imageShape ? asImages(dataSet, options.imageShape, name) : dataSet;
}

/**
 * Reads an array of any shape from .npy, .npz or IDX, each also compressed with gzip.
 *
 * @param name the file's name, for errors; "file.npz:array" chooses an array of an archive
 * @throws `bad-data` or `unknown-name`, naming the file and the place
 */
export function parseArray(name: string, bytes: Uint8Array): NdArray {
  const array = tryParseArray(name, decompress(name, bytes));
  if (array) return array;
  throw new FewstepError(
    'bad-data',
    `${name} is not an .npy, .npz or IDX file`,
    'write the array with numpy.save',
  );
}

function decompress(name: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) {
    throw new FewstepError('bad-data', `${name} is empty`, 'check the program or download that wrote it');
  }
  return isGzip(bytes) ? gunzip(bytes, name) : bytes;
}

/** The array in a file of one of the array formats, or undefined where content and name speak for a table. */
function tryParseArray(name: string, bytes: Uint8Array): NdArray | undefined {
  const { path, array } = splitArrayName(name);
  const claimed = path.replace(/\.gz$/i, '');
  if (isNpy(bytes)) return parseNpy(bytes, name);
  if (isZip(bytes)) return parseNpz(bytes, path, array);
  if (isIdx(bytes)) return parseIdx(bytes, name);
  // A damaged file gets the error of the format that it claims to be, not one about CSV.
  if (/\.npy$/i.test(claimed)) return parseNpy(bytes, name);
  if (/\.npz$/i.test(claimed)) return parseNpz(bytes, path, array);
  if (/\.idx\d*$|[.-]idx\d-ubyte$/i.test(claimed)) return parseIdx(bytes, name);
  return undefined;
}
