import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/io/npy.js';
import { type DataSetOptions, parseArray, parseDataSet } from '../../src/io/parse.js';
import { expectRefusal } from '../refusal.js';

const text = (content: string) => new TextEncoder().encode(content);
const csv = text('1,2,3,4\n5,6,7,8\n');
const npy = writeNpy([2, 4], Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8));
const npz = zipSync({ 'train.npy': npy, 'test.npy': writeNpy([1, 2], Float32Array.of(8, 9)) });
// Two images of 2 x 2 bytes.
const idx = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8);

function concatenated(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('parseDataSet', () => {
  it.each<[string, Uint8Array]>([
    ['d.csv', csv],
    ['d.csv.gz', gzipSync(csv)],
    ['misnamed.csv', gzipSync(npy)],
    ['d.npy', npy],
    ['one.npz', zipSync({ 'arr_0.npy': npy })],
    ['d.npz:train', npz],
    ['stored.npz:train', zipSync({ 'train.npy': npy }, { level: 0 })],
    ['t10k-images-idx3-ubyte', idx],
    ['t10k-images-idx3-ubyte.gz', gzipSync(idx)],
  ])('reads the same numbers from %s', (name, bytes) => {
    const dataSet = parseDataSet(name, bytes);
    expect(dataSet).toMatchObject({ rows: 2, columns: 4, values: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  });

  it('knows images: from IDX, from arrays of rank 3, and when told', () => {
    expect(parseDataSet('i.idx', idx).imageShape).toEqual([2, 2]);
    expect(parseDataSet('i.npy', writeNpy([1, 2, 3], new Float32Array(6)))).toMatchObject({
      rows: 1,
      columns: 6,
      imageShape: [2, 3],
    });
    expect(parseDataSet('d.csv', csv, { imageShape: [1, 4] }).imageShape).toEqual([1, 4]);
    expect(parseDataSet('d.csv', csv).imageShape).toBeUndefined();
  });

  it('selects columns of arrays', () => {
    const picked = parseDataSet('i.idx', idx, { columns: '3,0-1' });
    expect([...picked.values]).toEqual([4, 1, 2, 8, 5, 6]);
    expect(picked.imageShape).toBeUndefined();
  });

  it('takes an array of rank 1 as one column', () => {
    expect(parseDataSet('v.npy', writeNpy([3], new Float64Array(3)))).toMatchObject({ rows: 3, columns: 1 });
  });

  it('joins the members of a gzip file', () => {
    const members = concatenated(gzipSync(text('1,2\n')), gzipSync(text('3,4\n')), gzipSync(text('5,6\n')));
    expect([...parseDataSet('d.csv.gz', members).values]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reports a gzip file that is cut anywhere', async () => {
    // Larger than a stub, so that cuts fall into blocks, trailer and header alike.
    const whole = gzipSync(text(Array.from({ length: 300 }, (_, i) => `${i},${Math.sin(i)}`).join('\n')));
    expect(parseDataSet('d.csv.gz', whole).rows).toBe(300);
    for (
      let length = 2;
      length < whole.length;
      length += length < 40 || length > whole.length - 40 ? 1 : 37
    ) {
      const cut = whole.subarray(0, length);
      const call = () => parseDataSet('d.csv.gz', cut);
      await expectRefusal(call, 'bad-data', 'd.csv.gz is a truncated or damaged gzip file');
    }
  });

  it('reports an archive that is cut anywhere', async () => {
    for (let length = 3; length < npz.length; length += 3) {
      const call = () => parseDataSet('d.npz:train', npz.subarray(0, length));
      await expectRefusal(call, 'bad-data', 'd.npz is a truncated or damaged .npz archive');
    }
  });

  it('reports an IDX file that is cut anywhere', async () => {
    for (let length = 1; length < idx.length; length++) {
      const call = () => parseDataSet('i-idx3-ubyte', idx.subarray(0, length));
      const message =
        length < 4
          ? 'i-idx3-ubyte is not a usable IDX file: it begins with'
          : length < 16
            ? `it ends within its header, after ${length} of 16 bytes`
            : `i-idx3-ubyte is truncated: shape [2, 2, 2] of uint8 needs 8 bytes of data from byte 16, found ${length - 16}`;
      await expectRefusal(call, 'bad-data', message);
    }
  });

  const flipped = gzipSync(csv, { level: 0 });
  // Within the stored text, which no structure protects: 1 becomes 5.
  flipped[flipped.indexOf(0x31, 15)] ^= 4;
  const withNaN = writeNpy([2, 2], Float32Array.of(1, 2, 3, Number.NaN));

  it.each<[string, string, Uint8Array, DataSetOptions, string, string]>([
    ['an empty file', 'd.npy', new Uint8Array(0), {}, 'bad-data', 'd.npy is empty'],
    ['an .npy file that is none', 'd.npy', csv, {}, 'bad-data', 'd.npy is not a usable .npy file'],
    ['an .npz file that is none', 'd.npz', csv, {}, 'bad-data', 'd.npz is a truncated or damaged .npz'],
    ['an IDX file that is none', 'd.idx', csv, {}, 'bad-data', "it begins with the bytes '31 2c 32 2c'"],
    ['a flipped bit', 'd.csv.gz', flipped, {}, 'bad-data', 'does not match its checksum'],
    ['an archive of text', 'd.npz', zipSync({ 'a.txt': csv }), {}, 'bad-data', 'without .npy arrays'],
    ['an archive of several', 'd.npz', npz, {}, 'bad-argument', 'd.npz holds 2 arrays: train, test'],
    ['an unknown array', 'd.npz:tran', npz, {}, 'unknown-name', "d.npz has no array 'tran'"],
    [
      'a bad array within',
      'd.npz',
      zipSync({ 'a.npy': csv }),
      {},
      'bad-data',
      'd.npz:a is not a usable .npy',
    ],
    ['a NaN', 'd.npy', withNaN, {}, 'bad-data', 'd.npy, row 1, column 1: the value NaN is not finite'],
    ['a scalar', 'd.npy', writeNpy([], Float32Array.of(1)), {}, 'bad-data', 'its shape is []'],
    ['no rows', 'd.npy', writeNpy([0, 3], new Float32Array(0)), {}, 'bad-data', 'its shape is [0, 3]'],
    ['images of another size', 'd.csv', csv, { imageShape: [3, 3] }, 'bad-shape', 'no images of 3 x 3'],
    ['labels in an array', 'd.npy', npy, { labelColumn: '0' }, 'bad-argument', 'only a CSV file has a label'],
    ['a column past the last', 'd.npy', npy, { columns: '0-4' }, 'bad-argument', 'there is no column 4'],
    ['names in an array', 'd.npy', npy, { columns: 'x' }, 'bad-argument', 'there is no header'],
  ])('refuses %s', async (_, name, bytes, options, code, message) => {
    await expectRefusal(() => parseDataSet(name, bytes, options), code as 'bad-data', message);
  });
});

describe('parseArray', () => {
  it('keeps shape, element type and values that are not finite', () => {
    const array = parseArray('z.npy', writeNpy([1, 2, 1], Float32Array.of(1, Number.NaN)));
    expect(array).toEqual({ shape: [1, 2, 1], dtype: 'float32', values: Float64Array.of(1, Number.NaN) });
  });

  it('reads big-endian IDX elements', () => {
    const bytes = Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 2, 0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0);
    expect(parseArray('i.idx', bytes)).toEqual({
      shape: [2],
      dtype: 'float32',
      values: Float64Array.of(1, -2),
    });
  });

  it('refuses a table', async () => {
    await expectRefusal(() => parseArray('z.csv', csv), 'bad-data', 'z.csv is not an .npy, .npz or IDX file');
  });
});
