import { meanError } from './metric.js';
import { figure, list } from './number.js';
import { type ProblemResult, type Results, rowLabel } from './results.js';
import { type Row, resultTable } from './table.js';

/** The lowest mean error among some rows. */
export interface BestOf {
  /** The row with its grid and AFS. */
  label: string;
  value: number;
  /** As it is printed. */
  text: string;
}

/** The best that learned nothing and the best that learned, of one problem at one NFE. */
export interface LearnedPair {
  problem: ProblemResult;
  nfe: number;
  plain: BestOf;
  learned: BestOf;
  /** How many times the learned error is below the other. */
  ratio: number;
}

export function learnedPairs(results: Results): LearnedPair[] {
  return results.problems.flatMap((problem) => {
    const { nfe, rows } = resultTable(results, problem.name, meanError);
    return nfe.flatMap((n, i) => {
      const plain = best(
        rows.filter((row) => !row.answers),
        i,
      );
      const learned = best(
        rows.filter((row) => row.answers === 'learned'),
        i,
      );
      return plain && learned
        ? [{ problem, nfe: n, plain, learned, ratio: plain.value / learned.value }]
        : [];
    });
  });
}

function best(rows: Row[], column: number): BestOf | undefined {
  const [entry] = rows
    .flatMap((row) => row.entries[column] ?? [])
    .filter(({ value, cells }) => Number.isFinite(value) && cells.length > 0)
    .sort((a, b) => a.value - b.value);
  return entry && { label: rowLabel(entry.cells[0]), value: entry.value, text: entry.text };
}

/** How much learning gains over the best that learned nothing; '' where nothing learned. */
export function learnedFindings(results: Results): string {
  const pairs = learnedPairs(results);
  if (pairs.length === 0) return '';
  const nfe = [...new Set(pairs.map((pair) => pair.nfe))].sort((a, b) => a - b);
  const gains = nfe.map((n) =>
    figure(geometricMean(pairs.filter((pair) => pair.nfe === n).map(({ ratio }) => ratio))),
  );
  const problems = new Set(pairs.map(({ problem }) => problem.name)).size;
  const where = problems > 1 ? `, on average over ${problems} problems,` : '';
  return ` The best solver that learned has${where} an error ${list(gains)} times lower at NFE ${list(nfe)}.`;
}

function geometricMean(values: number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
