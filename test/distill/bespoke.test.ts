import { describe, expect, test } from 'vitest';
import { BESPOKE, type DistilledBespoke, distillBespoke } from '../../src/distill/bespoke/bespoke.js';
import { searchBespoke } from '../../src/distill/bespoke/bespoke-search.js';
import { nearestOf, universalCandidates } from '../../src/distill/bespoke/universal-choice.js';
import { dataFigures } from '../../src/distill/data-figures.js';
import { runTeacher, searchPart } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture, mixtureSpec } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE, parseGrid, polynomial } from '../../src/grid/grid.js';
import { problemByName } from '../../src/problem/registry.js';
import { random } from '../../src/rng/random.js';
import { BESPOKE_FORMULAS, BESPOKE_STARTS, bespokePlan, plainNumbers } from '../../src/solver/bespoke.js';
import { numbersFrom, trainedFamily } from '../../src/solver/bespoke-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { solverByName } from '../../src/solver/registry.js';
import { TRAINED_ON } from '../../src/solver/universal.js';
import { gpu } from '../device.js';
import { adjointOnGpu, columnsOf } from '../execute/adjoint-fixtures.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { expectNormalEquations } from './expect-normal-equations.js';
import { nearPlain } from './fixtures.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));
const data = { mean: [0.2, -0.1], std: 0.6 };
const forms = BESPOKE_FORMULAS.flatMap((formula) => BESPOKE_STARTS.map((start) => ({ formula, start })));

test.each(forms)(
  '$formula after $start: the gradient of all that is learned, and its normal equations by differences, are those of float64',
  async ({ formula, start }) => {
    const form = { formula, start, nfe: 3, range: DEFAULT_RANGE, data };
    const trained = nearPlain(form, random(seed, 3), 0.1);
    const family = trainedFamily(form);
    await expectNormalEquations(field, family, (own) => bespokePlan(form, own), trained, seed);
    const planOf = (p: Float64Array) => bespokePlan(form, numbersFrom(form, p));

    const batch = 32;
    const x = latents(seed, batch, 2);
    const bar = latents(seed + 1, batch, 2, 1);
    const along = (p: Float64Array) =>
      solveReference(field, planOf(p), { latents: x }).samples.reduce((sum, end, k) => sum + end * bar[k], 0);
    const adjoint = await adjointOnGpu(
      field,
      family,
      x,
      columnsOf(family, batch, () => trained),
      bar,
    );
    const jacobian = family.jacobian(trained);
    // A step of 1e-4 leaves out up to 2e-3 of the largest slope, one of 1e-5 up to 2e-5.
    const slopes = trained.map((value, i) => {
      const at = (by: number) => along(trained.with(i, value + by));
      return (at(1e-6) - at(-1e-6)) / 2e-6;
    });
    const scale = Math.max(...slopes.map(Math.abs));
    for (const [p, slope] of slopes.entries()) {
      const gradient = adjoint.columns.reduce(
        (sum, value, i) => sum + value * jacobian[Math.floor(i / batch)][p],
        0,
      );
      expect(Math.abs(gradient - slope)).toBeLessThan(1e-3 * scale);
    }
  },
  SLOW,
);

async function pools(validation = 256, of = field) {
  const teacher = planFor({ solver: 'ipndm-4', nfe: 60 });
  return {
    training: await runTeacher(gpu, of, teacher, { count: 1024, seed: 2 ** 40 }),
    validation: await runTeacher(gpu, of, teacher, { count: validation, seed: 2 ** 40 + 1 }),
  };
}

test(
  'a search scores a solver together with others as it does alone',
  async () => {
    const { training } = await pools();
    const { mean, std } = dataFigures(training);
    const common = { nfe: 4, range: DEFAULT_RANGE, data: { mean: [...mean], std } };
    const found = await searchBespoke(gpu, field, common, training, {
      formulas: ['euler', 'dpmpp-2m'],
      starts: ['none', 'gaussian'],
    });
    expect(found.map(({ score }) => score.score)).toEqual(
      found.map(({ score }) => score.score).toSorted((a, b) => a - b),
    );
    const few = { ...training, latents: training.latents.subarray(0, 384) };
    few.states = training.states.map((state) => state.subarray(0, 384));
    const plain = found.find(({ form }) => form.formula === 'dpmpp-2m' && form.start === 'none')!;
    const alone = await scoreOf(gpu, field, bespokePlan(plain.form, plain.numbers), few);
    expect(plain.score.mean / alone.mean).toBeCloseTo(1, 3);
    const times = parseGrid(plain.grid).times(4);
    const itself = await scoreOf(gpu, field, solverByName('dpmpp-2m').plan(times), few);
    expect(plain.score.mean / itself.mean).toBeCloseTo(1, 3);
  },
  SLOW,
);

test(
  'a bespoke solver is far better than its start on fresh latents without a gradient of the field, and the same again for the same seed',
  async () => {
    const options = await pools();
    const without = { ...field, gradient: undefined, prepareGradient: undefined };
    const settings = { ...BESPOKE, nfe: 4, candidates: 5, candidateIterations: 4, iterations: 30 };
    const first = await distillBespoke(gpu, without, settings, options);
    expect(first.best.score).toBeLessThan(first.start.score);
    // Two finalists have 12 each.
    expect(iterationsOf(first).candidates).toBe(5 * 4 + 2 * 12);
    expect([30, 60]).toContain(iterationsOf(first).table); // also the universal table, unless that came farthest
    const exact = planFor({ solver: 'unipc-3', nfe: 128 });
    const fresh = await runTeacher(gpu, field, exact, { count: 512, seed: 7 });
    const learned = await scoreOf(gpu, field, bespokePlan(first.form, first.numbers), fresh);
    const { candidate } = first;
    const start = await scoreOf(gpu, field, bespokePlan(candidate.form, candidate.numbers), fresh);
    expect(learned.score).toBeLessThan(start.score - 0.5);
    expect((await distillBespoke(gpu, without, settings, options)).numbers).toEqual(first.numbers);
  },
  SLOW,
);

