import * as v from 'valibot';
import { isPromise, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { elementCount, shapeText } from './array.js';
import { conform, dictionary } from './schema.js';

// Why no library: the npm package `safetensors` is an empty placeholder (0.0.1), and what Hugging Face publishes
// for JavaScript reads headers of files on its hub. The reference implementation is Rust's, of which this checks
// what it checks (https://github.com/huggingface/safetensors, "Format"), and finite values besides.

/** The numbers of one named tensor, row-major. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

const ARRAYS = { F32: Float32Array, F64: Float64Array };
type DType = keyof typeof ARRAYS;

/** Bytes before the header: its length, little-endian. */
const PREFIX = 8;
/** The reference implementation reads no longer header either. */
const LONGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const metadataSchema = dictionary(v.string());
const entrySchema = v.strictObject({
  dtype: v.string(),
  shape: v.array(size),
  data_offsets: v.strictTuple([size, size]),
});
type Entry = v.InferOutput<typeof entrySchema>;

/**
 * Reads a safetensors file. Every byte of it must be accounted for, and every number be finite.
 *
 * @param name the file, for errors
 * @throws FewstepError bad-argument for what has no bytes; bad-data naming the file and the tensor: for a file that
 *   is truncated or too long, a malformed header, an element type other than F32 and F64, offsets that overlap, leave
 *   gaps or do not fit the shape, a name that stands twice, and numbers that are not finite
 */
export function parseSafetensors(given: Uint8Array | ArrayBuffer, name: string): Safetensors {
  const { header, data } = split(bytesOf(given), name);
  const { [METADATA]: metadata = {}, ...rest } = parseHeader(header, name);
  const entries = Object.entries(rest).map(([tensor, entry]): [string, Entry] => [
    tensor,
    conform(entrySchema, entry, (what) => bad(name, `tensor '${tensor}' has a malformed entry: ${what}`)),
  ]);
  checkOffsets(entries, data.length, name);
  return {
    metadata: conform(metadataSchema, metadata, (what) => bad(name, `its ${METADATA} is malformed: ${what}`)),
    tensors: new Map(entries.map(([tensor, entry]) => [tensor, readTensor(data, tensor, entry, name)])),
  };
}

/**
 * Writes a safetensors file, the same bytes for the same content: as the reference implementation does, wide
 * element types first, then by name, and the header padded with spaces so that the numbers are aligned.
 *
 * @throws FewstepError bad-shape for a shape that is not that of its numbers, not-finite for a number that
 *   could not be read again
 */
export function writeSafetensors({ tensors, metadata }: Safetensors): Uint8Array {
  const sorted = [...tensors].sort(
    ([a, { values: x }], [b, { values: y }]) => y.BYTES_PER_ELEMENT - x.BYTES_PER_ELEMENT || (a < b ? -1 : 1),
  );
  // Not by JSON.stringify of one object, in which names such as '0' would come first.
  const entries = [`"${METADATA}":${JSON.stringify(metadata)}`];
  let end = 0;
  for (const [tensor, { shape, values }] of sorted) {
    checkTensor(tensor, shape, values);
    const dtype: DType = values instanceof Float32Array ? 'F32' : 'F64';
    const entry: Entry = { dtype, shape: [...shape], data_offsets: [end, end + values.byteLength] };
    entries.push(`${JSON.stringify(tensor)}:${JSON.stringify(entry)}`);
    end += values.byteLength;
  }
  const header = new TextEncoder().encode(`{${entries.join(',')}}`);
  const start = PREFIX + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, PREFIX, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - PREFIX), true);
  bytes.set(header, PREFIX);
  let at = start;
  for (const [, { values }] of sorted) {
    // Every platform that runs WebGPU stores numbers little-endian, so the bytes go out as they are.
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

function split(bytes: Uint8Array, name: string): { header: Uint8Array; data: Uint8Array } {
  if (bytes.length < PREFIX) throw bad(name, `it is truncated: ${bytes.length} bytes are no header`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > LONGEST_HEADER)
    throw bad(name, `it is no safetensors file: its header would take ${length} bytes, which is absurd`);
  const start = PREFIX + Number(length);
  if (start > bytes.length) {
    throw bad(name, `it is truncated: its header ends at byte ${start}, and it has ${bytes.length}`);
  }
  return { header: bytes.subarray(PREFIX, start), data: bytes.subarray(start) };
}

function bytesOf(given: Uint8Array | ArrayBuffer): Uint8Array {
  if (given instanceof Uint8Array) return given;
  // Also one of another realm, as of a worker or a frame.
  if (Object.prototype.toString.call(given) === '[object ArrayBuffer]') return new Uint8Array(given);
  throw new FewstepError(
    'bad-argument',
    `the content of a file is ${shown(given)}, not its bytes`,
    isPromise(given) ? 'await it' : 'give a Uint8Array or an ArrayBuffer: await response.arrayBuffer()',
  );
}

function parseHeader(bytes: Uint8Array, name: string): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw bad(name, `its header is no JSON: ${(cause as Error).message.replace(/\s+/g, ' ')}`, cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw bad(name, 'its header is JSON, but no object');
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) throw bad(name, `'${twice}' stands twice in its header`);
  return header as Record<string, unknown>;
}

