import { isObject } from './arguments.js';
import { FewstepError } from './errors.js';
import { type PredictedRun, type Predictor, predictedRun } from './predictor/predictor.js';
import type { StoredPredictor } from './predictor/predictor-file.js';
import { checkPlan, type Plan } from './solver/plan.js';
import { type PlanRequest, planFor } from './solver/plan-for.js';

/** What one asks for: a solver at an NFE, or what a predictor learned. */
export interface StudentRequest extends Omit<PlanRequest, 'solver' | 'nfe'> {
  /** A solver with its options: 'ipndm-3', 'dpm-solver-2:r=0.4'; 'bespoke' alone is a universal table. */
  solver?: string;
  /** Field evaluations per trajectory, exactly; may be left out with a predictor that learned for one. */
  nfe?: number;
  /**
   * What was learned; solver, times and AFS are its own, and may not be given. As `distill` and `loadPredictor` return
   * it, with its field's fingerprint, it is compared with the field that is sampled; a predictor alone is not.
   */
  predictor?: Predictor | StoredPredictor;
  /** A plan of one's own in place of a solver, such as `planOfTable` makes; then nothing else may be given. */
  plan?: Plan;
}

/**
 * The plan of a request, and who answers where answers differ from trajectory to trajectory.
 * @throws FewstepError as `planFor` and `predictedRun`, bad-argument for a request of both kinds or of neither
 */
export function runOf(request: StudentRequest): PredictedRun {
  const { plan, predictor, solver, nfe, grid, range, afs } = request;
  if (plan) {
    refuseBesides('plan', { solver, nfe, predictor, grid, range, afs });
    checkPlan(plan);
    return { plan };
  }
  if (!predictor) {
    if (solver !== undefined && nfe !== undefined)
      return { plan: planFor({ solver, nfe, grid, range, afs }) };
    throw new FewstepError(
      'bad-argument',
      `the request has no ${solver === undefined ? 'solver' : 'NFE'}`,
      'give a solver and an NFE, a predictor, or a plan',
    );
  }
  refuseBesides('predictor', { solver, grid, range, afs });
  const learned = isStored(predictor) ? predictor.predictor : predictor;
  return predictedRun(learned, nfe ?? onlyNfe(learned));
}

/** Whether a predictor comes with the fingerprint of its field. */
export function isStored(predictor: Predictor | StoredPredictor): predictor is StoredPredictor {
  return isObject(predictor) && isObject(predictor.predictor) && isObject(predictor.field);
}

/** @throws FewstepError bad-argument where something is given that a predictor or a plan brings */
function refuseBesides(brought: 'plan' | 'predictor', others: Record<string, unknown>): void {
  const foreign = Object.entries(others).find(([, value]) => value !== undefined);
  if (!foreign) return;
  throw new FewstepError(
    'bad-argument',
    `the request has a ${brought}, and the ${foreign[0]} besides`,
    brought === 'plan'
      ? 'leave it out: a plan is complete'
      : 'leave it out: solver, times and AFS are those that the predictor learned',
  );
}

function onlyNfe({ schedules }: Predictor): number {
  if (schedules.length === 1) return schedules[0].nfe;
  throw new FewstepError(
    'bad-argument',
    `the predictor learned for NFE ${schedules.map(({ nfe }) => nfe).join(', ')}, and none is chosen`,
    'give one of them as the NFE',
  );
}
