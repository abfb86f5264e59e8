import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { logsnr, polynomial } from '../../src/grid/grid.js';
import { amedSolvers } from '../../src/solver/amed.js';
import type { Solver } from '../../src/solver/define.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { rk4 } from '../../src/solver/rk4.js';
import { hostField } from '../field/fixtures.js';

// A smooth nonlinear field. It is flat at the first time, so that a multistep method's first step, of order 1,
// leaves no error of order 2 behind.
const field = hostField(1, (x, sigma, out) => {
  out[0] = Math.exp(-((Math.log(sigma) / 1.4) ** 2)) * Math.sin(2 * x[0] + 0.5);
});
const range = { sigmaMin: 0.1, sigmaMax: 30 };
const latents = [-20, -8, 3, 11, 25];
const STEPS = [300, 500, 800];

const endpoints = (solver: Solver, times: number[], options = {}) =>
  solveReference(field, solver.plan(times, { options }), { latents }).samples;
// Its error is below 1e-12, and the smallest that is measured above 1e-10.
const exact = endpoints(rk4, logsnr().times(4000, range));

const smooth = (steps: number) => polynomial(3).times(steps, range);

/** Every other step in log sigma is twice as long as the one before: the step jumps however many there are. */
function jumping(steps: number): number[] {
  const ends = Array.from({ length: steps + 1 }, (_, i) => 1.5 * i - (i % 2) / 2);
  return ends.map((end) => range.sigmaMax * (range.sigmaMin / range.sigmaMax) ** (end / ends[steps]));
}

/** The slope of log error against log steps, by least squares. */
function measuredOrder(solver: Solver, grid: (steps: number) => number[], options: Record<string, unknown>) {
  // A step of lower order at the end would hide the order of the others.
  const whole = 'lower_order_final' in solver.options ? { lower_order_final: false, ...options } : options;
  const points = STEPS.map((steps) => {
    const squares = endpoints(solver, grid(steps), whole).map((value, i) => (value - exact[i]) ** 2);
    return [Math.log(steps), Math.log(squares.reduce((sum, square) => sum + square)) / 2];
  });
  const mean = (column: number) => points.reduce((sum, point) => sum + point[column], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return -covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

const VARIANTS: Record<string, Record<string, unknown>[]> = {
  'dpm-solver-2': [{}, { r: 0.3 }, { r: 1 }],
  'unipc-2': [{}, { variant: 'bh1' }],
  'unipc-3': [{}, { variant: 'bh1' }],
};
const cases = [...solvers, ...amedSolvers].flatMap((solver) =>
  (VARIANTS[solver.name] ?? [{}]).map((options) => ({ solver, options })),
);

// Half an order tells two whole orders apart; a quarter leaves room for the next term of the error.
const TOLERANCE = 0.25;

test.each(cases)(
  '$solver.name $options has its order on a grid that changes smoothly',
  ({ solver, options }) => {
    expect(Math.abs(measuredOrder(solver, smooth, options) - solver.order)).toBeLessThan(TOLERANCE);
  },
);

/** Coefficients that are not those of the grid's own steps lose an order, or all, where the step jumps. */
const WHERE_IT_JUMPS: Record<string, number> = {
  'ipndm-2': 1,
  'ipndm-3': 1,
  'ipndm-4': 1,
  'amed-ipndm': 1,
  'ipndm-v-3': 2,
  'ipndm-v-4': 0,
};

test.each(cases)('$solver.name $options has its order where the step jumps', ({ solver, options }) => {
  const order = WHERE_IT_JUMPS[solver.name] ?? solver.order;
  expect(Math.abs(measuredOrder(solver, jumping, options) - order)).toBeLessThan(TOLERANCE);
});

test.each([
  ['dpmpp-3m', { d2: 'exact' }, smooth, 3],
  ['dpmpp-3m', { d2: 'exact' }, jumping, 3],
  ['ipndm-v-4', {}, (steps: number) => logsnr().times(steps, range), 3],
] as const)('%s %o on %o has order %d', (name, options, grid, order) => {
  expect(Math.abs(measuredOrder(solverByName(name), grid, options) - order)).toBeLessThan(TOLERANCE);
});