/** As its history counts them. */
function iterationsOf({ history }: DistilledBespoke): DistilledBespoke['iterations'] {
  const count = (name: string) => history.filter(({ stage }) => stage === name).length;
  return { candidates: count('candidates'), table: count('table') };
}

test(
  'of the candidate that came farthest and the universal table, each trained as long, the better is the result; with a budget the candidate has all',
  async () => {
    const options = await pools();
    const settings = { ...BESPOKE, nfe: 5, candidates: 4, candidateIterations: 5, iterations: 8 };
    const distil = async (own: object) => {
      const tables: { grid: string; score: number }[] = [];
      const learned = await distillBespoke(
        gpu,
        field,
        { ...settings, ...own },
        {
          ...options,
          onTrained(stage, { grid }, _, { score }) {
            if (stage === 'table') tables.push({ grid, score });
          },
        },
      );
      expect(learned.iterations).toEqual(iterationsOf(learned));
      const best = tables.reduce((a, b) => (b.score < a.score ? b : a));
      expect([learned.origin.candidate.grid, learned.best.score]).toEqual([best.grid, best.score]);
      const scored = await scoreOf(
        gpu,
        field,
        bespokePlan(learned.form, learned.numbers),
        options.validation,
      );
      expect(scored.score).toBeCloseTo(best.score, 5);
      const farthest = learned.candidates.reduce((a, b) => (b.score.score < a.score.score ? b : a));
      return { learned, tables, farthest: farthest.candidate.grid };
    };
    const both = await distil({});
    const universal = both.learned.candidates.find(({ candidate }) =>
      candidate.grid.startsWith('the universal'),
    )!;
    expect(both.tables.map(({ grid }) => grid)).toEqual([
      ...new Set([both.farthest, universal.candidate.grid]),
    ]);
    expect(both.learned.iterations.table).toBe(8 * both.tables.length);
    const limited = await distil({ budget: { amount: 80, unit: 'iterations' } });
    expect(limited.tables.map(({ grid }) => grid)).toEqual([limited.farthest]);
  },
  SLOW,
);

test('nothing to begin with, and a given solver of another NFE, are refused', async () => {
  const options = await pools();
  const settings = { ...BESPOKE, nfe: 3 };
  const distil = (own: object) => distillBespoke(gpu, field, settings, { ...options, ...own });
  await expectRefusal(() => distil({ formulas: [] }), 'bad-argument', /no formula/, /euler/);
  await expectRefusal(() => distil({ starts: [] }), 'bad-argument', /no start/, /gaussian/);
  const form = { formula: 'euler', start: 'none', nfe: 4, range: DEFAULT_RANGE, data } as const;
  const given = [{ form, grid: 'a given one', numbers: plainNumbers(form, polynomial().times(4)) }];
  await expectRefusal(() => distil({ given }), 'bad-argument', /NFE 4 .* NFE 3/, /of that NFE/);
});

describe('without iterations a bespoke solver is', () => {
  const settings = { ...BESPOKE, nfe: 3, candidates: 3, candidateIterations: 0, iterations: 0 };

  test(
    'what the search found',
    async () => {
      const options = { ...(await pools()), universal: false };
      const { form, numbers, candidate, start, best } = await distillBespoke(gpu, field, settings, options);
      expect(form).toEqual(candidate.form);
      expect(best).toEqual(start);
      for (const [i, value] of numbers.entries()) expect(value).toBeCloseTo(candidate.numbers[i], 9);
    },
    SLOW,
  );

  const farPart = {
    weights: [1, 100],
    means: [
      [-5, 0],
      [0.1, 0],
    ],
    stds: [0.1, 0.1],
  };
  // At 3 NFE its score is 2 below that of the searched start on two-moons, and 0.9 above it where a hundredth lies far off.
  test.each([
    ['two-moons', problemByName('two-moons').mixture, true],
    ['a mixture of which a hundredth lies far off', mixtureSpec(farPart), false],
  ])(
    'on %s the nearest universal table where that is better, unless the choices leave it out',
    async (_, mixture, better) => {
      const known = gaussianMixture(mixture);
      const options = await pools(256, known);
      const { training, validation } = options;
      const { mean, std } = dataFigures(training);
      const common = { nfe: 3, range: DEFAULT_RANGE, data: { mean: [...mean], std } };
      const tables = universalCandidates(known, common);
      const nearest = (await nearestOf(gpu, known, tables, searchPart(training)))!;
      const universal = await scoreOf(gpu, known, bespokePlan(nearest.form, nearest.numbers), validation);
      const { start, origin, best, candidates } = await distillBespoke(gpu, known, settings, options);
      expect(universal.score < start.score).toBe(better);
      const grid = `the universal table of ${TRAINED_ON[nearest.kind]}`;
      expect(origin.candidate.grid === grid).toBe(better);
      expect(best.score).toBeCloseTo(better ? universal.score : start.score, 5);
      expect(candidates).toHaveLength(3);
      const other = BESPOKE_FORMULAS.find((formula) => tables.every(({ form }) => form.formula !== formula))!;
      for (const choice of [{ starts: ['none'] as const }, { formulas: [other] }]) {
        const without = await distillBespoke(gpu, known, settings, { ...options, ...choice });
        expect(without.best).toEqual(without.start);
      }
    },
    SLOW,
  );
});
