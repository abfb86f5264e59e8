import { test } from 'vitest';
import { trainTangent } from '../../src/distill/network/tangent.js';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { amedFamily } from '../../src/solver/amed-family.js';
import { type Move, type TangentSpec, tangentPlan } from '../../src/tangent/tangent-plan.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { eulerSpec, nearEuler, randomTangent } from './fixtures.js';

const field = gaussianMixture(randomMixture(1, 2, 3, 'shared'));
const other = gaussianMixture(randomMixture(1, 3, 3, 'shared'));
const spec = eulerSpec(nearEuler(2, 1, 0.1));
const { plan } = spec.family;
const predictor = randomTangent(spec, 2, 1);
const latents = { values: [1, 2] };

const with_ = (change: Partial<TangentSpec>) => () => tangentPlan({ ...spec, ...change });
const withMove = (move: Partial<Move>) =>
  with_({ moves: [[{ parameter: 0, kind: 'scaled', width: 0.1, ...move }], []] });
const times = polynomial().times(2);
const velocities: TangentSpec = {
  family: amedFamily(amedSolvers[0], times, {}),
  parameters: Float64Array.of(0.5, 1, 1, 0.5, 1, 1),
  moves: [[], [], [], []],
  shared: [],
};
const pool = {
  dim: 2,
  latents: new Float32Array(20),
  states: [new Float32Array(20)],
  evaluations: 0,
  seconds: 0,
};
const training = { training: pool, validation: pool };
const refusals: Refusal[] = [
  ['velocities', () => tangentPlan(velocities), 'bad-argument', /gives a velocity/, /denoised evaluations/],
  [
    'too few moves',
    with_({ moves: [[]] }),
    'bad-argument',
    /after 1 evaluations .* has 2/,
    /each evaluation/,
  ],
  [
    'four moves',
    with_({ moves: [spec.moves[0].concat(undefined), []] }),
    'bad-argument',
    /more than 3/,
    /at most 3/,
  ],
  ['an unknown parameter', withMove({ parameter: 9 }), 'bad-argument', /parameter 9/, /from 0 to 4/],
  ['no width', withMove({ width: 0 }), 'bad-argument', /by 0/, /positive width/],
  ['a width that is none', withMove({ width: Number.NaN }), 'bad-argument', /by NaN/, /positive width/],
  ['an unknown shared one', with_({ shared: [-1] }), 'bad-argument', /shared parameter/, /from 0 to 4/],
  [
    'a time that is none',
    with_({ parameters: spec.parameters.with(3, Number.NaN) }),
    'bad-argument',
    /has NaN for a time/,
    /times are positive/,
  ],
  [
    'another number of dimensions',
    () => solve(gpu, other, plan, { latents: { values: [1, 2, 3] }, predictor }),
    'bad-shape',
    /states of 2 numbers, these have 3/,
    /the field that it was trained on/,
  ],
  [
    'too few weights',
    () => solve(gpu, field, plan, { latents, predictor: { ...predictor, parameters: new Float32Array(4) } }),
    'bad-shape',
    /4 parameters were given/,
    /belong to this plan/,
  ],
  ...[
    () => solve(gpu, field, eulerSpec(nearEuler(3, 1, 0.1)).family.plan, { latents, predictor }),
    () =>
      solveReference(field, eulerSpec(nearEuler(3, 1, 0.1)).family.plan, {
        latents: latents.values,
        predictor,
      }),
  ].map(
    (work): Refusal => ['another plan', work, 'bad-argument', /is not the one whose columns/, /together/],
  ),
  [
    'a batch that the pool does not fill',
    () => trainTangent(gpu, field, spec, { ...training, iterations: 1 }),
    'bad-argument',
    /10 trajectories do not fill one batch of 128/,
    /a smaller batch/,
  ],
  [
    'a negative number of iterations',
    () => trainTangent(gpu, field, spec, { ...training, iterations: -1 }),
    'bad-argument',
    /number of iterations is -1/,
    /from 0/,
  ],
];

test.each(refusals)('%s is refused', async (...refusal) => {
  await expectRefused(refusal);
});
