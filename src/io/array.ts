import { FewstepError } from '../errors.js';

/** What an element of a stored array is. Complex numbers, text and objects are not data that we can use. */
export type ElementType =
  | 'bool'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'uint64'
  | 'int64'
  | 'float16'
  | 'float32'
  | 'float64';

/** An n-dimensional array as read from a file: row-major, every element widened to float64. */
export interface NdArray {
  /** Lengths of the axes, slowest first; empty for a single number. */
  readonly shape: readonly number[];
  /** Element type in the file; the values themselves are exact in float64. */
  readonly dtype: ElementType;
  /** As many values as the product of `shape`. */
  readonly values: Float64Array;
}

/** The number of elements of an array of this shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** A shape as people write it: [3, 64]. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

type Reader = (view: DataView, at: number, little: boolean) => number;

const READERS: Record<ElementType, { bytes: number; read: Reader }> = {
  bool: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  uint8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  int8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  uint16: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  int16: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  uint32: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  int32: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  uint64: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  int64: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  float16: { bytes: 2, read: (view, at, little) => halfToNumber(view.getUint16(at, little)) },
  float32: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  float64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
};

/**
 * Reads a row-major block of numbers that must fill the rest of a file exactly.
 *
 * @param bytes the whole file
 * @param start where the block begins, in bytes
 * @param shape lengths of the axes; the block holds their product of elements
 * @param name the file, for errors
 * @throws `bad-data` when the file is shorter or longer than the shape says, or when a 64-bit integer is too
 *   large for float64
 */
export function readArray(
  bytes: Uint8Array,
  start: number,
  shape: readonly number[],
  dtype: ElementType,
  littleEndian: boolean,
  name: string,
): NdArray {
  const { bytes: elementBytes, read } = READERS[dtype];
  const count = elementCount(shape);
  const expected = count * elementBytes;
  const found = bytes.length - start;
  if (found !== expected) {
    const what = found < expected ? 'is truncated' : 'is longer than its header says';
    throw new FewstepError(
      'bad-data',
      `${name} ${what}: shape ${shapeText(shape)} of ${dtype} needs ${expected} bytes of data from byte ${start}, found ${found}`,
      'copy or write the file again: an interrupted download or an unfinished program leaves such a file',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, expected);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(view, i * elementBytes, littleEndian);
  if (dtype === 'int64' || dtype === 'uint64') requireSafeIntegers(values, name);
  return { shape, dtype, values };
}

function requireSafeIntegers(values: Float64Array, name: string): void {
  const at = values.findIndex((value) => !Number.isSafeInteger(value));
  if (at < 0) return;
  throw new FewstepError(
    'bad-data',
    `${name}, element ${at}: an integer beyond 2^53 cannot be read exactly`,
    'rescale the data, or save it as float64',
  );
}

/** IEEE 754 half precision (DataView.getFloat16 is too young for the engines that we support). */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
