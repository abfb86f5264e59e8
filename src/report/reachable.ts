import { FewstepError } from '../errors.js';
import { parseSolver, sdeSolvers, stepsForNfe } from '../solver/registry.js';
import type { AnswerSource } from './results.js';

/** Why a place of a table is empty: the solver cannot make this NFE, or the run did not get to it. */
export function whyEmpty(solver: string, nfe: number, afs: boolean, answers?: AnswerSource): string {
  if (answers === 'generator') {
    return 'a generator follows no trajectory: distances between distributions are its figures';
  }
  try {
    const parsed = parseSolver(solver);
    stepsForNfe(parsed.solver, nfe, { afs, options: parsed.options });
    if (sdeSolvers.includes(parsed.solver)) {
      return 'it draws noise in its steps: distances between distributions are its figures, no end point is to be compared';
    }
  } catch (error) {
    if (!(error instanceof FewstepError)) throw error;
    // Results may also name a solver that this version does not know: nothing can be said about its NFE.
    if (error.code === 'unreachable-nfe') return `${error.message}; ${error.remedy}`;
  }
  return 'not in this run';
}
