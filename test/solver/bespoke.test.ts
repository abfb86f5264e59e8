import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE, polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import {
  BESPOKE_FORMULAS,
  BESPOKE_STARTS,
  type BespokeForm,
  bespokeLayout,
  bespokePlan,
  extendedNumbers,
  MAX_BESPOKE_NFE,
  plainNumbers,
} from '../../src/solver/bespoke.js';
import { bespokeFamily, numbersFrom, trainedFamily, trainedFrom } from '../../src/solver/bespoke-family.js';
import { nfeOf } from '../../src/solver/plan.js';
import { solverByName } from '../../src/solver/registry.js';
import { tableOf } from '../../src/solver/table.js';
import { latents } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const data = { mean: [0.3, -0.7], std: 0.4 };
const formOf = (form: Partial<BespokeForm>): BespokeForm => ({
  formula: 'ipndm-3',
  start: 'none',
  nfe: 5,
  range: DEFAULT_RANGE,
  data,
  ...form,
});
const forms = BESPOKE_FORMULAS.flatMap((formula) => BESPOKE_STARTS.map((start) => ({ formula, start })));

/** Numbers of any solver: times in order, and everything else off its plain value. */
function randomNumbers(form: BespokeForm): Float64Array {
  const { steps, c, size } = bespokeLayout(form);
  const source = random(seed, size);
  const free = steps + (form.start === 'gaussian' ? 1 : 0);
  const trained = Float64Array.from({ length: free + size - c }, () => source.between(-0.2, 0.2));
  for (let i = 0; i < steps; i++) trained[free + i] += 1;
  if (form.start === 'gaussian') trained[steps] += 1;
  return numbersFrom(form, trained);
}

test.each(BESPOKE_FORMULAS)('%s is its own solver as long as nothing is learned', (formula) => {
  for (const [start, afs] of [['none', false] as const, ['afs', true] as const]) {
    const form = formOf({ formula, start });
    const times = polynomial(5).times(bespokeLayout(form).steps);
    const plain = tableOf(solverByName(formula).plan(times, { afs }));
    const own = tableOf(bespokePlan(form, plainNumbers(form, times)));
    for (const [k, time] of plain.times.entries()) expect(own.times[k] / time).toBeCloseTo(1, 12);
    for (const [k, row] of plain.rows.entries()) {
      for (const [i, value] of row.entries()) expect(own.rows[k][i]).toBeCloseTo(value, 10);
    }
  }
});

// DPM-Solver++ takes its last step otherwise than those before.
const UNIFORM = BESPOKE_FORMULAS.filter((formula) => !formula.startsWith('dpmpp'));
test.each(BESPOKE_STARTS.flatMap((start) => UNIFORM.map((formula) => ({ start, formula }))))(
  'an evaluation more where a solver ends changes nothing, and is made there: %o',
  ({ start, formula }) => {
    const form = formOf({ formula, start, nfe: 3 });
    const { sigmaMin } = form.range;
    const numbers = randomNumbers(form);
    const few = tableOf(bespokePlan(form, numbers));
    const at = (time: number) =>
      tableOf(bespokePlan({ ...form, nfe: 4 }, extendedNumbers(form, numbers, time)));
    const more = at(sigmaMin * (1 + 1e-9));
    expect(more.times).toHaveLength(4);
    expect(more.times[3] / sigmaMin).toBeCloseTo(1, 8);
    for (const [k, time] of few.times.entries()) expect(more.times[k] / time).toBeCloseTo(1, 12);
    // The states, then the result twice: as the state that is evaluated, and as the result again.
    for (const [k, row] of [...few.rows, few.rows[3]].entries()) {
      const own = more.rows[k];
      for (const [i, value] of own.entries()) expect(value).toBeCloseTo(row[i] ?? 0, 5);
    }
    const last = Math.exp(numbers[bespokeLayout(form).steps - 1]);
    expect(at(Math.sqrt(sigmaMin * last)).times[3]).toBeCloseTo(Math.sqrt(sigmaMin * last), 9);
    for (const time of [sigmaMin, last, Number.NaN])
      expect(() => at(time)).toThrow(/not between .* and 0\.002/);
  },
);

