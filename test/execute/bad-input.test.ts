import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { type SolveOptions, solve } from '../../src/execute/solve.js';
import { customField } from '../../src/field/custom.js';
import { empirical } from '../../src/field/empirical.js';
import { gaussianMixture, type MixtureInput } from '../../src/field/gaussian-mixture.js';
import { sample } from '../../src/sample.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { perTrajectory } from '../../src/solver/plan.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { hostField } from '../field/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';

const good = {
  weights: [1, 2],
  means: [
    [0, 0],
    [1, 1],
  ],
  stds: [0.1, 0.2],
};
const field = gaussianMixture(good);
const plan = solverByName('euler').plan([80, 1, 0.002]);
const latents = { values: [1, 2, 3, 4] };
const custom = 'fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> { return x; }';

function columnPlan() {
  const b = new PlanBuilder([2, 1]);
  b.reach(b.combine([perTrajectory(1), b.start]));
  return b.finish('by hand');
}

function longCombination() {
  const b = new PlanBuilder([2, 1]);
  b.reach(b.combine(...Array.from({ length: 31 }, () => [1, b.start] as const)));
  return b.finish('by hand');
}

const mixture = (change: Partial<MixtureInput>) => () => gaussianMixture({ ...good, ...change });
const solving = (change: Partial<SolveOptions>) => () => solve(gpu, field, plan, { latents, ...change });
const onHost =
  (values: number[], keep: number[] = [], columns: number[] = []) =>
  () =>
    solveReference(field, plan, { latents: values, keep, columns });

