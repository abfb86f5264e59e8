import { expect, test } from 'vitest';
import { distillSeveral } from '../../src/distill/bespoke/bespoke-several.js';
import { mixtureFigures } from '../../src/distill/bespoke/field-figures.js';
import { distillUniversal } from '../../src/distill/bespoke/universal.js';
import { runTeacher } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { type BespokeForm, bespokeLayout, bespokePlan } from '../../src/solver/bespoke.js';
import { planFor } from '../../src/solver/plan-for.js';
import { placed, unitForm } from '../../src/solver/universal.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const teacher = planFor({ solver: 'unipc-3', nfe: 64 });

async function poolsOf(index: number, field = gaussianMixture(randomMixture(seed + index, 2, 4, 'shared'))) {
  const training = await runTeacher(gpu, field, teacher, { count: 512, seed: 2 ** 40 + index });
  const validation = await runTeacher(gpu, field, teacher, { count: 256, seed: 2 ** 41 + index });
  return { field, training, validation };
}

test(
  'what several NFE learn together helps each of them on fresh latents',
  async () => {
    const { field, ...pools } = await poolsOf(0);
    const settings = { nfe: [3, 4], batch: 32, iterations: 40, seed: 0 };
    const { solvers } = await distillSeveral(gpu, field, settings, pools);
    const exact = planFor({ solver: 'unipc-3', nfe: 128 });
    const fresh = await runTeacher(gpu, field, exact, { count: 512, seed: 7 });
    expect(solvers.map(({ form }) => form.nfe)).toEqual([3, 4]);
    for (const { form, numbers, start, best } of solvers) {
      expect(best.score).toBeLessThan(start.score);
      const learned = await scoreOf(gpu, field, bespokePlan(form, numbers), fresh);
      expect(learned.score).toBeLessThan(start.score);
    }
  },
  SLOW,
);

test(
  'a table that was trained over some fields helps another',
  async () => {
    const fields = [await poolsOf(1), await poolsOf(2), await poolsOf(3)];
    const { formula, numbers, score, start } = await distillUniversal(gpu, fields, {
      ...{ nfe: 3, formulas: ['ipndm-2'], batch: 32, fields: 2 },
      ...{ candidateIterations: 4, iterations: 40, seed: 0 },
    });
    expect(score).toBeLessThan(start);
    // With another evaluation it is a start of the table of one more, far better than an Euler's.
    const longer = await distillUniversal(gpu, fields, {
      ...{ nfe: 4, formulas: ['euler'], batch: 32, fields: 2, shorter: { formula, numbers } },
      ...{ candidateIterations: 0, iterations: 0, seed: 0 },
    });
    expect(longer.formula).toBe(formula);
    expect(longer.numbers).toHaveLength(bespokeLayout(unitForm(formula, 4)).size);
    expect(longer.score).toBe(longer.start);
    // A field of other dimensions, somewhere else and of another size.
    const spec = randomMixture(seed + 9, 5, 4, 'shared');
    const moved = {
      ...spec,
      means: spec.means.map((value) => 5 + 2 * value),
      stds: spec.stds.map((value) => 2 * value),
    };
    const field = gaussianMixture(moved);
    const exact = planFor({ solver: 'unipc-3', nfe: 128 });
    const fresh = await runTeacher(gpu, field, exact, { count: 512, seed: 7 });
    const mean = Array.from({ length: 5 }, (_, d) => average(fresh.states[0].filter((_, i) => i % 5 === d)));
    const std = Math.sqrt(average(fresh.states[0].map((value, i) => (value - mean[i % 5]) ** 2)));
    const form: BespokeForm = {
      ...{ formula, start: 'gaussian', nfe: 3 },
      ...{ range: DEFAULT_RANGE, data: { mean, std } },
    };
    const learned = await scoreOf(gpu, field, bespokePlan(form, placed(form, numbers)), fresh);
    const plain = await scoreOf(gpu, field, planFor({ solver: 'ipndm-3', nfe: 3, afs: true }), fresh);
    expect(learned.score).toBeLessThan(plain.score);
  },
  SLOW,
);

test(
  'a table is trained over data as narrow as there are times for',
  async () => {
    const spec = randomMixture(seed + 3, 2, 4, 'shared');
    const { std } = mixtureFigures(spec);
    const trained = async (wanted: number) => {
      const [means, stds] = [spec.means, spec.stds].map((values) =>
        values.map((value) => (wanted / std) * value),
      );
      const narrow = await poolsOf(3, gaussianMixture({ ...spec, means, stds }));
      return distillUniversal(gpu, [narrow], {
        ...{ nfe: 6, formulas: ['ipndm-2'], batch: 16, fields: 1 },
        ...{ candidateIterations: 0, iterations: 4, seed: 0 },
      });
    };
    // Of some starts the last time is 0.001, of others 0.005.
    expect((await trained(0.1)).score).toBeLessThan(0);
    await expectRefusal(() => trained(1e-4), 'bad-grid', /no start of 6 evaluations/, /spread least/);
  },
  SLOW,
);

function average(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
