import { ROBUST } from '../distill/settings.js';
import { afsFor, SEARCH, type StudentsRequest, studentsOf, teacherOf } from '../distill/students.js';
import { learnableTimes } from '../distill/times.js';
import type { Field } from '../field/field.js';
import { timesSolver } from '../predictor/predictor.js';
import { type Solver, spell } from '../solver/define.js';
import { type DistillOptions, rangeOf, refuseOptions, settingsOf } from './distill-request.js';

/** Options of AMED's distillation that say nothing of one that learns times. */
const FOREIGN = {
  recipe: 'there is one recipe',
  kind: 'it is a list of times',
  reads: 'it has no network',
  teacherSubsteps: 'give --teacher-nfe',
  scaleDir: 'the solver stays as it was published, but for its times',
};

/** @throws FewstepError for a distillation that cannot be, before anything runs */
export function timesRequest(given: DistillOptions, field: Field): StudentsRequest<Solver> {
  const { solver, options } = timesSolver(given.solver);
  refuseOptions(given, FOREIGN, given.solver);
  const range = rangeOf(field, given);
  const afs = afsFor(solver, options, given.nfe, given.afs);
  const students = studentsOf(solver, given.nfe, { afs, options }, given.grid ?? SEARCH, range);
  const settings = settingsOf({ ...given, recipe: 'robust' }, ROBUST);
  // What cannot be learned is found here.
  for (const { grids } of students) learnableTimes({ solver, options, afs, grids }, settings);
  return {
    ...{ field, solver, text: spell(solver.name, options, {}), options, afs, range, students, settings },
    teacher: teacherOf(field, settings, range, given.nfe),
  };
}
