import { FewstepError } from '../errors.js';
import { type ElementType, elementCount, type NdArray, readArray, shapeText } from './array.js';

// Why not npyjs, which the tests use as a referee: it takes the first bytes after the header for whatever shape
// the header states, so that a file cut at an element's boundary reads as a shorter array without a word; a
// header without a shape is a scalar to it; a cut elsewhere, a header that is not a multiple of 8 bytes long or
// a header length past the end are bare RangeErrors; and it knows no big-endian numbers. Checking all of that
// from outside means parsing the header anyway.

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const DTYPES: Record<string, ElementType> = {
  b1: 'bool',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

/** Whether the bytes begin as an .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads NumPy's .npy format (versions 1 to 3; https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 * Either byte order; an array in Fortran order comes out row-major.
 *
 * @param name the file, for errors
 * @throws `bad-data` for a wrong magic, version or header, an element type that is no real number, or a length
 *   that does not fit the shape
 */
export function parseNpy(bytes: Uint8Array, name: string): NdArray {
  const { text, dataStart } = readHeader(bytes, name);
  const descr = /['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|(\[))/.exec(text);
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text);
  const shapeList = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (!descr || !order || !shapeList) {
    throw badNpy(name, `its header is malformed: ${text.trim().slice(0, 120)}`);
  }
  const dtype = /^[<>|=]/.test(descr[1] ?? '') ? DTYPES[descr[1].slice(1)] : undefined;
  if (dtype === undefined) {
    throw badNpy(name, `elements of type ${descr[1] ?? 'record'} are not real numbers`);
  }
  const shape = (shapeList[1].match(/\d+/g) ?? []).map(Number);
  const array = readArray(bytes, dataStart, shape, dtype, descr[1][0] !== '>', name);
  return order[1] === 'True' ? { ...array, values: toRowMajor(array.values, shape) } : array;
}

/**
 * Writes an array as .npy version 1.0, little-endian and row-major, the data aligned to 64 bytes as NumPy does.
 *
 * @param shape lengths of the axes; their product must be the number of values
 * @throws `bad-shape` when it is not
 */
export function writeNpy(shape: readonly number[], values: Float32Array | Float64Array): Uint8Array {
  if (elementCount(shape) !== values.length) {
    throw new FewstepError(
      'bad-shape',
      `cannot write ${values.length} values as an array of shape ${shapeText(shape)}`,
      'give a shape whose product is the number of values',
    );
  }
  const descr = values instanceof Float32Array ? '<f4' : '<f8';
  // Python writes a tuple of one as (3,).
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const dataStart = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const header = `${dictionary.padEnd(dataStart - 10 - 1)}\n`;

  const bytes = new Uint8Array(dataStart + values.byteLength);
  bytes.set(MAGIC);
  bytes.set([1, 0, header.length & 255, header.length >> 8], MAGIC.length);
  bytes.set(new TextEncoder().encode(header), 10);
  // Every platform that runs WebGPU stores numbers little-endian, so the bytes go out as they are.
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), dataStart);
  return bytes;
}

function readHeader(bytes: Uint8Array, name: string): { text: string; dataStart: number } {
  if (!isNpy(bytes)) throw badNpy(name, 'it does not begin with the magic \\x93NUMPY');
  const major = bytes[6];
  if (bytes.length < 12) throw badNpy(name, `it ends within its header, after ${bytes.length} bytes`);
  if (major < 1 || major > 3) throw badNpy(name, `format version ${major}.${bytes[7]} is unknown`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.length) {
    throw badNpy(
      name,
      `its header should take ${length} bytes from byte ${start}, but the file has ${bytes.length}`,
    );
  }
  return {
    text: new TextDecoder('latin1').decode(bytes.subarray(start, start + length)),
    dataStart: start + length,
  };
}

/** Values stored with the first axis fastest, put in row-major order. */
function toRowMajor(values: Float64Array, shape: readonly number[]): Float64Array {
  const result = new Float64Array(values.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = values[from];
    // Count up as an odometer does, the last axis fastest, keeping the source's position in step.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

function badNpy(name: string, what: string): FewstepError {
  return new FewstepError(
    'bad-data',
    `${name} is not a usable .npy file: ${what}`,
    'write it with numpy.save(path, array.astype(numpy.float32))',
  );
}
