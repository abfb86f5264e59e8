import { describe, expect, it, test } from 'vitest';
import { evaluationsToCome, slowHint } from '../../src/cli/slow-hint.js';
import { distill } from '../../src/distill/distill.js';
import type { Distillation } from '../../src/distill/request/distillation.js';
import { jobOf } from '../../src/distill/request/job.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));

test('where trainings will take long it is said what fewer evaluations would be', () => {
  const slow = { seconds: 100, evaluations: 100_000 };
  const hint = (options: Partial<Distillation>, teacher = slow) => {
    const asked: Distillation = { field, solver: 'bespoke', nfe: [3, 5], ...options };
    return slowHint(jobOf(asked), asked, teacher);
  };
  const saving = (budget: string, makes: string) =>
    new RegExp(
      `^[\\d.]+ million evaluations are to come, \\d+ min at the teacher's rate; --budget ${budget} makes it ${makes}: `,
    );
  expect(hint({})).toMatch(saving('200000evals', '400,000'));
  expect(hint({ solver: 'unipc-2' })).toMatch(saving('100000evals', '200,000'));
  expect(hint({ solver: 'amed', iterations: 300 })).toMatch(
    saving('100000evals in place of --iterations', '200,000'),
  );
  expect(hint({}, { ...slow, seconds: 1 })).toBeUndefined();
  expect(hint({ budget: { amount: 1e5, unit: 'iterations' } })).toBeUndefined();
  expect(hint({ solver: 'amed', kind: 'network' })).toBeUndefined();
  // A budget would save nothing, or be refused.
  const short = { candidates: 1, iterations: 4, formulas: ['euler'] as const, nfe: 3, trajectories: 100 };
  const ends = /at the teacher's rate$/;
  expect(hint(short, { ...slow, seconds: 1e4 })).toMatch(ends);
  expect(hint({ solver: 'amed', nfe: 61 })).toMatch(ends);
  expect(hint({ solver: 'unipc-2', nfe: 7, validation: 8192 })).toMatch(ends);
});

describe('evaluations that are to come are those that are made, or a little more', () => {
  const evaluationsOf = (asked: Distillation) => {
    const job = jobOf(asked);
    if (job.kind === 'network') throw new Error('a network is no table');
    return evaluationsToCome(job);
  };

  const bespoke = { solver: 'bespoke', nfe: [2, 3], candidates: 3 } as const;
  it.each<[string, number, Omit<Distillation, 'field'>]>([
    // No universal table has these formulas.
    ['bespoke solvers', 0.85, { ...bespoke, formulas: ['euler', 'deis-2'] }],
    // Where one comes farthest nothing else is trained as long.
    ['bespoke solvers beside universal tables', 0.5, { ...bespoke, formulas: ['ipndm-2', 'dpmpp-2m'] }],
    ['tables', 0.85, { solver: 'amed', nfe: [3, 5] }],
    ['times', 0.85, { solver: 'unipc-2', nfe: [3, 4] }],
  ])(
    '%s',
    async (_, least, asked) => {
      const few = { field, seed, trajectories: 256, validation: 64, batch: 8, iterations: 120 };
      const wanted = { ...few, candidateIterations: asked.candidates && 8, ...asked };
      const before = gpu.work.evaluations;
      const { teacher } = await distill(gpu, wanted);
      const made = gpu.work.evaluations - before - teacher.evaluations;
      const needed = evaluationsOf(wanted);
      expect(made).toBeLessThanOrEqual(1.05 * needed);
      expect(made).toBeGreaterThan(least * needed);
    },
    SLOW,
  );
});
