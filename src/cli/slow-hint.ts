import { count } from '../report/number.js';

/** Seconds from which on it is worth saying that fewer evaluations might do. */
const LONG = 300;

/** A budget in evaluations for each NFE, and how many times as far off solvers end that learned from so few. */
interface Modest {
  budget: number;
  farther: string;
}

/**
 * What the trainings to come take where that is long, at the teacher's rate.
 * @param trainings of how many NFE, and the evaluations of all of them
 * @param teacher what it took
 */
export function slowHint(
  { students, evaluations }: { students: number; evaluations: number },
  teacher: { seconds: number; evaluations: number },
  { budget, farther }: Modest,
): string | undefined {
  const seconds = (evaluations * teacher.seconds) / teacher.evaluations;
  if (seconds < LONG) return undefined;
  const text = `${(evaluations / 1e6).toPrecision(2)} million evaluations are to come, ${Math.round(seconds / 60)} min at the teacher's rate`;
  const modest = students * budget;
  if (modest > evaluations / 2) return text;
  return `${text}; --budget ${budget}evals makes it ${count(modest)}: on networks its solvers end ${farther} times as far off`;
}

/** Says so on stderr. */
export function sayIfSlow(...what: Parameters<typeof slowHint>): void {
  const text = slowHint(...what);
  if (text) process.stderr.write(`${text}\n`);
}
