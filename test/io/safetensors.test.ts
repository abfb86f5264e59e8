import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSafetensors, type StoredTensor, writeSafetensors } from '../../src/io/safetensors.js';
import { expectRefusal } from '../refusal.js';
import { BROKEN, bytesOf, fileOf } from './broken-safetensors.js';

/**
 * What Python's safetensors 0.8.0 writes for save({'b.weight': [[1, -2.5, 3], [4, 5, -0.0]] as float32, 'a': [0.1]
 * as float64, 'c': 7 as float32}, metadata={'format': 'pt'}).
 */
const FROM_PYTHON = {
  length: 208,
  header:
    '{"__metadata__":{"format":"pt"},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},' +
    '"b.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},' +
    '"c":{"dtype":"F32","shape":[],"data_offsets":[32,36]}}      ',
  data: '9a9999999999b93f 0000803f000020c000004040000080400000a04000000080 0000e040',
};

const pythonFile = fileOf(
  FROM_PYTHON.header,
  FROM_PYTHON.data.match(/[0-9a-f]{2}/g)!.map((byte) => Number.parseInt(byte, 16)),
);

const content = {
  metadata: { format: 'pt' },
  tensors: new Map<string, StoredTensor>([
    ['c', { shape: [], values: Float32Array.of(7) }],
    ['b.weight', { shape: [2, 3], values: Float32Array.of(1, -2.5, 3, 4, 5, -0) }],
    ['a', { shape: [1], values: Float64Array.of(0.1) }],
  ]),
};

describe("Python's layout", () => {
  it('is read', () => {
    expect(FROM_PYTHON.header).toHaveLength(FROM_PYTHON.length);
    const { tensors, metadata } = parseSafetensors(pythonFile, 'python');
    expect(metadata).toEqual(content.metadata);
    expect(tensors).toEqual(content.tensors);
    expect(Object.is(tensors.get('b.weight')!.values[5], -0)).toBe(true);
  });

  it('is written, byte for byte, whatever the order of the tensors', () => {
    expect(writeSafetensors(content)).toEqual(pythonFile);
    const tensors = new Map([...content.tensors].reverse());
    expect(writeSafetensors({ ...content, tensors })).toEqual(pythonFile);
  });

  it('is read at any place of a larger buffer, and the numbers are copies', () => {
    const larger = new Uint8Array(pythonFile.length + 3);
    larger.set(pythonFile, 3);
    const { tensors } = parseSafetensors(larger.subarray(3), 'inside');
    larger.fill(255);
    expect(tensors).toEqual(content.tensors);
  });

  it('may list tensors in another order than that of their numbers, and may have no metadata', () => {
    const header = {
      b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
      none: { dtype: 'F64', shape: [0, 3], data_offsets: [4, 4] },
      a: { dtype: 'F32', shape: [1, 1], data_offsets: [0, 4] },
    };
    const { tensors, metadata } = parseSafetensors(
      fileOf(JSON.stringify(header), bytesOf(Float32Array.of(1, 2))),
      'unordered',
    );
    expect(metadata).toEqual({});
    expect([...tensors.values()].map(({ values }) => [...values])).toEqual([[2], [], [1]]);
  });
});

describe('what is written', () => {
  const bits32 = fc.integer({ min: 0, max: 0xffffffff }).filter((bits) => (bits & 0x7f800000) !== 0x7f800000);
  const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
    const count = shape.reduce((product, length) => product * length, 1);
    const size = { minLength: count, maxLength: count };
    return fc
      .oneof(
        fc.array(bits32, size).map((bits) => new Float32Array(Uint32Array.from(bits).buffer)),
        fc.float64Array({ ...size, noNaN: true, noDefaultInfinity: true }),
      )
      .map((values): StoredTensor => ({ shape, values }));
  });
  const names = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('0', '"}{":', '\\', 'toString'));
  const entries = <T>(value: fc.Arbitrary<T>) =>
    fc.uniqueArray(
      fc.tuple(
        names.filter((name) => !name.startsWith('__')),
        value,
      ),
      { selector: ([name]) => name, maxLength: 6 },
    );

  it('is read again bit for bit, in a file that is aligned', () => {
    fc.assert(
      fc.property(entries(tensor), entries(names), (tensors, metadata) => {
        const given = { tensors: new Map(tensors), metadata: Object.fromEntries(metadata) };
        const bytes = writeSafetensors(given);
        const read = parseSafetensors(bytes, 'file');
        expect(read.metadata).toEqual(given.metadata);
        expect(new Set(read.tensors.keys())).toEqual(new Set(given.tensors.keys()));
        for (const [name, { shape, values }] of given.tensors) {
          const found = read.tensors.get(name)!;
          expect(found.shape).toEqual(shape);
          expect(found.values.constructor).toBe(values.constructor);
          expect(bytesOf(found.values)).toEqual(bytesOf(values));
        }
        const header = new DataView(bytes.buffer).getBigUint64(0, true);
        expect(header % 8n).toBe(0n);
      }),
    );
  });

  it('is refused when it could not be read', async () => {
    const write = (shape: number[], values: Float32Array) => () =>
      writeSafetensors({ metadata: {}, tensors: new Map([['w', { shape, values }]]) });
    await expectRefusal(write([2, 2], new Float32Array(3)), 'bad-shape', "'w' has 3 numbers, not those of");
    await expectRefusal(write([2, 2], Float32Array.of(0, 1, NaN, 0)), 'not-finite', /it is NaN at \[1, 0\]/);
    await expectRefusal(write([], Float32Array.of(-Infinity)), 'not-finite', /it is -Infinity at \[\]/);
  });
});

describe('a broken file is refused, and its name is in the message', () => {
  it.each(BROKEN)('%s', async (_, file, message) => {
    await expectRefusal(() => parseSafetensors(file, 'b.safetensors'), 'bad-data', /^b\.safetensors/);
    await expectRefusal(() => parseSafetensors(file, 'b.safetensors'), 'bad-data', message);
  });

  it('wherever it is cut', async () => {
    for (let length = 0; length < pythonFile.length; length++) {
      const cut = () => parseSafetensors(pythonFile.subarray(0, length), 'cut');
      await expectRefusal(cut, 'bad-data', /^cut is not a usable safetensors file: it is truncated/);
    }
  });
});
