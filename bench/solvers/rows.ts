import { FewstepError } from '../../src/errors.js';
import type { Field } from '../../src/field/field.js';
import { amedSolver, type Predictor, timesSolver } from '../../src/predictor/predictor.js';
import { type AnswerSource, type Cell, SEARCHED_GRID } from '../../src/report/results.js';
import { MAX_BESPOKE_NFE } from '../../src/solver/bespoke.js';
import { nfeOf, type Plan } from '../../src/solver/plan.js';
import { parseSolver, reachesNfe, solvers } from '../../src/solver/registry.js';
import { planOfTable, type SolverTable } from '../../src/solver/table.js';
import { universalCounts } from '../../src/solver/universal.js';

export { SEARCHED_GRID };

/** One line of the table: a solver on a grid, with or without an analytical first step. */
export interface Row {
  solver: string;
  /** 'search' where answers are learned or searched, and the grid with them. */
  grid: string;
  afs: boolean;
  /** Where the answers of an AMED solver come from; its own r where absent. */
  answers?: AnswerSource;
  /** Answers that were learned before, on times of their own: `rowOfPredictor`. */
  predictor?: Predictor;
  /** The plan of a given table, at its own NFE: `rowOfTable`. */
  plan?: Plan;
  /** Evaluated in place of the subject's: `rowOfGenerator`. */
  field?: Field;
  /** What stands behind the solver's name, where `answers` is not enough. */
  name?: string;
  /** The only NFE at which the row is measured, where it is not all of the suite's. */
  nfe?: readonly number[];
}

/** A row of the table at one NFE. */
export interface Entry {
  row: Row;
  nfe: number;
}

const SOURCES: Readonly<Record<string, AnswerSource>> = {
  learned: 'learned',
  best: 'best r',
  random: 'random r',
};

/** Stands behind the name of a solver whose times were learned. */
const LEARNED_TIMES = 'learned times';

/** The solver that is learned as a whole: its grid is searched, and AFS one of its starts. */
export const BESPOKE_ROW: Row = { solver: 'bespoke', grid: SEARCHED_GRID, afs: false, answers: 'learned' };

/** The universal table that comes with the package and is nearest. */
const UNIVERSAL = 'bespoke:universal';
export const UNIVERSAL_ROW: Row = {
  ...{ solver: BESPOKE_ROW.solver, name: 'universal' },
  ...{ grid: SEARCHED_GRID, afs: false, answers: 'table' },
};

export function isUniversalRow({ solver, answers, plan }: Row): boolean {
  return solver === BESPOKE_ROW.solver && answers === 'table' && !plan;
}

export function isBespoke({ solver }: Pick<Row, 'solver'>): boolean {
  return solver === BESPOKE_ROW.solver;
}

/**
 * Every combination of solvers, grids, and AFS or not; r may be `learned`, `best` or `random`: 'amed:r=learned', and
 * times `learned`: 'unipc-2:times=learned'. A bespoke solver is one row, and so are the universal tables.
 */
export function rowsOf(names: readonly string[], grids: readonly string[], afs: readonly boolean[]): Row[] {
  return names.flatMap((name) => {
    if (name === BESPOKE_ROW.solver) return [{ ...BESPOKE_ROW }];
    if (name === UNIVERSAL) return [{ ...UNIVERSAL_ROW }];
    return grids.flatMap((grid) => afs.map((first) => ({ ...solverOf(name), grid, afs: first })));
  });
}

/** @throws FewstepError unknown-name or bad-argument, for instance where the solver asks nobody for r */
export function solverOf(text: string): Pick<Row, 'solver' | 'answers' | 'name'> {
  if (text === BESPOKE_ROW.solver) return { solver: text, answers: BESPOKE_ROW.answers };
  if (text === UNIVERSAL) return { solver: UNIVERSAL_ROW.solver, answers: UNIVERSAL_ROW.answers };
  const match = /^(.*?)[:,](r=(learned|best|random)|times=learned)(?=,|$)(.*)$/.exec(text);
  const times = /[:,](times=[^,]*)/.exec(text)?.[1];
  if (!match && times) {
    throw new FewstepError(
      'bad-argument',
      `'${text}': there is no ${times}`,
      'write times=learned to distil them, or choose a grid by --grids, such as gits, which is searched',
    );
  }
  if (!match) {
    parseSolver(text);
    return { solver: text };
  }
  const [, before, , source, after] = match;
  const solver = before.includes(':') ? before + after : before + after.replace(',', ':');
  if (!source) {
    timesSolver(solver);
    return { solver, answers: 'learned', name: LEARNED_TIMES };
  }
  amedSolver(solver);
  return { solver, answers: SOURCES[source] };
}

