import { type Distilled, distill } from '../../src/distill/distill.js';
import { FewstepError } from '../../src/errors.js';
import { predictedRun } from '../../src/predictor/predictor.js';
import { type Context, measurePlan } from './context.js';
import type { Row } from './row.js';

/**
 * What bespoke solvers come to that learned from few evaluations: what somebody with a slow model can have.
 * @param budgets in evaluations; the teacher makes up to half as many besides
 */
export async function budgetRows(context: Context, nfe: number, budgets: readonly number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const amount of budgets) {
    const before = context.gpu.work.evaluations;
    const learned = await within(context, nfe, amount);
    if (!learned) continue;
    const { predictor, runs, teacher } = learned;
    const [{ base, start, best, seconds }] = runs;
    rows.push({
      ...{ nfe, seed: context.seed, kind: 'bespoke-budget', afs: false, grid: predictor.schedules[0].grid },
      solver: `bespoke of ${amount} evaluations`,
      evaluations: context.gpu.work.evaluations - before - teacher.evaluations,
      teacherEvaluations: teacher.evaluations,
      ...(await measurePlan(context, predictedRun(predictor, nfe).plan)),
      ...{ base, start, best, seconds: seconds.search + seconds.training },
    });
  }
  return rows;
}

/** Nothing where the budget is too small to learn anything at this NFE. */
async function within(
  { gpu, field, seed }: Context,
  nfe: number,
  amount: number,
): Promise<Distilled | undefined> {
  try {
    return await distill(gpu, {
      field,
      solver: 'bespoke',
      nfe,
      seed,
      budget: { amount, unit: 'evaluations' },
    });
  } catch (error) {
    if (error instanceof FewstepError && error.message.includes('too small')) return undefined;
    throw error;
  }
}
