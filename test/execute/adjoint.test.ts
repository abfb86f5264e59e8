import { describe, expect, test } from 'vitest';
import { adjointReference } from '../../src/execute/adjoint-reference.js';
import { solveReference } from '../../src/execute/reference.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { type PlanFamily, planFamily } from '../../src/solver/plan-family.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import {
  adjointOnGpu,
  allowed,
  answersFamily,
  columnsOf,
  randomAnswers,
  relativeError,
  seed,
} from './adjoint-fixtures.js';

const network = mlpConfig({ dim: 3, width: 32, layers: 2 });

const classes = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 3 });
const labelled = { config: classes, parameters: randomParameters(classes, random(seed, 6)) };

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
  test.each(cases)('$name: the adjoint is the difference', ({ familyOf }) => {
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

const fields: [string, Field][] = [
  ['mixture in 3-D', gaussianMixture(randomMixture(seed, 3, 4, 'per-component'))],
  ['mixture in 6-D', gaussianMixture(randomMixture(seed, 6, 4, 'shared'))],
  ['network', mlpField({ config: network, parameters: randomParameters(network, random(seed, 5)) })],
  ['network with labels', mlpField(labelled, { label: [2, 0, 1] })],
  ['guided network with labels', mlpField(labelled, { label: 'all', guidance: 1.5 })],
];

describe.each(fields)('on the GPU, %s', (_, field) => {
  test.each(cases)(
    '$name: the adjoint is that in float64',
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
