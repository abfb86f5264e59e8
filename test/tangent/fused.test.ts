import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { customField } from '../../src/field/custom.js';
import { empirical } from '../../src/field/empirical.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { polynomial } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import { type BespokeStart, bespokeLayout, plainNumbers } from '../../src/solver/bespoke.js';
import { nfeOf } from '../../src/solver/plan.js';
import { bespokeTangent } from '../../src/tangent/bespoke-moves.js';
import { MOVES, type TangentSpec } from '../../src/tangent/tangent-plan.js';
import { asHardware, hasTeams } from '../as-hardware.js';
import { gpu } from '../device.js';
import { excess, roundingErrors } from '../execute/rounding.js';
import twoGaussians from '../field/custom/two-gaussians.wgsl';
import { latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { eulerSpec, nearEuler, randomTangent } from './fixtures.js';

const seed = freshSeed();
const BATCH = 67;
const SIGMA_MAX = 20;

function network(dim: number, width: number, classes = 0): Field {
  const config = mlpConfig({ dim, width, layers: 2, classes });
  const parameters = randomParameters(config, random(seed, width));
  return mlpField({ config, parameters }, classes > 0 ? { label: [1, 0, 1], guidance: 2 } : {});
}

const mixture = (dim: number, shape: 'shared' | 'per-component' | 'per-dimension') =>
  gaussianMixture(randomMixture(seed, dim, 4, shape));
const means = [
  [-1, 0.5],
  [0.75, -0.25],
];
const { denoise } = gaussianMixture({ weights: [1, 3], means, stds: [0.2, 0.4] });

const fields: { what: string; field: Field; on?: Gpu }[] = [
  { what: 'a mixture of 1 number', field: mixture(1, 'shared') },
  { what: 'a mixture of 3', field: mixture(3, 'per-component') },
  { what: 'a mixture of 22', field: mixture(22, 'per-dimension') },
  { what: 'a mixture of more than are read', field: mixture(70, 'per-component') },
  { what: 'a mixture of more than registers hold', field: mixture(130, 'shared') },
  { what: 'a data set', field: empirical(latents(seed, 50, 2, 1), 2) },
  { what: 'a field of one’s own', field: customField({ dim: 2, wgsl: twoGaussians, denoise }) },
  { what: 'a network', field: network(3, 32) },
  ...(hasTeams ? [{ what: 'teams of lanes', field: mixture(70, 'per-component'), on: asHardware }] : []),
  // So wide that invocations share a tangent network.
  { what: 'a wide network with guidance to labels in turn', field: network(5, 128, 2) },
];

/** A bespoke solver near its formula. */
function bespoke(formula: string, start: BespokeStart, nfe: number, dim: number): TangentSpec {
  const range = { sigmaMin: 0.05, sigmaMax: SIGMA_MAX };
  const data = { mean: Array.from({ length: dim }, (_, d) => 0.1 * ((d % 3) - 1)), std: 0.8 };
  const form = { formula, start, nfe, range, data };
  const { steps, c } = bespokeLayout(form);
  const plain = plainNumbers(form, polynomial().times(steps, { ...range, sigmaMax: 0.9 * SIGMA_MAX }));
  const draw = random(seed, nfe);
  return bespokeTangent(
    form,
    plain.map((value, i) => value + (i < c ? 0 : 0.05 * draw.between(-1, 1))),
  );
}

interface Family {
  name: string;
  specOf: (dim: number) => TangentSpec;
}

const learnedEuler: Family = {
  name: 'learned Euler steps',
  specOf: () => eulerSpec(nearEuler(4, seed, 0.1, SIGMA_MAX)),
};
const bespokes: Family[] = [
  { name: 'a bespoke dpmpp-2m at NFE 2', specOf: (dim) => bespoke('dpmpp-2m', 'gaussian', 2, dim) },
  { name: 'a bespoke ipndm-3 at NFE 4', specOf: (dim) => bespoke('ipndm-3', 'afs', 4, dim) },
  { name: 'a bespoke deis-2 at NFE 8', specOf: (dim) => bespoke('deis-2', 'none', 8, dim) },
];

/** What plans do with moves is the same for all fields, and kernels take a software adapter seconds to compile. */
function familiesOf(what: string): Family[] {
  if (what === 'a mixture of 3') return [learnedEuler, ...bespokes];
  return what === 'a network' ? [learnedEuler, bespokes[1]] : [learnedEuler];
}

describe.each(fields)('$what', ({ what, field, on = gpu }) => {
  const { dim } = field;
  test.each(familiesOf(what))(
    '$name is the reference, by both executors',
    async ({ specOf }) => {
      const spec = specOf(dim);
      const predictor = randomTangent(spec, dim, seed);
      const { plan } = spec.family;
      const x = latents(seed, BATCH, dim, SIGMA_MAX);
      const exact = solveReference(field, plan, { latents: x, predictor });
      const errors = roundingErrors(field, plan, { latents: x, predictor }, exact.samples, seed, 16 + dim);
      const given = { latents: { values: x }, predictor };
      const [stepwise, fused] = [
        await solve(on, field, plan, { ...given, executor: 'stepwise' }),
        await solve(on, field, plan, { ...given, executor: 'fused' }),
      ];
      expect([stepwise.executor, fused.executor]).toEqual(['stepwise', 'fused']);
      for (const { executor, samples, answers, evaluations } of [stepwise, fused]) {
        expect(excess(samples, exact.samples, errors, dim), executor).toBeLessThan(2);
        expect(evaluations).toBe(nfeOf(plan));
        // In chunks the same to the last bit.
        const chunked = await solve(on, field, plan, { ...given, executor, chunk: 9 });
        expect(chunked.samples, executor).toEqual(samples);
        expect(chunked.answers, executor).toEqual(answers);
      }
      // Each trajectory has moves of its own, wherever there is one.
      for (const [k, moves] of spec.moves.entries()) {
        for (let j = 0; j < MOVES; j++) {
          const row = fused.answers!.subarray((MOVES * k + j) * BATCH, (MOVES * k + j + 1) * BATCH);
          if (moves[j]) expect(new Set(row).size).toBeGreaterThan(BATCH / 2);
          else expect(row.every((value) => value === 0)).toBe(true);
        }
      }
    },
    SLOW,
  );
});
