import { FewstepError } from '../errors.js';
import { type ElementType, type NdArray, readArray } from './array.js';

const TYPES: Record<number, ElementType> = {
  8: 'uint8',
  9: 'int8',
  11: 'int16',
  12: 'int32',
  13: 'float32',
  14: 'float64',
};

/** Whether the bytes begin as an IDX file does: two zeros, a known element type, at least one axis. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && bytes[2] in TYPES && bytes[3] > 0;
}

/**
 * Reads IDX, the format of MNIST and its relatives: two zero bytes, element type, number of axes, the axes'
 * lengths as big-endian 32-bit integers, then the elements, big-endian and row-major
 * (Y. LeCun, "The MNIST database of handwritten digits", file formats).
 *
 * @param name the file, for errors
 * @throws `bad-data` for a wrong magic or a length that does not fit the header
 */
export function parseIdx(bytes: Uint8Array, name: string): NdArray {
  if (!isIdx(bytes)) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw badIdx(name, `it begins with the bytes '${start}', not with 00 00, an element type and a rank`);
  }
  const rank = bytes[3];
  const dataStart = 4 + 4 * rank;
  if (bytes.length < dataStart) {
    throw badIdx(name, `it ends within its header, after ${bytes.length} of ${dataStart} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  return readArray(bytes, dataStart, shape, TYPES[bytes[2]], false, name);
}

function badIdx(name: string, what: string): FewstepError {
  return new FewstepError(
    'bad-data',
    `${name} is not a usable IDX file: ${what}`,
    'download it again from where it came',
  );
}
