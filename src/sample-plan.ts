import { FewstepError } from './errors.js';
import { type PredictedRun, type Predictor, predictedRun } from './predictor/predictor.js';
import { type PlanRequest, planFor } from './solver/plan-for.js';

/** What one asks for: a solver at an NFE, or what a predictor learned. */
export interface StudentRequest extends Omit<PlanRequest, 'solver' | 'nfe'> {
  solver?: string;
  /** May be left out with a predictor that learned for one. */
  nfe?: number;
  /** Solver, times and AFS are those that it learned; then they may not be given. */
  predictor?: Predictor;
}

/**
 * The plan of a request, and who answers where answers differ from trajectory to trajectory.
 * @throws FewstepError as `planFor` and `predictedRun`, bad-argument for a request of both kinds or of neither
 */
export function runOf(request: StudentRequest): PredictedRun {
  const { predictor, solver, nfe, ...rest } = request;
  if (!predictor) {
    if (solver !== undefined && nfe !== undefined) return { plan: planFor({ ...rest, solver, nfe }) };
    throw new FewstepError(
      'bad-argument',
      `the request has no ${solver === undefined ? 'solver' : 'NFE'}`,
      'give a solver and an NFE, or a predictor',
    );
  }
  const { grid, range, afs } = rest;
  const foreign = Object.entries({ solver, grid, range, afs }).find(([, value]) => value !== undefined);
  if (foreign) {
    throw new FewstepError(
      'bad-argument',
      `the request has a predictor, and the ${foreign[0]} besides`,
      'leave it out: solver, times and AFS are those that the predictor learned',
    );
  }
  return predictedRun(predictor, nfe ?? onlyNfe(predictor));
}

function onlyNfe({ schedules }: Predictor): number {
  if (schedules.length === 1) return schedules[0].nfe;
  throw new FewstepError(
    'bad-argument',
    `the predictor learned for NFE ${schedules.map(({ nfe }) => nfe).join(', ')}, and none is chosen`,
    'give one of them as the NFE',
  );
}
