import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NdArray } from '../../src/io/array.js';
import { type DataSet, expectMatrix } from '../../src/io/dataset.js';
import { applyScaling, scaleToUnit, undoScaling } from '../../src/io/scaling.js';
import { expectRefusal } from '../refusal.js';

const points = (values: readonly number[]): DataSet => ({
  rows: values.length,
  columns: 1,
  values: Float64Array.from(values),
});

describe('scaleToUnit', () => {
  const finite = fc.array(fc.double({ min: -1e308, max: 1e308, noNaN: true }), {
    minLength: 2,
    maxLength: 30,
  });

  it('maps onto [-1, 1] and back to the own units', () => {
    fc.assert(
      fc.property(finite, (values) => {
        const largest = Math.max(...values.map(Math.abs));
        // Ranges below the resolution of the values themselves are for the next test.
        fc.pre(Math.max(...values) / 2 - Math.min(...values) / 2 > 1e-3 * largest && largest > 1e-290);
        const { dataSet, scaling } = scaleToUnit(points(values));
        // offset and scale carry half a unit in the last place of `largest`, the range is at least 1e-3 of it:
        // a few times 2^-53 / 1e-3.
        expect(Math.abs(Math.min(...dataSet.values) + 1)).toBeLessThan(1e-12);
        expect(Math.abs(Math.max(...dataSet.values) - 1)).toBeLessThan(1e-12);
        const back = undoScaling(scaling, dataSet.values);
        // Three roundings, each of a number no larger than 2 * largest.
        back.forEach((value, i) => {
          expect(Math.abs(value / 2 - values[i] / 2)).toBeLessThanOrEqual(4 * 2 ** -53 * largest);
        });
        expect(applyScaling(scaling, Float64Array.from(values))).toEqual(dataSet.values);
      }),
    );
  });

  it('is one map for all columns, so that geometry is kept', () => {
    const square = { rows: 2, columns: 2, values: Float64Array.of(0, 10, 4, 12) };
    const { dataSet, scaling } = scaleToUnit(square);
    expect(scaling).toEqual({ offset: 6, scale: 6 });
    expect([...dataSet.values]).toEqual([-1, 4 / 6, -2 / 6, 1]);
    expect(dataSet).toMatchObject({ rows: 2, columns: 2 });
  });

  it('leaves float32 results float32', () => {
    expect(undoScaling({ offset: 8, scale: 8 }, Float32Array.of(-1, 0, 1))).toEqual(
      Float32Array.of(0, 8, 16),
    );
  });

  it('refuses constant data', async () => {
    const call = () => scaleToUnit(points([3, 3, 3]));
    await expectRefusal(call, 'bad-data', 'all 3 values are 3');
  });
});

describe('expectMatrix', () => {
  const array = (shape: number[], values: number[], dtype: NdArray['dtype'] = 'float32'): NdArray => ({
    shape,
    dtype,
    values: Float64Array.from(values),
  });

  it('passes latents on', () => {
    const matrix = expectMatrix(array([1, 2], [1, 2], 'float64'), { name: 'z.npy', columns: 2 });
    expect(matrix).toEqual({ rows: 1, columns: 2, values: Float64Array.of(1, 2) });
  });

  it.each<[string, NdArray, 'bad-shape' | 'bad-data', string]>([
    ['other columns', array([1, 3], [1, 2, 3]), 'bad-shape', 'z.npy has shape [1, 3], expected [B, 2]'],
    ['rank 1', array([2], [1, 2]), 'bad-shape', 'z.npy has shape [2]'],
    ['rank 3', array([1, 2, 1], [1, 2]), 'bad-shape', 'z.npy has shape [1, 2, 1]'],
    ['no rows', array([0, 2], []), 'bad-shape', 'z.npy has shape [0, 2]'],
    ['integers', array([1, 2], [1, 2], 'int32'), 'bad-data', 'z.npy holds int32'],
    ['a NaN', array([2, 2], [1, 2, NaN, 4]), 'bad-data', 'z.npy, row 1, column 0: the value NaN'],
    ['an infinity', array([1, 2], [1, -Infinity]), 'bad-data', 'row 0, column 1: the value -Infinity'],
  ])('refuses %s', async (_, bad, code, message) => {
    await expectRefusal(() => expectMatrix(bad, { name: 'z.npy', columns: 2 }), code, message);
  });
});
