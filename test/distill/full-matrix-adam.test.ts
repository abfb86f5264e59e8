import { Matrix, QrDecomposition } from 'ml-matrix';
import { expect, test } from 'vitest';
import { Adam } from '../../src/distill/adam.js';
import { FullMatrixAdam } from '../../src/distill/full-matrix-adam.js';
import { random } from '../../src/problem/random.js';
import { freshSeed } from '../field/fixtures.js';

const seed = freshSeed();
const [size, steps] = [8, 400];
const source = random(seed, 1);
const rates = new Float64Array(size).fill(0.05);
const start = Float64Array.from({ length: size }, () => source.normal());
const rotation = new QrDecomposition(
  new Matrix(Array.from({ length: size }, () => Array.from({ length: size }, () => source.normal()))),
).orthogonalMatrix;
const rotated = (values: ArrayLike<number>) =>
  rotation.mmul(Matrix.columnVector(Array.from(values))).to1DArray();
const back = (values: ArrayLike<number>) =>
  rotation
    .transpose()
    .mmul(Matrix.columnVector(Array.from(values)))
    .to1DArray();

/** A bowl whose curvatures go from 1e-3 to 1. */
const slopes = (x: ArrayLike<number>) =>
  Float64Array.from(x, (value, i) => 10 ** ((-3 * i) / (size - 1)) * value);
const height = (x: ArrayLike<number>) => slopes(x).reduce((sum, slope, i) => sum + (slope * x[i]) / 2, 0);

function descend(optimiser: Adam | FullMatrixAdam, gradient: (x: Float64Array) => ArrayLike<number>) {
  for (let step = 0; step < steps; step++) optimiser.update(gradient(optimiser.parameters));
  return optimiser.parameters;
}

test(`it does the same whichever way the axes lie, unlike Adam (seed ${seed})`, () => {
  const turned = (x: Float64Array) => rotated(slopes(back(x)));
  const options = { rates, steps };
  const straight = descend(new FullMatrixAdam(start.slice(), options), slopes);
  const aslant = back(descend(new FullMatrixAdam(Float64Array.from(rotated(start)), options), turned));
  for (const [i, value] of straight.entries()) expect(aslant[i]).toBeCloseTo(value, 6);
  const adam = back(descend(new Adam(Float64Array.from(rotated(start)), options), turned));
  expect(height(aslant)).toBeLessThan(height(start) / 100);
  expect(height(aslant)).toBeLessThan(height(adam));
});

test('rates are the units of its parameters', () => {
  const unit = descend(new FullMatrixAdam(start.slice(), { rates, steps }), slopes);
  const stretched = rates.map((rate, i) => rate * (i + 1));
  // The same bowl seen through parameters that are i + 1 times as long.
  const along = (x: Float64Array) =>
    slopes(x.map((value, i) => value / (i + 1))).map((slope, i) => slope / (i + 1));
  const wide = new FullMatrixAdam(
    start.map((value, i) => value * (i + 1)),
    { rates: stretched, steps },
  );
  for (const [i, value] of descend(wide, along).entries()) expect(value / (i + 1)).toBeCloseTo(unit[i], 8);
});

test('what is not finite counts as 0, and without any slope nothing moves', () => {
  const still = new FullMatrixAdam(start.slice(), { rates, steps });
  still.update(start.map(() => NaN));
  still.update(start.map(() => 0));
  expect(still.parameters).toEqual(start);
  still.update(start.map((_, i) => (i === 2 ? 1 : Infinity)));
  for (const [i, value] of still.parameters.entries()) {
    if (i === 2) expect(value).toBeLessThan(start[2]);
    else expect(value).toBeCloseTo(start[i], 12);
  }
});
