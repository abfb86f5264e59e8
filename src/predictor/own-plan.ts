import { FewstepError } from '../errors.js';
import type { Plan } from '../solver/plan.js';

/** @throws FewstepError bad-argument for a plan that is not the one whose columns a predictor fills */
export function checkOwnPlan(own: Plan, plan: Plan): void {
  if (plan.columns === own.columns && plan.operations.length === own.operations.length) return;
  throw new FewstepError(
    'bad-argument',
    `the plan of ${plan.solver} is not the one whose columns the predictor fills`,
    'take the plan and the predictor that predictedRun gives together',
  );
}
