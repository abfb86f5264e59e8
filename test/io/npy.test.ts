import fc from 'fast-check';
import { parse as parseWithNpyjs } from 'npyjs';
import { describe, expect, it } from 'vitest';
import { parseNpy, writeNpy } from '../../src/io/npy.js';
import { expectRefusal } from '../refusal.js';

/** An .npy file put together by hand: any header text, any data. */
function npyFile(dictionary: string, data: ArrayLike<number>, version: 1 | 2 = 1): Uint8Array {
  const header = new TextEncoder().encode(`${dictionary}\n`);
  const length = header.length;
  const size = version === 1 ? [length & 255, length >> 8] : [length & 255, length >> 8, 0, 0];
  return Uint8Array.from([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0],
    ...size,
    ...header,
    ...Array.from(data),
  ]);
}

const dictionary = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const shapes = fc.array(fc.nat({ max: 5 }), { maxLength: 4 });
const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

describe('writeNpy and parseNpy', () => {
  it('give back every float64 bit for bit, in any shape', () => {
    const arrays = shapes.chain((shape) => {
      const size = product(shape);
      return fc.record({
        shape: fc.constant(shape),
        values: fc.float64Array({ minLength: size, maxLength: size }),
      });
    });
    fc.assert(
      fc.property(arrays, ({ shape, values }) => {
        const array = parseNpy(writeNpy(shape, values), 'x.npy');
        expect(array.shape).toEqual(shape);
        expect(array.dtype).toBe('float64');
        expect(array.values).toEqual(values);
      }),
    );
  });

  it('agree with npyjs on float32', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, maxLength: 60 }), (values) => {
        const bytes = writeNpy([values.length, 1], values);
        const theirs = parseWithNpyjs(bytes.slice().buffer);
        expect(theirs).toMatchObject({ shape: [values.length, 1], dtype: 'f4', fortranOrder: false });
        expect(theirs.data).toEqual(values);
        expect(Float32Array.from(parseNpy(bytes, 'x.npy').values)).toEqual(values);
      }),
    );
  });

  it('write exactly the bytes that numpy.save writes', () => {
    // numpy.save(f, numpy.array([[1, 2]], dtype='<f4'))
    const header = `${dictionary('<f4', '(1, 2)').padEnd(117)}\n`;
    const expected = [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, 118, 0]
      .concat([...new TextEncoder().encode(header)])
      .concat([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
    expect([...writeNpy([1, 2], Float32Array.of(1, 2))]).toEqual(expected);
  });

  it('align the data to 64 bytes whatever the header', () => {
    for (let rank = 0; rank < 40; rank++) {
      const shape = Array.from({ length: rank }, () => 1);
      expect((writeNpy(shape, Float64Array.of(3)).length - 8) % 64).toBe(0);
    }
  });

  it('write a view of a larger buffer without its neighbours', () => {
    const view = Float64Array.of(9, 1, 2, 9).subarray(1, 3);
    expect([...parseNpy(writeNpy([2], view), 'x.npy').values]).toEqual([1, 2]);
  });
});

