import { describe, expect, it, test } from 'vitest';
import { bespokesEvaluations } from '../../src/cli/distill-bespoke.js';
import { studentsEvaluations } from '../../src/cli/distill-students.js';
import { slowHint } from '../../src/cli/slow-hint.js';
import { distill } from '../../src/distill/distill.js';
import { learnableTable } from '../../src/distill/learnable/table.js';
import { learnableTimes } from '../../src/distill/learnable/times.js';
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
  const modest = { budget: 200_000, farther: '1.1' };
  const trainings = { students: 2, evaluations: 3_000_000 };
  const teacher = { seconds: 100, evaluations: 100_000 };
  expect(slowHint(trainings, teacher, modest)).toBe(
    "3.0 million evaluations are to come, 50 min at the teacher's rate; --budget 200000evals makes it 400,000: on networks its solvers end 1.1 times as far off",
  );
  expect(slowHint(trainings, { ...teacher, seconds: 1 }, modest)).toBeUndefined();
  // A budget would save nothing.
  expect(slowHint({ ...trainings, evaluations: 600_000 }, teacher, modest)).toMatch(/at the teacher's rate$/);
});

describe('evaluations that are to come are those that are made, or a little more', () => {
  const evaluationsOf = (asked: Distillation) => {
    const job = jobOf(asked);
    if (job.kind === 'network') throw new Error('a network is no table');
    if (job.kind === 'bespoke') return bespokesEvaluations(job.request);
    return job.kind === 'table'
      ? studentsEvaluations(job.request, learnableTable)
      : studentsEvaluations(job.request, learnableTimes);
  };

  it.each<[string, Omit<Distillation, 'field'>]>([
    ['bespoke solvers', { solver: 'bespoke', nfe: [2, 3], candidates: 3, formulas: ['ipndm-2', 'deis-2'] }],
    ['tables', { solver: 'amed', nfe: [3, 5] }],
    ['times', { solver: 'unipc-2', nfe: [3, 4] }],
  ])(
    '%s',
    async (_, asked) => {
      const few = { field, seed, trajectories: 256, validation: 64, batch: 8, iterations: 120 };
      const wanted = { ...few, candidateIterations: asked.candidates && 8, ...asked };
      const before = gpu.work.evaluations;
      const { teacher } = await distill(gpu, wanted);
      const made = gpu.work.evaluations - before - teacher.evaluations;
      const needed = evaluationsOf(wanted);
      expect(made).toBeLessThanOrEqual(1.05 * needed);
      expect(made).toBeGreaterThan(0.85 * needed);
    },
    SLOW,
  );
});
