import { describe, expect, test } from 'vitest';
import { type AdjointReferenceSolution, adjointReference } from '../../src/execute/adjoint-reference.js';
import { PlanAdjoint } from '../../src/execute/plan-adjoint.js';
import { solveReference } from '../../src/execute/reference.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/problem/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { type PlanFamily, planFamily } from '../../src/solver/plan-family.js';
import { gpu } from '../device.js';
import { freshSeed, latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { disturbedField, EPSILON } from './rounding.js';

const seed = freshSeed();
const STEPS = 3;
const network = mlpConfig({ dim: 3, width: 32, layers: 2 });

/** A solver's plans as a function of its answers (r, direction, time) step by step. */
function answersFamily(solver: (typeof amedSolvers)[number], afs: boolean): PlanFamily {
  const times = polynomial().times(STEPS, { sigmaMin: 0.05, sigmaMax: 20 });
  const make = (p: Float64Array) =>
    solver.planWith(
      times,
      Array.from({ length: STEPS }, (_, i) => ({ r: p[3 * i], direction: p[3 * i + 1], time: p[3 * i + 2] })),
      { afs },
    );
  return planFamily(make, [randomAnswers(1), randomAnswers(2)]);
}

function randomAnswers(stream: number): Float64Array {
  const source = random(seed, stream);
  return Float64Array.from({ length: 3 * STEPS }, (_, i) =>
    i % 3 === 0 ? source.between(0.3, 0.7) : source.between(0.8, 1.2),
  );
}

/** Each column's value for every trajectory, each trajectory with answers of its own. */
function columnsOf({ plan, values }: PlanFamily, batch: number): Float64Array {
  const columns = new Float64Array(plan.columns * batch);
  for (let row = 0; row < batch; row++) {
    for (const [c, value] of values(randomAnswers(10 + row)).entries()) columns[c * batch + row] = value;
  }
  return columns;
}

/** A plan that goes by a constant, with parameters for all its coefficients and times. */
function constantFamily(dim: number): PlanFamily {
  const source = random(seed, 3);
  const values = Array.from({ length: dim }, () => source.between(-1, 1));
  const make = (p: Float64Array) => {
    const b = new PlanBuilder([20, 0.05]);
    const mean = b.constant(values);
    const first = b.combine([0.5 * p[0], b.start], [p[1], mean]);
    const d = b.velocity(first, 9 * p[2]);
    const second = b.combine([0.1 * p[3], b.start], [p[4], mean], [-p[5], d]);
    b.reach(b.combine([p[6], b.denoised(second, p[7])], [p[8], mean]));
    return b.finish('by way of the mean');
  };
  return planFamily(make, [randomAnswers(1), randomAnswers(2)]);
}

const cases = [
  ...amedSolvers.flatMap((solver) =>
    [false, true].map((afs) => ({
      name: `${solver.name}, AFS ${afs}`,
      familyOf: (_dim: number) => answersFamily(solver, afs),
    })),
  ),
  { name: 'a plan with a constant', familyOf: constantFamily },
];

describe('in float64', () => {
  test.each(cases)(`$name: the adjoint is the difference (seed ${seed})`, ({ familyOf }) => {
    const [batch, dim] = [2, 3];
    const family = familyOf(dim);
    const { plan } = family;
    const field = gaussianMixture(randomMixture(seed, dim, 4, 'per-component'));
    const x = latents(seed, batch, dim, 20);
    const columns = columnsOf(family, batch);
    const target = latents(seed + 1, batch, dim, 1);
    const loss = (c: Float64Array, at = x) =>
      solveReference(field, plan, { latents: at, columns: c }).samples.reduce(
        (sum, value, i) => sum + (value - target[i]) ** 2,
        0,
      );
    const cotangent = (samples: Float64Array) => samples.map((value, i) => 2 * (value - target[i]));
    const adjoint = adjointReference(field, plan, { latents: x, columns, cotangent });
    const difference = (values: Float64Array, i: number, of: (moved: Float64Array) => number) => {
      const step = 1e-5 * Math.max(1, Math.abs(values[i]));
      const at = (by: number) => of(values.with(i, values[i] + by));
      return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
    };
    const scale = Math.max(...adjoint.columns.map(Math.abs));
    expect(scale).toBeGreaterThan(1e-3);
    for (let i = 0; i < columns.length; i++) {
      expect(Math.abs(adjoint.columns[i] - difference(columns, i, loss))).toBeLessThan(1e-7 * (1 + scale));
    }
    for (let i = 0; i < x.length; i++) {
      const numeric = difference(x, i, (moved) => loss(columns, moved));
      expect(Math.abs(adjoint.latents[i] - numeric)).toBeLessThan(1e-7 * (1 + Math.abs(numeric)));
    }
  });
});

/** What the GPU makes of the same, given the cotangent of the result: the gradient to the columns and the latents. */
async function adjointOnGpu(
  field: Field,
  family: PlanFamily,
  x: Float64Array,
  columns: Float64Array,
  bar: Float64Array,
) {
  const { dim } = field;
  const adjoint = await PlanAdjoint.create(gpu, field, family.plan, x.length / dim);
  const { queue } = gpu.device;
  const { slots, columns: columnBuffer, columnGradient } = adjoint.buffers;
  queue.writeBuffer(slots, 0, Float32Array.from(x));
  queue.writeBuffer(columnBuffer, 0, Float32Array.from(columns));
  const encoder = gpu.device.createCommandEncoder();
  adjoint.recordClear(encoder);
  const forward = encoder.beginComputePass();
  adjoint.recordForward(forward);
  forward.end();
  queue.submit([encoder.finish()]);
  queue.writeBuffer(slots, 4 * adjoint.cotangent(adjoint.result), Float32Array.from(bar));
  const back = gpu.device.createCommandEncoder();
  const pass = back.beginComputePass();
  adjoint.recordBackward(pass);
  pass.end();
  queue.submit([back.finish()]);
  const toColumns = new Float32Array(await gpu.read(columnGradient));
  const toLatents = new Float32Array(await gpu.read(slots, 4 * x.length, 4 * adjoint.cotangent(0)));
  adjoint.destroy();
  return { columns: toColumns, latents: toLatents };
}

/** The largest difference, relative to the largest number of the exact ones. */
function relativeError(actual: ArrayLike<number>, exact: Float64Array): number {
  const scale = Math.max(...exact.map(Math.abs));
  return exact.reduce((worst, value, i) => {
    const error = Math.abs(actual[i] - value) / scale;
    return error <= worst ? worst : error; // a NaN is the worst of all
  }, 0);
}

const fields: [string, Field][] = [
  ['mixture in 3-D', gaussianMixture(randomMixture(seed, 3, 4, 'per-component'))],
  ['mixture in 6-D', gaussianMixture(randomMixture(seed, 6, 4, 'shared'))],
  ['network', mlpField({ config: network, parameters: randomParameters(network, random(seed, 5)) })],
];

/**
 * How far the adjoint moves where every evaluation and product of the field errs as float32 does: where trajectories
 * part, more than elsewhere. Columns and updates round too.
 */
function allowed(
  field: Field,
  exact: AdjointReferenceSolution,
  run: (field: Field) => AdjointReferenceSolution,
) {
  const moved = [1, 2, 3, 4].map((stream) =>
    run(disturbedField(field, random(seed, 20 + stream), ROUNDINGS)),
  );
  const most = (part: 'columns' | 'latents') =>
    2 * Math.max(...moved.map((solution) => relativeError(solution[part], exact[part]))) + 20 * EPSILON;
  return { columns: most('columns'), latents: most('latents') };
}

/** Of an evaluation with the operations beside it, the coefficients' own included. */
const ROUNDINGS = 32;

describe.each(fields)('on the GPU, %s', (_, field) => {
  test.each(cases)(
    `$name: the adjoint is that in float64 (seed ${seed})`,
    async ({ familyOf }) => {
      const family = familyOf(field.dim);
      const batch = 70;
      const x = latents(seed, batch, field.dim, 20);
      const columns = columnsOf(family, batch).map(Math.fround);
      const bar = latents(seed + 2, batch, field.dim, 1);
      const run = (of: Field) =>
        adjointReference(of, family.plan, { latents: x, columns, cotangent: () => bar });
      const exact = run(field);
      const actual = await adjointOnGpu(field, family, x, columns, bar);
      const bound = allowed(field, exact, run);
      expect(relativeError(actual.columns, exact.columns)).toBeLessThan(bound.columns);
      expect(relativeError(actual.latents, exact.latents)).toBeLessThan(bound.latents);
      // The bound means something: rounding moves gradients by far less than they are.
      expect(Math.max(bound.columns, bound.latents)).toBeLessThan(0.02);
    },
    SLOW,
  );
});
