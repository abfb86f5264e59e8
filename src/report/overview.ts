import { learnedFindings } from './learned.js';
import { meanError } from './metric.js';
import { figure, list, plural } from './number.js';
import type { AnswerSource, Results } from './results.js';
import { hasEntries, resultTable, type Table } from './table.js';

/** What all problems say together, by mean end-point error. Solvers without answers are those that learned nothing. */
export interface Overview {
  nfe: number[];
  /**
   * In the order of the tables. `ratio[i]`: geometric mean over problems of error / lowest error of those that learned
   * nothing, at nfe[i]; for answers over the problems that have them.
   */
  rows: { solver: string; answers?: AnswerSource; ratios: (number | undefined)[] }[];
  /** At nfe[i]: the solver that learned nothing with the lowest ratio, and on how many problems its error is the lowest. */
  winners: ({ solver: string; problems: number } | undefined)[];
  /** Solvers that the plots show in colour, best first. */
  highlights: string[];
}

/** As many lines as one can tell apart, and so many of them at most learned. */
const [HIGHLIGHTS, HIGHLIGHTED_LEARNED] = [5, 2];

export function overview(results: Results): Overview {
  const tables = results.problems.map((problem) => resultTable(results, problem.name, meanError));
  const nfe = [...new Set(tables.flatMap((table) => table.nfe))].sort((a, b) => a - b);
  const byName = new Map(
    tables.flatMap((table) => table.rows.filter(hasEntries).map((row) => [row.solver, row.answers])),
  );
  const wins = nfe.map((n) => tables.flatMap((table) => winner(table, n) ?? []));
  const rows = [...byName].map(([solver, answers]) => {
    const ratios = nfe.map((n) => meanRatio(tables, solver, answers !== undefined, n));
    return { solver, ...(answers && { answers }), ratios };
  });
  const plain = rows.filter(({ answers }) => !answers);
  const won = (solver: string) => wins.flat().filter((name) => name === solver).length;
  const best = (some: Overview['rows'], count: number) =>
    some
      .map(({ solver, ratios }) => ({ solver, won: won(solver), ratio: typical(ratios) }))
      .sort((a, b) => b.won - a.won || a.ratio - b.ratio)
      .slice(0, count)
      .map(({ solver }) => solver);
  // Tables and generators are there because somebody asked for them; the latter have distances alone.
  const generators = tables.flatMap((table) => table.rows.filter(({ answers }) => answers === 'generator'));
  const learned = [
    ...new Set(generators.map(({ solver }) => solver)),
    ...best(
      rows.filter(({ answers }) => answers === 'learned' || answers === 'table'),
      HIGHLIGHTED_LEARNED,
    ),
  ].slice(0, HIGHLIGHTED_LEARNED);
  return {
    nfe,
    rows,
    winners: wins.map((column, i) => lowest(plain, i, column)),
    highlights: [...learned, ...best(plain, HIGHLIGHTS - learned.length)],
  };
}

/** What was found, in a few sentences. */
export function findings(results: Results, { nfe, rows, winners }: Overview): string {
  const problems = results.problems.length;
  const runs: { solver: string; nfe: number[]; problems: number[] }[] = [];
  for (const [i, best] of winners.entries()) {
    if (!best) continue;
    const last = runs[runs.length - 1];
    if (last?.solver === best.solver) {
      last.nfe.push(nfe[i]);
      last.problems.push(best.problems);
    } else runs.push({ solver: best.solver, nfe: [nfe[i]], problems: [best.problems] });
  }
  if (runs.length === 0) {
    return results.cells.length === 0
      ? 'No cell was finished.'
      : 'No solver has an end-point error, since all draw noise: choose a distance in the tables.';
  }
  const where = runs.map((run) => {
    const [least, most] = [Math.min(...run.problems), Math.max(...run.problems)];
    const share = least === most ? least : `${least} to ${most}`;
    return `${run.solver} at NFE ${span(run.nfe)}${problems > 1 ? ` (the lowest on ${share} of ${problems})` : ''}`;
  });
  const plain = rows.filter(({ answers }) => !answers);
  const learns = plain.length < rows.length ? ' that learned nothing' : '';
  const scope = `${plural(plain.length, 'solver')}${learns} on ${plural(problems, 'problem')}, NFE ${span(nfe)}`;
  const over = problems > 1 ? ' over the problems' : '';
  return `${scope}: the lowest mean end-point error${over} is that of ${list(where)}.${gain({ nfe, rows: plain }, problems)}${learnedFindings(results)}`;
}

/** How much the best solver gains over Euler's method, in the middle of the range. */
function gain({ nfe, rows }: Pick<Overview, 'nfe' | 'rows'>, problems: number): string {
  const euler = rows.find((row) => row.solver === 'euler');
  const middle = Math.floor((nfe.length - 1) / 2);
  const ratio = euler?.ratios[middle];
  const best = Math.min(...rows.map((row) => row.ratios[middle] ?? Infinity));
  if (ratio === undefined || !Number.isFinite(best)) return '';
  const solver = rows.find((row) => row.ratios[middle] === best)!.solver;
  if (solver === 'euler') return '';
  const average = problems > 1 ? 'on average over the problems ' : '';
  return ` At NFE ${nfe[middle]} the error of ${solver} is ${average}${figure(ratio / best)} times below that of Euler’s method.`;
}

function span(nfe: number[]): string {
  const gapless = nfe.every((n, i) => i === 0 || n === nfe[i - 1] + 1);
  return gapless && nfe.length > 2 ? `${nfe[0]} to ${nfe[nfe.length - 1]}` : list(nfe);
}

function winner({ nfe, rows }: Table, n: number): string | undefined {
  const column = nfe.indexOf(n);
  return rows
    .filter((row) => !row.answers && Number.isFinite(row.entries[column]?.value))
    .sort((a, b) => a.entries[column]!.value - b.entries[column]!.value)[0]?.solver;
}

/**
 * Undefined unless the solver has a finite error on every problem that has any at this NFE; a problem where the solver
 * has no row at all counts only if it could have one.
 */
function meanRatio(tables: Table[], solver: string, answers: boolean, n: number): number | undefined {
  const ratios: number[] = [];
  for (const { nfe, rows } of tables) {
    const column = nfe.indexOf(n);
    const values = rows.flatMap((row) => (row.answers ? [] : (row.entries[column]?.value ?? [])));
    const own = rows.find((row) => row.solver === solver);
    const least = Math.min(...values.filter(Number.isFinite));
    if (!Number.isFinite(least) || (answers && !own)) continue;
    const value = own?.entries[column]?.value;
    if (value === undefined || !Number.isFinite(value)) return undefined;
    ratios.push(Math.log(value / least));
  }
  return ratios.length === 0 ? undefined : Math.exp(ratios.reduce((a, b) => a + b, 0) / ratios.length);
}

/** A solver that misses an NFE comes after those that do not. */
function typical(ratios: (number | undefined)[]): number {
  return ratios.reduce<number>((sum, ratio) => sum + Math.log(ratio ?? 1e3), 0);
}

function lowest(rows: Overview['rows'], column: number, wins: string[]): Overview['winners'][number] {
  const [best] = rows
    .filter((row) => row.ratios[column] !== undefined)
    .sort((a, b) => a.ratios[column]! - b.ratios[column]!);
  return best && { solver: best.solver, problems: wins.filter((name) => name === best.solver).length };
}
