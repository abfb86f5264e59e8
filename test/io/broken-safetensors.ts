/** A safetensors file of any header and data, right or wrong. */
export function fileOf(
  header: string | Uint8Array,
  data: ArrayLike<number> = [],
  length?: bigint,
): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

export function bytesOf(values: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** An entry of a header. */
export function entry(
  first: number,
  last: number,
  shape: unknown = [(last - first) / 4],
  dtype: unknown = 'F32',
) {
  return { dtype, shape, data_offsets: [first, last] };
}

const zeros = (count: number) => new Uint8Array(count);
const headed = (header: unknown, data: ArrayLike<number> = zeros(8)) => fileOf(JSON.stringify(header), data);
const twice = (key: string) => JSON.stringify({ a: entry(0, 8), [key]: entry(0, 8) }).replace(key, 'a');

/** Files that are wrong in one way each, and what must be said about them. */
export const BROKEN: [what: string, file: Uint8Array, message: RegExp][] = [
  ['an empty file', zeros(0), /truncated: 0 bytes are no header/],
  ['seven bytes', zeros(7), /truncated: 7 bytes/],
  ['an absurd length', fileOf('{}', [], 2n ** 63n), /would take 9223372036854775808 bytes, which is absurd/],
  ['a length that is a little too large', fileOf('{}', [], 100_000_001n), /absurd/],
  ['a header beyond the end', fileOf('{}', [], 3n), /header ends at byte 11, and it has 10/],
  ['no header', fileOf(''), /header is no JSON: Unexpected end/],
  ['a cut header', fileOf('{"a":{"dtype":"F3'), /header is no JSON/],
  ['a header that is no UTF-8', fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), /header is no JSON: .*utf-8/i],
  ['a pickle', fileOf('\x80\x02}q\x00'), /header is no JSON/],
  ['a header that is a list', headed([]), /JSON, but no object/],
  ['a header that is null', headed(null), /JSON, but no object/],
  ['a header that is a number', headed(1), /JSON, but no object/],
  ['a name twice', fileOf(twice('b'), zeros(8)), /'a' stands twice/],
  [
    'a name twice, once with escapes',
    fileOf(twice('b').replace('"a"', '"\\u0061"'), zeros(8)),
    /'a' stands twice/,
  ],
  [
    'an entry of a tensor twice',
    fileOf('{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}', zeros(8)),
    /'shape' stands twice/,
  ],
  ['an entry that is a text', headed({ a: 'F32' }), /tensor 'a' has a malformed entry/],
  ['an entry without type', headed({ a: { shape: [2], data_offsets: [0, 8] } }), /'a' .* "dtype"/],
  ['an entry without shape', headed({ a: { dtype: 'F32', data_offsets: [0, 8] } }), /'a' .* "shape"/],
  ['an entry without offsets', headed({ a: { dtype: 'F32', shape: [2] } }), /'a' .* "data_offsets"/],
  ['an entry with more in it', headed({ a: { ...entry(0, 8), order: 'C' } }), /'a' .* "order"/],
  ['a type that is a number', headed({ a: entry(0, 8, [2], 32) }), /'a' .* dtype: /],
  ['a negative length', headed({ a: entry(0, 8, [-2]) }), /shape\[0\]: /],
  ['half a length', headed({ a: entry(0, 8, [1, 2.5]) }), /shape\[1\]: /],
  ['a length beyond 2^53', headed({ a: entry(0, 8, [2 ** 60]) }), /shape\[0\]: /],
  ['a shape that is a number', headed({ a: entry(0, 8, 2) }), /shape: /],
  ['a negative offset', headed({ a: entry(-4, 4, [2]) }), /data_offsets\[0\]: /],
  ['one offset', headed({ a: { ...entry(0, 8), data_offsets: [0] } }), /data_offsets/],
  ['three offsets', headed({ a: { ...entry(0, 8), data_offsets: [0, 8, 16] } }), /data_offsets/],
  [
    'an end before the beginning',
    headed({ a: entry(0, 8), b: entry(8, 4, [1]) }),
    /'b' ends at byte 4, before/,
  ],
  ['an overlap', headed({ a: entry(0, 8), b: entry(4, 8) }), /'b' overlaps 'a': it begins at 4 < 8/],
  ['the same bytes for two', headed({ a: entry(0, 8), b: entry(0, 8) }), /'b' overlaps 'a'/],
  [
    'a gap',
    headed({ a: entry(0, 4), b: entry(8, 12) }, zeros(12)),
    /4 bytes between 'a' and 'b' belong to no/,
  ],
  ['a gap at the beginning', headed({ a: entry(4, 8) }), /4 bytes between the header and 'a' belong to no/],
  ['bytes at the end', headed({ a: entry(0, 4) }), /last 4 bytes, after 'a', belong to no tensor/],
  ['bytes and no tensor', headed({}), /last 8 bytes, after the header, belong to no tensor/],
  ['an end beyond the file', headed({ a: entry(0, 12) }), /truncated: 'a' ends at byte 12 .* has 8/],
  [
    'too few bytes for the shape',
    headed({ a: entry(0, 8, [3]) }),
    /shape \[3\] and F32 needs 12 bytes, but has 8/,
  ],
  [
    'too many bytes for the shape',
    headed({ a: entry(0, 8, []) }),
    /shape \[\] and F32 needs 4 bytes, but has 8/,
  ],
  ['a shape beyond all bounds', headed({ a: entry(0, 8, [2 ** 50, 2 ** 50]) }), /needs .* bytes, but has 8/],
  ['half precision', headed({ a: entry(0, 8, [4], 'F16') }), /elements of type F16; F32 and F64 can be read/],
  ['an unknown type', headed({ a: entry(0, 8, [2], 'toString') }), /elements of type toString/],
  ['a list for metadata', headed({ __metadata__: ['x'], a: entry(0, 8) }), /__metadata__ is malformed/],
  ['metadata that is a text', headed({ __metadata__: 'x', a: entry(0, 8) }), /__metadata__ is malformed/],
  [
    'metadata with a number',
    headed({ __metadata__: { n: 1 }, a: entry(0, 8) }),
    /__metadata__ is malformed: n: /,
  ],
  ['a NaN', headed({ a: entry(0, 8, [1, 2]) }, bytesOf(Float32Array.of(1, NaN))), /'a' is NaN at \[0, 1\]/],
  [
    'an infinity',
    headed({ a: entry(0, 16, [2, 1], 'F64') }, bytesOf(Float64Array.of(1, -Infinity))),
    /'a' is -Infinity at \[1, 0\]/,
  ],
];