describe('parseNpy', () => {
  it.each([
    ['|b1', [1, 0, 1], Uint8Array.of(1, 0, 7)],
    ['|u1', [0, 128, 255], Uint8Array.of(0, 128, 255)],
    ['|i1', [-128, -1, 127], Int8Array.of(-128, -1, 127)],
    ['<u2', [0, 513, 65535], Uint16Array.of(0, 513, 65535)],
    ['<i2', [-2, 513, 0], Int16Array.of(-2, 513, 0)],
    ['<u4', [0, 1, 4294967295], Uint32Array.of(0, 1, 4294967295)],
    ['<i4', [-2147483648, 1, 2], Int32Array.of(-2147483648, 1, 2)],
    ['<i8', [-5, 2 ** 40, 0], BigInt64Array.of(-5n, 2n ** 40n, 0n)],
    ['<u8', [5, 2 ** 53 - 1, 0], BigUint64Array.of(5n, 2n ** 53n - 1n, 0n)],
    ['<f2', [1, -2, 2 ** -24], Uint16Array.of(0x3c00, 0xc000, 1)],
    ['<f4', [0.5, -1, 3], Float32Array.of(0.5, -1, 3)],
    ['<f8', [0.1, -1e300, 3], Float64Array.of(0.1, -1e300, 3)],
  ])('reads %s', (descr, expected, data) => {
    const array = parseNpy(npyFile(dictionary(descr, '(3,)'), bytesOf(data)), 'x.npy');
    expect([...array.values]).toEqual(expected);
    expect(array.shape).toEqual([3]);
  });

  it('reads the limits of half precision', () => {
    const data = bytesOf(Uint16Array.of(0x7bff, 0x0400, 0x8000, 0x7c00, 0xfc00, 0x7e00));
    const { values } = parseNpy(npyFile(dictionary('<f2', '(6,)'), data), 'x.npy');
    expect([...values]).toEqual([65504, 2 ** -14, -0, Infinity, -Infinity, Number.NaN]);
  });

  it('reads big-endian numbers', () => {
    const data = [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0];
    expect([...parseNpy(npyFile(dictionary('>f4', '(2,)'), data), 'x').values]).toEqual([1, -2]);
  });

  it('reads version 2, a header of odd length and long integers of Python 2', () => {
    const file = npyFile(dictionary('|u1', '(2L, 1L)'), [4, 5], 2);
    expect(parseNpy(file, 'x.npy')).toMatchObject({ shape: [2, 1], values: Float64Array.of(4, 5) });
  });

  it('reads bytes that begin in the middle of a buffer', () => {
    const file = writeNpy([2], Float32Array.of(1, 2));
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect([...parseNpy(shifted.subarray(3), 'x.npy').values]).toEqual([1, 2]);
  });

  it('puts Fortran order into row-major order', () => {
    // numpy.arange(24).reshape(2, 3, 4), stored first axis fastest
    const stored: number[] = [];
    for (let k = 0; k < 4; k++)
      for (let j = 0; j < 3; j++) for (let i = 0; i < 2; i++) stored.push(12 * i + 4 * j + k);
    const array = parseNpy(npyFile(dictionary('|u1', '(2, 3, 4)', 'True'), stored), 'x.npy');
    expect([...array.values]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  it('reports a file that is cut anywhere', async () => {
    const file = writeNpy([3, 2], Float64Array.of(1, 2, 3, 4, 5, 6));
    for (let length = 0; length < file.length; length++) {
      const message = length < 128 ? /^x\.npy is not a usable \.npy file: it/ : /^x\.npy is truncated: shape/;
      await expectRefusal(() => parseNpy(file.subarray(0, length), 'x.npy'), 'bad-data', message);
    }
  });

  const absurd = npyFile(dictionary('<f4', '(1,)'), [0, 0, 0, 0], 2);
  absurd.set([255, 255, 255, 127], 8);
  const newer = writeNpy([1], Float32Array.of(1));
  newer[6] = 9;
  it.each<[string, Uint8Array, RegExp]>([
    ['a wrong magic', new TextEncoder().encode('NUMPY, not quite'), /x\.npy .* magic/],
    ['an unknown version', newer, /format version 9\.0 is unknown/],
    ['an absurd header length', absurd, /header should take 2147483647 bytes from byte 12, but the file has/],
    ['no shape', npyFile("{'descr': '<f4', 'fortran_order': False}", []), /header is malformed: \{'descr'/],
    ['a negative length', npyFile(dictionary('<f4', '(-1,)'), []), /header is malformed/],
    ['complex numbers', npyFile(dictionary('<c8', '(1,)'), new Uint8Array(8)), /type <c8 are not real/],
    ['objects', npyFile(dictionary('|O', '(1,)'), new Uint8Array(8)), /type \|O are not real/],
    [
      'records',
      npyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", [0, 0, 0, 0]),
      /type record are not real/,
    ],
    ['an absurd shape', npyFile(dictionary('<f8', '(99999999999, 99999999999)'), []), /is truncated/],
    ['bytes to spare', npyFile(dictionary('|u1', '(2,)'), [1, 2, 3]), /longer than its header says.*found 3/],
    [
      'an integer beyond 2^53',
      npyFile(dictionary('<i8', '(2,)'), bytesOf(BigInt64Array.of(1n, 2n ** 60n))),
      /x\.npy, element 1: an integer beyond 2\^53/,
    ],
  ])('refuses %s', async (_, file, message) => {
    await expectRefusal(() => parseNpy(file, 'x.npy'), 'bad-data', message);
  });

  it('refuses to write a shape that does not fit', async () => {
    const call = () => writeNpy([2, 2], Float32Array.of(1, 2, 3));
    await expectRefusal(call, 'bad-shape', 'cannot write 3 values as an array of shape [2, 2]');
  });
});
