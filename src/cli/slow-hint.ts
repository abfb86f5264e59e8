import { universalStarts } from '../distill/bespoke/bespoke-starts.js';
import { allIterations } from '../distill/budget.js';
import { learnableTable } from '../distill/learnable/table.js';
import { learnableTimes } from '../distill/learnable/times.js';
import type { BespokesRequest } from '../distill/learned.js';
import { SEARCH_TRAJECTORIES } from '../distill/pool.js';
import type { Distillation } from '../distill/request/distillation.js';
import { type Job, jobOf } from '../distill/request/job.js';
import { neededByLearnable, neededEvaluations, unknownData } from '../distill/request/needed-evaluations.js';
import { learnablesOf, type StudentsRequest, type ToLearnable } from '../distill/request/students.js';
import { FewstepError } from '../errors.js';
import { count } from '../report/number.js';
import type { Solver } from '../solver/define.js';
import { flagOf } from './distill-request.js';

/** Seconds from which on it is worth saying that fewer evaluations might do. */
const LONG = 300;

/**
 * A budget in evaluations for each NFE, and how many times as far off solvers end that learned from so few: by mean, on the
 * networks of two moons and of digits, NFE 3, 5 and 7, three seeds (docs/results.md). Of times and answers those of unipc-2
 * and amed-ipndm.
 */
const MODEST = {
  bespoke: { amount: 200_000, farther: '1.0 to 1.1' },
  table: { amount: 100_000, farther: '1.0 to 1.1' },
  times: { amount: 100_000, farther: '1.0 to 1.1' },
};

/**
 * What the trainings of a job take where that is long, at the teacher's rate, and what a budget would save.
 * @param asked what became the job
 * @param teacher what it took
 */
export function slowHint(
  job: Job,
  asked: Distillation,
  teacher: { seconds: number; evaluations: number },
): string | undefined {
  if (job.kind === 'network' || asked.budget !== undefined) return undefined;
  const evaluations = evaluationsToCome(job);
  const seconds = (evaluations * teacher.seconds) / teacher.evaluations;
  if (seconds < LONG) return undefined;
  const text = `${(evaluations / 1e6).toPrecision(2)} million evaluations are to come, ${Math.round(seconds / 60)} min at the teacher's rate`;
  const { amount, farther } = MODEST[job.kind];
  const modest = [asked.nfe].flat().length * amount;
  const budget = { amount, unit: 'evaluations' } as const;
  if (modest > evaluations / 2 || !isPossible({ ...asked, iterations: undefined, budget })) return text;
  const instead = asked.iterations === undefined ? '' : ` in place of ${flagOf('iterations')}`;
  return `${text}; --budget ${amount}evals${instead} makes it ${count(modest)}: on networks its solvers end ${farther} times as far off`;
}

function isPossible(asked: Distillation): boolean {
  try {
    jobOf(asked);
    return true;
  } catch (error) {
    if (error instanceof FewstepError) return false;
    throw error;
  }
}

/** Evaluations of all trainings of a job without a budget: at most so many, or a little more. */
export function evaluationsToCome(job: Exclude<Job, { kind: 'network' }>): number {
  switch (job.kind) {
    case 'bespoke':
      return bespokesEvaluations(job.request);
    case 'table':
      return studentsEvaluations(job.request, learnableTable);
    case 'times':
      return studentsEvaluations(job.request, learnableTimes);
  }
}

function bespokesEvaluations({ field, range, nfes, settings, training, choices }: BespokesRequest): number {
  const { candidates, candidateIterations, iterations: table } = training;
  return nfes.reduce((sum, nfe) => {
    const common = { nfe, range, data: unknownData(range) };
    const tables = universalStarts(field, common, choices).length;
    const iterations = allIterations(candidates, candidateIterations, tables > 0 ? 2 * table : table);
    const size = { ...settings, searched: SEARCH_TRAJECTORIES, iterations };
    return sum + neededEvaluations({ ...choices, ...common, tables }, size);
  }, 0);
}

function studentsEvaluations<S extends Solver>(
  request: StudentsRequest<S>,
  toLearnable: ToLearnable<S>,
): number {
  const { settings } = request;
  const size = { ...settings, searched: SEARCH_TRAJECTORIES };
  const learnables = learnablesOf(request, settings, toLearnable);
  return learnables.reduce((sum, student) => sum + neededByLearnable(student, size), 0);
}