/** A key that an object of valid JSON has twice, of which JSON.parse says nothing. */
function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon) {
      const key = JSON.parse(text) as string;
      if (open.at(-1)!.has(key)) return key;
      open.at(-1)!.add(key);
    }
  }
  return undefined;
}

/** The tensors must follow each other without gaps and overlaps, from the first byte of the data to its last. */
function checkOffsets(entries: readonly [string, Entry][], length: number, name: string): void {
  let end = 0;
  let before = 'the header';
  const offsets = ([, { data_offsets }]: [string, Entry]) => data_offsets;
  // By both ends: an empty tensor stands before the one that begins where it does.
  const sorted = entries.toSorted((a, b) => offsets(a)[0] - offsets(b)[0] || offsets(a)[1] - offsets(b)[1]);
  for (const [tensor, { data_offsets }] of sorted) {
    const [first, last] = data_offsets;
    if (last < first)
      throw bad(name, `tensor '${tensor}' ends at byte ${last}, before it begins at ${first}`);
    if (first < end)
      throw bad(name, `tensor '${tensor}' overlaps '${before}': it begins at ${first} < ${end}`);
    if (first > end) {
      throw bad(name, `${first - end} bytes between ${quoted(before)} and '${tensor}' belong to no tensor`);
    }
    if (last > length) {
      throw bad(name, `it is truncated: '${tensor}' ends at byte ${last} of the data, which has ${length}`);
    }
    [end, before] = [last, tensor];
  }
  if (end < length)
    throw bad(name, `its last ${length - end} bytes, after ${quoted(before)}, belong to no tensor`);
}

function quoted(before: string): string {
  return before === 'the header' ? before : `'${before}'`;
}

function readTensor(data: Uint8Array, tensor: string, entry: Entry, name: string): StoredTensor {
  const { dtype, shape, data_offsets } = entry;
  const [first, last] = data_offsets;
  if (!Object.hasOwn(ARRAYS, dtype)) {
    throw bad(name, `tensor '${tensor}' has elements of type ${dtype}; F32 and F64 can be read`);
  }
  const array = ARRAYS[dtype as DType];
  const needed = elementCount(shape) * array.BYTES_PER_ELEMENT;
  if (last - first !== needed) {
    const has = `but has ${last - first}`;
    throw bad(
      name,
      `tensor '${tensor}' of shape ${shapeText(shape)} and ${dtype} needs ${needed} bytes, ${has}`,
    );
  }
  // Copied, since the numbers need not be aligned in the file.
  const values = new array(elementCount(shape));
  new Uint8Array(values.buffer).set(data.subarray(first, last));
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return { shape, values };
  throw new FewstepError(
    'bad-data',
    `${name}: tensor '${tensor}' is ${values[at]} at ${shapeText(indexOf(at, shape))}`,
    'use an earlier file of that training, or train again: it diverged, or the file is damaged',
  );
}

function checkTensor(tensor: string, shape: readonly number[], values: Float32Array | Float64Array): void {
  if (elementCount(shape) !== values.length) {
    throw new FewstepError(
      'bad-shape',
      `tensor '${tensor}' has ${values.length} numbers, not those of shape ${shapeText(shape)}`,
      'give a shape whose product is the number of values',
    );
  }
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new FewstepError(
    'not-finite',
    `tensor '${tensor}' cannot be saved: it is ${values[at]} at ${shapeText(indexOf(at, shape))}`,
    'the training diverged: lower the learning rate, or clip gradients more',
  );
}

/** Where the element `at` of a row-major array stands, by axis. */
function indexOf(at: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = at;
  for (const length of shape.toReversed()) {
    index.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return index;
}

function bad(name: string, what: string, cause?: unknown): FewstepError {
  return new FewstepError(
    'bad-data',
    `${name} is not a usable safetensors file: ${what}`,
    'copy the file again, or write it again with float32 tensors',
    { cause },
  );
}
