import { expect } from 'vitest';
import { Linearisation, STEP } from '../../src/distill/normal-equations.js';
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
 * Expects the normal equations of a batch on the GPU to be those in float64 by the same differences, and what they
 * are made of to be the gradient of the loss.
 * @param field of two dimensions
 */
export async function expectNormalEquations(
  field: Field,
  family: PlanFamily,
  planOf: (parameters: Float64Array) => Plan,
  parameters: Float64Array,
  seed: number,
): Promise<void> {
  const x = latents(seed, BATCH, 2);
  const target = latents(seed + 1, BATCH, 2, 1);
  const samplesAt = (p: Float64Array) => solveReference(field, planOf(p), { latents: x }).samples;
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
  const size = { parameters: parameters.length, batch: BATCH, softening: SOFTENING };
  const linearisation = await Linearisation.create(gpu, field, family, size);
  // The second time with nothing left of the first.
  await linearisation.at(
    parameters.map((value) => value + 0.1),
    part,
  );
  const normal = await linearisation.at(parameters, part);
  linearisation.destroy();
  const parted = await Linearisation.create(gpu, field, family, { ...size, chunk: 77 });
  expect(await parted.at(parameters, part)).toEqual(normal);
  parted.destroy();

  const samples = samplesAt(parameters);
  const squares = squaresOf(samples);
  const meanError = mean(squares.map(Math.sqrt));
  expect(Math.abs(normal.loss - lossAt(parameters))).toBeLessThan(1e-4);
  const plainError = mean(squares.map((square) => Math.sqrt(square - SOFTENING)));
  expect(Math.abs(normal.meanError / plainError - 1)).toBeLessThan(1e-4);
  const weights = Array.from(samples, (_, k) => {
    const square = squares[Math.floor(k / 2)];
    return 1 / (BATCH * meanError * Math.sqrt(square)) + 1 / (2 * BATCH * square);
  });
  const jacobian = Array.from(parameters, (value, i) => {
    const moved = samplesAt(parameters.with(i, value + STEP));
    return moved.map((end, k) => (end - samples[k]) / STEP);
  });
  const gradientOf = (rows: Float64Array[]) =>
    rows.map((row) =>
      weights.reduce((sum, weight, k) => sum + weight * row[k] * (samples[k] - target[k]), 0),
    );
  const slopes = gradientOf(jacobian);
  const scale = Math.max(...slopes.map(Math.abs));
  expect(scale).toBeGreaterThan(1e-3);
  // Of what float32 rounds of an end point, each difference has twice as much.
  const errors = roundingErrors(field, planOf(parameters), { latents: x }, samples, seed, ROUNDINGS);
  const typical = errors.toSorted((a, b) => a - b)[BATCH / 2];
  const rounding = Array.from(samples, (_, k) => (2 * (errors[Math.floor(k / 2)] + typical)) / STEP);
  const sum = (of: (weight: number, k: number) => number) =>
    weights.reduce((total, weight, k) => total + of(weight, k), 0);
  for (const [p, slope] of slopes.entries()) {
    const rounded = sum((weight, k) => weight * rounding[k] * Math.abs(samples[k] - target[k]));
    expect(Math.abs(normal.gradient[p] - slope)).toBeLessThan(1e-3 * scale + rounded);
    for (const q of slopes.keys()) {
      const product = (i: number, j: number) => sum((weight, k) => weight * jacobian[i][k] * jacobian[j][k]);
      const off = sum((weight, k) => {
        const size = Math.abs(jacobian[p][k]) + Math.abs(jacobian[q][k]);
        return weight * (size * rounding[k] + rounding[k] ** 2);
      });
      const bound = 1e-3 * Math.sqrt(product(p, p) * product(q, q)) + off;
      expect(Math.abs(normal.matrix[p * slopes.length + q] - product(p, q))).toBeLessThan(bound);
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
