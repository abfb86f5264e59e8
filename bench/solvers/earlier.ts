import { FewstepError } from '../../src/errors.js';
import type { Cell, Failure, ProblemResult, Results } from '../../src/report/results.js';
import { type Entry, measuredAs } from './rows.js';

/** What the run had before it was stopped. */
export type EarlierResults = Pick<Results, 'problems' | 'cells' | 'failures'>;

/** What came of one entry at one seed. */
export type Outcome = { cell: Cell } | { failure: Failure };

/** What a run had of one problem when it was stopped. */
export class Earlier {
  private readonly problem?: ProblemResult;
  private readonly outcomes = new Map<string, Outcome>();

  constructor(before: EarlierResults | undefined, name: string) {
    this.problem = before?.problems.find((problem) => problem.name === name);
    for (const cell of before?.cells ?? [])
      if (cell.problem === name) this.outcomes.set(keyOf(cell), { cell });
    for (const failure of before?.failures ?? [])
      if (failure.problem === name) this.outcomes.set(keyOf(failure), { failure });
  }

  /** What came of an entry, if it was done. */
  of({ row, nfe }: Entry, seed: number): Outcome | undefined {
    return this.outcomes.get(keyOf({ ...measuredAs(row), nfe, seed }));
  }

  /** The problem with all its outcomes in order, if it was done to its end. */
  whole(
    work: readonly Entry[],
    seeds: readonly number[],
  ): { problem: ProblemResult; outcomes: Outcome[] } | undefined {
    if (!this.problem || this.problem.pictures.length === 0) return undefined;
    const outcomes = seeds.flatMap((seed) => work.map((entry) => this.of(entry, seed)));
    if (outcomes.includes(undefined)) return undefined;
    return { problem: this.problem, outcomes: outcomes as Outcome[] };
  }

  /** @throws FewstepError bad-data where the problem is another now: its figures would not belong together */
  checkSame(problem: ProblemResult): void {
    if (!this.problem) return;
    const figures = ({ dim, batch, floor, exactDistances }: ProblemResult) =>
      JSON.stringify([dim, batch, floor, exactDistances]);
    if (figures(this.problem) === figures(problem)) return;
    throw new FewstepError(
      'bad-data',
      `${problem.name} is not what it was when the run was stopped`,
      'leave --resume out to measure all of it again',
    );
  }
}

/** Figures of a run that was stopped again, with those from before that it had not come to. */
export function withEarlier(now: EarlierResults, before: EarlierResults | undefined): EarlierResults {
  if (!before) return now;
  const names = new Set(now.problems.map(({ name }) => name));
  const placeOf = (each: Cell | Failure) => `${each.problem} ${keyOf(each)}`;
  const places = new Set([...now.cells, ...now.failures].map(placeOf));
  const isLeft = (each: Cell | Failure) => !places.has(placeOf(each));
  return {
    problems: [...now.problems, ...before.problems.filter(({ name }) => !names.has(name))],
    cells: [...now.cells, ...before.cells.filter(isLeft)],
    failures: [...now.failures, ...before.failures.filter(isLeft)],
  };
}

type Place = Pick<Cell, 'solver' | 'answers' | 'grid' | 'afs' | 'nfe' | 'seed'>;

function keyOf({ solver, answers, grid, afs, nfe, seed }: Place): string {
  return JSON.stringify([solver, answers ?? null, grid, afs, nfe, seed]);
}
