import { type Distilled, type DistillRequest, distill } from '../../src/distill/distill.js';
import { FewstepError } from '../../src/errors.js';
import { predictedRun } from '../../src/predictor/predictor.js';
import { type Context, measurePlan } from './context.js';
import type { Row } from './row.js';

/** What learns from few evaluations: 'bespoke', an AMED solver, or another whose times are learned. */
type Student = Pick<DistillRequest, 'solver' | 'afs'>;

/**
 * What solvers come to that learned from few evaluations: what somebody with a slow model can have.
 * @param budgets in evaluations; the teacher makes up to half as many besides
 */
export async function budgetRows(
  context: Context,
  nfe: number,
  kind: string,
  students: readonly Student[],
  budgets: readonly number[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [student, amount] of students.flatMap((each) => budgets.map((own) => [each, own] as const))) {
    const before = context.gpu.work.evaluations;
    const learned = await within(context, nfe, student, amount);
    if (!learned) continue;
    const { predictor, runs, teacher } = learned;
    const [{ base, start, best, seconds }] = runs;
    rows.push({
      ...{ nfe, seed: context.seed, kind, afs: predictor.afs, grid: predictor.schedules[0].grid },
      solver: `${student.solver} of ${amount} evaluations`,
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
  student: Student,
  amount: number,
): Promise<Distilled | undefined> {
  try {
    const budget = { amount, unit: 'evaluations' as const };
    return await distill(gpu, { ...student, field, nfe, seed, budget });
  } catch (error) {
    if (error instanceof FewstepError && error.code === 'unreachable-budget') return undefined;
    throw error;
  }
}