const TABLE: Refusal[] = [
  // Fields
  [
    'a mixture of nothing',
    mixture({ weights: [], means: [], stds: [] }),
    'bad-field',
    /at least one component/,
    /weights, means and stds/,
  ],
  [
    'fewer means than weights',
    mixture({ means: [[0, 0]] }),
    'bad-field',
    /2 weights but 1 means/,
    /one mean per weight/,
  ],
  ['more stds than weights', mixture({ stds: [1, 1, 1] }), 'bad-field', /2 weights but 3 stds/, /one std/],
  ['a negative weight', mixture({ weights: [1, -1] }), 'bad-field', /weights\[1\] is -1/, /positive/],
  [
    'means of two lengths',
    mixture({ means: [[0, 0], [1]] }),
    'bad-field',
    /means\[1\] has 1 numbers, means\[0\] has 2/,
    /same length/,
  ],
  ['an empty mean', mixture({ means: [[], []] }), 'bad-field', /means\[0\] is empty/, /list of D numbers/],
  [
    'stds of two kinds',
    mixture({ stds: [1, [1, 1]] as never }),
    'bad-field',
    /stds\[0\] is not a list of 2 numbers/,
    /all stds as numbers/,
  ],
  ['a negative std', mixture({ stds: [1, -0.5] }), 'bad-field', /standard deviation is -0.5/, /0 or more/],
  [
    'a NaN in a mean',
    mixture({
      means: [
        [0, 0],
        [1, Number.NaN],
      ],
    }),
    'bad-field',
    /means holds NaN at \[1\]\[1\]/,
    /finite/,
  ],
  [
    'data of no whole rows',
    () => empirical([1, 2, 3], 2),
    'bad-field',
    /3 numbers are no rows of 2/,
    /rows x dim/,
  ],
  [
    'rows of a number and a half',
    () => empirical([1, 2, 3], 1.5),
    'bad-field',
    /no rows of 1.5/,
    /rows x dim/,
  ],
  ['no data', () => empirical([], 2), 'bad-field', /0 numbers are no rows/, /at least one row/],
  ['a negative bandwidth', () => empirical([1, 2], 2, -1), 'bad-field', /bandwidth is -1/, /from 0 on/],
  [
    'a NaN in the data',
    () => empirical([1, 2, 3, Number.NaN], 2),
    'not-finite',
    /row 1, column 1 of the data is NaN/,
    /remove or fill in/,
  ],
  [
    'a custom field without denoise',
    () => customField({ dim: 2, wgsl: 'fn other() {}' }),
    'bad-field',
    /no function 'denoise'/,
    /fn denoise\(x: array<f32, 2>/,
  ],
  [
    'a custom field of no dimension',
    () => customField({ dim: 0, wgsl: custom }),
    'bad-field',
    /dimension of a custom field is 0/,
    /from 1 on/,
  ],
  // Runs
  ['a batch of 0', solving({ latents: { batch: 0, seed: 1 } }), 'bad-argument', /the batch is 0/, /from 1/],
  [
    'half a trajectory',
    solving({ latents: { batch: 1.5, seed: 1 } }),
    'bad-argument',
    /the batch is 1.5/,
    /from 1/,
  ],
  [
    'a negative seed',
    solving({ latents: { batch: 1, seed: -1 } }),
    'bad-argument',
    /the seed is -1/,
    /from 0/,
  ],
  [
    'a seed past 2^53',
    solving({ latents: { batch: 1, seed: 2 ** 53 } }),
    'bad-argument',
    /the seed is 9007199254740992/,
    /2\^53 - 1/,
  ],
  ['a chunk of 0', solving({ chunk: 0 }), 'bad-argument', /the chunk is 0/, /from 1/],
  [
    'latents of no whole rows',
    solving({ latents: { values: [1, 2, 3] } }),
    'bad-shape',
    /3 numbers are no latents \[batch, 2\]/,
    /rows of 2/,
  ],
  ['no latents', solving({ latents: { values: [] } }), 'bad-shape', /0 numbers are no latents/, /rows of 2/],
  [
    'a NaN in the latents',
    solving({ latents: { values: [1, 2, 3, Number.NaN] } }),
    'not-finite',
    /latent 1 is NaN in dimension 1/,
    /finite/,
  ],
  [
    'latents beyond float32',
    solving({ latents: { values: [1, 2, 1e39, 4] } }),
    'not-finite',
    /latent 1 is 1e\+39 in dimension 0/,
    /float32/,
  ],
  [
    'a slot that does not exist',
    solving({ keep: [99] }),
    'bad-argument',
    /euler has no slot 99 to keep/,
    /from 0 to 4/,
  ],
  [
    'columns that nothing reads',
    solving({ columns: [1] }),
    'bad-shape',
    /reads 0 values per trajectory, 0 in all; got 1/,
    /\[columns, batch\]/,
  ],
  [
    'missing columns',
    () => solve(gpu, field, columnPlan(), { latents, columns: [1, 2, 3] }),
    'bad-shape',
    /reads 2 values per trajectory, 4 in all; got 3/,
    /\[columns, batch\]/,
  ],
  [
    'too many terms',
    () => solve(gpu, field, longCombination(), { latents }),
    'bad-argument',
    /31 terms; the kernel takes 30/,
    /several combinations/,
  ],
  [
    'a NaN in the latents, on the host',
    onHost([1, Number.NaN]),
    'not-finite',
    /latent 0 is NaN in dimension 1/,
    /finite/,
  ],
  [
    'latents of no whole rows, on the host',
    onHost([1]),
    'bad-shape',
    /1 numbers are no latents/,
    /rows of 2/,
  ],
  ['a slot that does not exist, on the host', onHost([1, 2], [-1]), 'bad-argument', /no slot -1/, /from 0/],
  [
    'columns that nothing reads, on the host',
    onHost([1, 2], [], [1]),
    'bad-shape',
    /reads 0 values/,
    /\[columns, batch\]/,
  ],
  [
    'a custom field without a float64 form, on the host',
    () => solveReference(customField({ dim: 2, wgsl: custom }), plan, { latents: [1, 2] }),
    'bad-field',
    /custom field has no float64 form/,
    /stepwise/,
  ],
  [
    'an unreachable NFE in sample',
    () => sample(gpu, { field, solver: 'heun', nfe: 3 }),
    'unreachable-nfe',
    /cannot make exactly 3/,
    /2 or 4/,
  ],
];

test.each(TABLE)('%s', (...refusal) => expectRefused(refusal));

test('a host field is no field for the GPU', async () => {
  await expect(
    solve(
      gpu,
      hostField(2, () => {}),
      plan,
      { latents },
    ),
  ).rejects.toThrow('no WGSL');
});
