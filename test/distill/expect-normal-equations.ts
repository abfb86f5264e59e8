import { expect } from 'vitest';
import { Linearisation, type NormalEquations, STEP } from '../../src/distill/training/normal-equations.js';
import { solveReference } from '../../src/execute/reference.js';
import type { Field } from '../../src/field/field.js';
import type { Plan } from '../../src/solver/plan.js';
import type { PlanFamily } from '../../src/solver/plan-family.js';
import { gpu } from '../device.js';
import { roundingErrors } from '../execute/rounding.js';
import { latents } from '../field/fixtures.js';

const BATCH = 32;
const SOFTENING = 0.01;
/** Of an evaluation with the operations beside it, the coefficients' own included. */
const ROUNDINGS = 32;

/**
 * Expects the normal equations of a batch on the GPU to be those in float64 by the same differences, whichever executor
 * makes them, and what they are made of to be the gradient of the loss.
 * @param field of two dimensions
 * @param planOf the plan for the numbers that the family moves: its local ones, where it has some
 */
export async function expectNormalEquations(
  field: Field,
  family: PlanFamily,
  planOf: (numbers: Float64Array) => Plan,
  parameters: Float64Array,
  seed: number,
): Promise<void> {
  const x = latents(seed, BATCH, 2);
  const target = latents(seed + 1, BATCH, 2, 1);
  const numbersOf = (p: Float64Array) => family.local?.of(p) ?? p;
  const samplesOf = (numbers: Float64Array) => solveReference(field, planOf(numbers), { latents: x }).samples;
  const samplesAt = (p: Float64Array) => samplesOf(numbersOf(p));
  const squaresOf = (samples: Float64Array) =>
    Array.from(
      { length: BATCH },
      (_, b) => SOFTENING + [0, 1].reduce((sum, d) => sum + (samples[2 * b + d] - target[2 * b + d]) ** 2, 0),
    );
  const mean = (all: number[]) => all.reduce((sum, value) => sum + value / BATCH, 0);
  const lossAt = (p: Float64Array) => {
    const squares = squaresOf(samplesAt(p));
    return Math.log(mean(squares.map(Math.sqrt))) + mean(squares.map(Math.log)) / 4;
  };
  const part = { latents: Float32Array.from(x), endpoints: Float32Array.from(target) };
  const size = { batch: BATCH, softening: SOFTENING };
  const equations: NormalEquations[] = [];
  for (const executor of ['fused', 'stepwise'] as const) {
    const linearisation = await Linearisation.create(gpu, field, family, { ...size, executor });
    // The second time with nothing left of the first.
    await linearisation.at(
      parameters.map((value) => value + 0.1),
      part,
    );
    const normal = await linearisation.at(parameters, part);
    linearisation.destroy();
    // In chunks every solve asks for all of its evaluations.
    const parted = await Linearisation.create(gpu, field, family, { ...size, executor, chunk: 77 });
    expect(await parted.at(parameters, part)).toEqual(normal);
    parted.destroy();
    equations.push(normal);
  }

  const samples = samplesAt(parameters);
  const squares = squaresOf(samples);
  const meanError = mean(squares.map(Math.sqrt));
  const plainError = mean(squares.map((square) => Math.sqrt(square - SOFTENING)));
  for (const normal of equations) {
    expect(Math.abs(normal.loss - lossAt(parameters))).toBeLessThan(1e-4);
    expect(Math.abs(normal.meanError / plainError - 1)).toBeLessThan(1e-4);
  }
  const weights = Array.from(samples, (_, k) => {
    const square = squares[Math.floor(k / 2)];
    return 1 / (BATCH * meanError * Math.sqrt(square)) + 1 / (2 * BATCH * square);
  });
  // Differences are of the numbers that the parameters come to.
  const numbers = numbersOf(parameters);
  const differences = Array.from(numbers, (value, i) => {
    const moved = samplesOf(numbers.with(i, value + STEP));
    return moved.map((end, k) => (end - samples[k]) / STEP);
  });
  const rows = family.local?.rows(parameters) ?? Array.from(numbers, (_, at) => [{ at, weight: 1 }]);
  const weightOf = (i: number, p: number) => rows[i].find(({ at }) => at === p)?.weight ?? 0;
  const jacobian = Array.from(parameters, (_, p) =>
    samples.map((_, k) => differences.reduce((sum, slopes, i) => sum + weightOf(i, p) * slopes[k], 0)),
  );
  const gradientOf = (rows: Float64Array[]) =>
    rows.map((row) =>
      weights.reduce((sum, weight, k) => sum + weight * row[k] * (samples[k] - target[k]), 0),
    );
  const slopes = gradientOf(jacobian);
  const scale = Math.max(...slopes.map(Math.abs));
  expect(scale).toBeGreaterThan(1e-3);
  // Of what float32 rounds of an end point, each difference has twice as much.
  const errors = roundingErrors(field, planOf(numbers), { latents: x }, samples, seed, ROUNDINGS);
  const typical = errors.toSorted((a, b) => a - b)[BATCH / 2];
  const spread = parameters.map((_, p) =>
    numbers.reduce((sum, _, i) => sum + Math.abs(weightOf(i, p)) / STEP, 0),
  );
  const rounding = (p: number, k: number) => 2 * (errors[Math.floor(k / 2)] + typical) * spread[p];
  const sum = (of: (weight: number, k: number) => number) =>
    weights.reduce((total, weight, k) => total + of(weight, k), 0);
  for (const [p, slope] of slopes.entries()) {
    const rounded = sum((weight, k) => weight * rounding(p, k) * Math.abs(samples[k] - target[k]));
    for (const { gradient } of equations) {
      expect(Math.abs(gradient[p] - slope)).toBeLessThan(1e-3 * scale + rounded);
    }
    for (const q of slopes.keys()) {
      const product = (i: number, j: number) => sum((weight, k) => weight * jacobian[i][k] * jacobian[j][k]);
      const off = sum((weight, k) => {
        const [ofP, ofQ] = [rounding(p, k), rounding(q, k)];
        return weight * (Math.abs(jacobian[p][k]) * ofQ + Math.abs(jacobian[q][k]) * ofP + ofP * ofQ);
      });
      const bound = 1e-3 * Math.sqrt(product(p, p) * product(q, q)) + off;
      for (const { matrix } of equations) {
        expect(Math.abs(matrix[p * slopes.length + q] - product(p, q))).toBeLessThan(bound);
      }
    }
  }
  // W is the one whose J^T W e is the gradient of the loss: without the GPU, whose steps are too long to say so.
  // Leaves out up to 1e-7 of the largest slope, over 720 forms and fields; 1e-5, up to 1e-5.
  const small = 1e-6;
  const between = (of: (p: Float64Array) => number, p: number) =>
    (of(parameters.with(p, parameters[p] + small)) - of(parameters.with(p, parameters[p] - small))) /
    (2 * small);
  const exact = gradientOf(
    Array.from(parameters, (_, p) =>
      Float64Array.from(samples, (_, k) => between((at) => samplesAt(at)[k], p)),
    ),
  );
  for (const [p, slope] of exact.entries()) {
    expect(Math.abs(slope - between(lossAt, p))).toBeLessThan(1e-5 * Math.max(...exact.map(Math.abs)));
  }
}
