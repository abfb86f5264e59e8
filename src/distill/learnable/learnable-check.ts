import { checkEntries, type Entries, isObject, shown } from '../../arguments.js';
import { FewstepError } from '../../errors.js';
import { checkField } from '../../field/check.js';
import type { Field } from '../../field/field.js';
import { checkGpu } from '../../gpu/check.js';
import type { Gpu } from '../../gpu/gpu.js';
import { type Budget, checkBudget, checkIterations } from '../budget.js';
import { checkPool, type TeacherPool } from '../pool.js';
import { checkSome, type DistillSettings } from '../settings.js';
import type { LearnableOptions } from './distill-learnable.js';
import type { NamedTimes } from './learnable.js';

const ENTRIES: Entries<LearnableOptions> = {
  settings: true,
  budget: false,
  training: true,
  validation: true,
  onStart: false,
  onPlanned: false,
  onRecord: false,
  signal: false,
  finish: false,
};

/** A solver that is to learn. */
interface Student {
  solver: object;
  options?: object;
  afs?: boolean;
  grids: readonly NamedTimes[];
}

interface Options<Name extends keyof DistillSettings> {
  settings: Pick<DistillSettings, NoInfer<Name>> & Pick<DistillSettings, 'batch'>;
  budget?: Budget;
  training: TeacherPool;
  validation: TeacherPool;
}

/** What one of the two functions asks for. */
interface Asked<Name> {
  /** That the solver has to have. */
  method: 'plan' | 'planWith';
  /** Where such solvers are. */
  remedy: string;
  settings: readonly Name[];
}

/**
 * Refuses what `distillTable` and `distillTimes` cannot take.
 * @throws FewstepError bad-argument
 */
export function checkLearning<Name extends Exclude<keyof DistillSettings, 'teacher'>>(
  who: string,
  [gpu, field, student, options]: [Gpu, Field, Student, Options<Name>],
  { method, remedy, settings }: Asked<Name>,
): void {
  checkGpu(gpu);
  checkField(field);
  checkEntries<object>(`${who}'s options`, options, ENTRIES);
  checkStudent(student, method, remedy);
  checkSome(options.settings, settings);
  const { budget } = options;
  if (budget !== undefined) {
    checkBudget(budget);
    checkIterations(budget, options.settings.batch);
  }
  checkPool('training', options.training, field);
  checkPool('validation', options.validation, field);
}

function checkStudent(student: Student, method: 'plan' | 'planWith', remedy: string): void {
  checkEntries('the student', student, { solver: true, options: false, afs: false, grids: true });
  const { solver, grids } = student;
  if (!isObject(solver) || typeof solver[method] !== 'function') {
    throw new FewstepError(
      'bad-argument',
      `the student's solver is ${shown(solver)}, not a solver of its kind`,
      remedy,
    );
  }
  if (Array.isArray(grids) && grids.length > 0 && grids.every((grid) => Array.isArray(grid?.times))) return;
  throw new FewstepError(
    'bad-argument',
    `the student's grids are ${shown(grids)}`,
    "list one or more, each as { name: 'logsnr', times: [80, .., 0.002] }",
  );
}