/** Whether a row is to learn times, and nothing else. */
export function learnsTimes({ answers, solver, predictor }: Row): boolean {
  return (
    answers === 'learned' &&
    !predictor &&
    !isBespoke({ solver }) &&
    solvers.includes(parseSolver(solver).solver)
  );
}

/**
 * A given predictor as a row, at the NFE that it learned for.
 * @param name stands behind the solver's, and tells it from what is distilled in the same run
 */
export function rowOfPredictor(predictor: Predictor, name = 'learned'): Row {
  const { solver, afs } = predictor;
  return { solver, afs, grid: SEARCHED_GRID, answers: 'learned', predictor, name };
}

/**
 * A given table as a row, at its own NFE.
 * @param name stands behind the solver's, and tells it from the solver itself
 */
export function rowOfTable(table: SolverTable, mean: readonly number[] | undefined, name = 'table'): Row {
  const plan = planOfTable(table, mean);
  return { solver: table.solver, afs: false, grid: SEARCHED_GRID, answers: 'table', plan, name };
}

/** A given generator as a row, at the NFE of its plan. @param name what it is called in place of a solver */
export function rowOfGenerator(field: Field, plan: Plan, name: string): Row {
  return { solver: plan.solver, afs: false, grid: SEARCHED_GRID, answers: 'generator', plan, field, name };
}

/** What a row is called in results, which have no room for a predictor. */
export function identityOf({
  solver,
  answers,
  grid,
  afs,
  name,
}: Row): Pick<Cell, 'solver' | 'answers' | 'grid' | 'afs'> {
  if (!answers) return { solver, grid, afs };
  if (answers === 'generator') return { solver: name ?? solver, answers, grid, afs };
  // Without learning there is none of it.
  if (solver === BESPOKE_ROW.solver && name === undefined) return { solver, answers, grid, afs };
  const source = name ?? (answers === 'best r' ? 'best fixed r' : answers);
  return { solver: `${solver} (${source})`, answers, grid, afs };
}

/** What a row is called in cells: a solver as its plans have it, with the options that are not the usual ones. */
export function measuredAs(row: Row): ReturnType<typeof identityOf> {
  if (row.answers) return identityOf(row);
  const { solver, options } = parseSolver(row.solver);
  return identityOf({ ...row, solver: solver.plan([2, 1], { options, afs: row.afs }).solver });
}

/**
 * The row and NFE pairs that exist: a solver reaches some numbers of evaluations and not others.
 *
 * @throws FewstepError for an unknown solver or option, `unreachable-nfe` where there is no pair at all
 */
export function reachable({ rows, nfe }: { rows: readonly Row[]; nfe: readonly number[] }): Entry[] {
  const pairs = rows.flatMap((row) =>
    nfe
      .filter((count) => (row.nfe?.includes(count) ?? true) && reaches(row, count))
      .map((count) => ({ row, nfe: count })),
  );
  if (pairs.length > 0) return pairs;
  throw new FewstepError(
    'unreachable-nfe',
    `none of the solvers makes exactly ${nfe.join(' or ')} evaluations`,
    'add an NFE or a solver; two-stage solvers make even numbers, odd ones with AFS',
  );
}

function reaches(row: Row, nfe: number): boolean {
  const { solver: text, afs, predictor, plan } = row;
  if (plan) return nfeOf(plan) === nfe;
  if (predictor) return predictor.schedules.some((schedule) => schedule.nfe === nfe);
  if (isUniversalRow(row)) return universalCounts.includes(nfe);
  if (text === BESPOKE_ROW.solver) return nfe <= MAX_BESPOKE_NFE;
  const { solver, options } = parseSolver(text);
  return reachesNfe(solver, nfe, { afs, options });
}