test(`starts that know the data's mean and spread are exact where it is that Gaussian`, () => {
  const field = gaussianMixture({ weights: [1], means: [data.mean], stds: [data.std] });
  const x = latents(seed, 16, 2);
  // After the exact start a plan of one evaluation takes one Euler step from t_0.
  const form = formOf({ formula: 'euler', start: 'gaussian', nfe: 1 });
  const [first, last] = [3, DEFAULT_RANGE.sigmaMin];
  const plan = bespokePlan(form, plainNumbers(form, [first, last]));
  const { kept } = solveReference(field, plan, { latents: x, keep: [plan.states[1]] });
  const spread = (t: number) => Math.hypot(data.std, t);
  for (const [i, value] of kept.get(plan.states[1])!.entries()) {
    const mean = data.mean[i % 2];
    expect(value).toBeCloseTo(mean + ((x[i] - mean) * spread(first)) / spread(80), 10);
  }
  // The calibrated first step is the very evaluation that it saves.
  const times = polynomial().times(3);
  const calibrated = formOf({ start: 'calibrated-afs', nfe: 2 });
  const saved = solveReference(field, bespokePlan(calibrated, plainNumbers(calibrated, times)), {
    latents: x,
  });
  const paid = solveReference(field, solverByName('ipndm-3').plan(times), { latents: x });
  expect(paid.evaluations - saved.evaluations).toBe(1);
  for (const [i, value] of saved.samples.entries()) expect(value).toBeCloseTo(paid.samples[i], 9);
});

test.each(forms)('$formula after $start: as many evaluations as asked for, whatever its numbers', (part) => {
  for (const nfe of [1, 2, 5, MAX_BESPOKE_NFE]) {
    const form = formOf({ ...part, nfe });
    const numbers = randomNumbers(form);
    const plan = bespokePlan(form, numbers);
    expect(nfeOf(plan)).toBe(nfe);
    expect(plan.times.every((time, i) => i === 0 || time < plan.times[i - 1])).toBe(true);
    expect(plan.times[0]).toBe(DEFAULT_RANGE.sigmaMax);
    expect(plan.times[plan.times.length - 1]).toBe(DEFAULT_RANGE.sigmaMin);
    const [again, family] = [numbersFrom(form, trainedFrom(form, numbers)), bespokeFamily(form)];
    for (const [i, value] of numbers.entries()) expect(again[i]).toBeCloseTo(value, 9);
    // The family's columns hold all that the plan depends on.
    expect(family.plan.operations).toHaveLength(plan.operations.length);
    expect(family.values(numbers)).toHaveLength(family.plan.columns);
  }
});

test.each(
  BESPOKE_STARTS.flatMap((start) =>
    ['deis-3', 'ipndm-v-3', 'dpmpp-3m'].map((formula) => ({ start, formula })),
  ),
)(
  'a family has the derivatives to each parameter, though it moves many at once: %o',
  ({ start, formula }) => {
    const form = formOf({ formula, start, nfe: 4 });
    const family = trainedFamily(form);
    const trained = trainedFrom(form, randomNumbers(form));
    const jacobian = family.jacobian(trained);
    for (const p of trained.keys()) {
      const at = (by: number) => trainedFamily(form).values(trained.with(p, trained[p] + by));
      const [above, below] = [at(1e-4), at(-1e-4)];
      for (const [c, row] of jacobian.entries()) {
        expect(row[p]).toBeCloseTo((above[c] - below[c]) / 2e-4, 5);
      }
    }
  },
);

test('what cannot be is refused', async () => {
  const layout = (form: Partial<BespokeForm>) => () => bespokeLayout(formOf(form));
  await expectRefusal(layout({ formula: 'heun' }), 'bad-argument', /cannot begin as 'heun'/);
  await expectRefusal(layout({ start: 'warm' as 'none' }), 'bad-argument', /no start 'warm'/);
  for (const nfe of [0, 2.5, MAX_BESPOKE_NFE + 1]) {
    await expectRefusal(layout({ nfe }), 'unreachable-nfe', /1 to 20 evaluations/);
  }
  const short = () => plainNumbers(formOf({}), [80, 1]);
  await expectRefusal(short, 'bad-shape', /2 times are no grid of 5 steps/);
});
