import { unknownName } from '../errors.js';
import { type BestOf, learnedPairs } from './learned.js';
import { type Metric, meanError, metricByKey } from './metric.js';
import { figure, plural } from './number.js';
import type { ProblemResult, Results } from './results.js';
import { hasEntries, type Row, resultTable } from './table.js';

/**
 * One problem as plain text: a row a solver, a column an NFE, the mean end-point error (median over seeds,
 * best over grid and AFS), the best of each column marked with '*'. Solvers that draw noise and generators have no such
 * error: a second table has the distances of their samples.
 *
 * @param problem name of a problem of the results
 * @throws FewstepError unknown-name where the results have no such problem
 */
export function summaryTable(results: Results, problem: string): string {
  const found = results.problems.find((candidate) => candidate.name === problem);
  if (!found) {
    throw unknownName(
      'problem',
      problem,
      results.problems.map((candidate) => candidate.name),
    );
  }
  const units = found.scaling ? " in the data's units" : '';
  const tables = [
    tableOf(results, found, meanError, `mean end-point error${units}`, hasEntries),
    tableOf(
      results,
      found,
      DISTANCE,
      `${DISTANCE.label}${units} of solvers that draw noise and of generators (${figure(found.floor.slicedWasserstein)} between ${found.standIn ? 'two accurate solves' : 'two true draws'})`,
      ({ solver }) =>
        results.cells.some((cell) => cell.problem === problem && cell.solver === solver && !cell.error),
    ),
  ];
  return tables.filter((table) => table !== '').join('\n');
}

/** What stands for the error of what has none. */
const DISTANCE = metricByKey('slicedWasserstein');

/** Some rows by one metric, or '' where there are none. Only errors, which all rows of the table have, get a mark. */
function tableOf(
  results: Results,
  { name, title, dim }: ProblemResult,
  metric: Metric,
  label: string,
  shown: (row: Row) => boolean,
): string {
  const { nfe, rows } = resultTable(results, name, metric);
  const chosen = rows.filter(shown);
  if (chosen.length === 0) return '';
  const mark = (row: Row['entries'][number]) => (metric === meanError && row?.mark === 'best' ? '*' : ' ');
  const lines = [
    ['NFE', ...nfe.map((n) => `${n} `)],
    ...chosen.map((row) => [
      row.solver,
      ...row.entries.map((entry) => (entry ? `${entry.text}${mark(entry)}` : '- ')),
    ]),
  ];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const body = lines.map((line) =>
    line
      .map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  const seeds = plural(results.run.seeds.length, 'seed');
  return `${title} (${dim}-D): ${label}, median over ${seeds}\n${body.join('\n')}\n`;
}

/** The best solver that learned nothing beside the best that did, by problem and NFE; '' where nothing learned. */
export function learnedSummary(results: Results): string {
  const pairs = learnedPairs(results);
  if (pairs.length === 0) return '';
  const text = ({ label, text }: BestOf) => `${text}  ${label}`;
  const lines = [
    ['problem', 'NFE', 'learned nothing', 'learned', 'times lower'],
    ...pairs.map(({ problem, nfe, plain, learned, ratio }) => [
      problem.name,
      String(nfe),
      text(plain),
      text(learned),
      figure(ratio),
    ]),
  ];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const body = lines.map((line) =>
    line
      .map((text, i) => text.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
  return `Best mean end-point error, chosen with hindsight\n${body.join('\n')}\n`;
}
