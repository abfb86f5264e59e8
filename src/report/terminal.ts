import { unknownName } from '../errors.js';
import { type BestOf, learnedPairs } from './learned.js';
import { meanError } from './metric.js';
import { figure, plural } from './number.js';
import type { Results } from './results.js';
import { hasEntries, resultTable } from './table.js';

/**
 * One problem as plain text: a row a solver, a column an NFE, the mean end-point error (median over seeds,
 * best over grid and AFS), the best of each column marked with '*'.
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
  const { nfe, rows } = resultTable(results, problem, meanError);
  const lines = [
    ['NFE', ...nfe.map((n) => `${n} `)],
    ...rows
      .filter(hasEntries)
      .map((row) => [
        row.solver,
        ...row.entries.map((entry) => (entry ? `${entry.text}${entry.mark === 'best' ? '*' : ' '}` : '- ')),
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
  return `${found.title} (${found.dim}-D): mean end-point error, median over ${seeds}\n${body.join('\n')}\n`;
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
