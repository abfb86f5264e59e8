import type { Cell } from './cells.js';
import type { Row } from './row.js';

/** Kinds in which several AMED solvers learned, each a series; of other kinds the best solver counts, with hindsight. */
const AMED_KINDS = ['table', 'network', 'robust-equal', 'published', 'conditioned', 'fixed-r'];
/** The best that any learned AMED row came to in a cell, with hindsight as it is with what learned nothing. */
export const BEST_AMED = 'AMED, the best of its rows';

/** Mean and median error, or how many times lower they are. */
export interface Pair {
  mean: number;
  median: number;
}

/** A row of a series against the best of what learned nothing, in one cell. */
export interface Gain extends Pair {
  cell: Cell;
}

/** What one way of learning came to over all cells that it was measured in. */
export interface SeriesSummary {
  series: string;
  gains: Gain[];
  won: Pair;
  /** Geometric means; undefined where no such field was measured. */
  analytic?: Pair;
  networks?: Pair;
  /** Cells that it does not win by mean, by median or by both. */
  lost: Gain[];
}

/** Which series a row belongs to: the solver and how it learned, or the latter alone where there is one solver. */
function seriesOf({ kind, solver }: Row): string {
  return AMED_KINDS.includes(kind) ? `${solver}, ${kind}` : kind;
}

/** The series that are compared throughout: the best AMED row, and every other that is there. */
export function mainSeries(cells: readonly Cell[]): string[] {
  const kinds = new Set(cells.flatMap(({ rows }) => rows.map(({ kind }) => kind)));
  const others = [...kinds].filter((kind) => kind !== 'plain' && !AMED_KINDS.includes(kind));
  return AMED_KINDS.some((kind) => kinds.has(kind) && kind !== 'fixed-r') ? [BEST_AMED, ...others] : others;
}

/** Rows of a cell that belong to a series. */
export function rowsIn({ rows }: Cell, series: string): Row[] {
  if (series === BEST_AMED) {
    return rows.filter(({ kind }) => AMED_KINDS.includes(kind) && kind !== 'fixed-r');
  }
  return rows.filter((row) => seriesOf(row) === series);
}

/** The least errors of some rows, by mean and by median apart; undefined where there are none. */
export function leastOf(rows: readonly Row[]): Pair | undefined {
  if (rows.length === 0) return undefined;
  const least = (by: keyof Pair) => Math.min(...rows.map(({ test }) => test[by]));
  return { mean: least('mean'), median: least('median') };
}

/** Every series against the best of what learned nothing, chosen with hindsight by mean and by median. */
export function summarise(cells: readonly Cell[]): SeriesSummary[] {
  const all = new Set(cells.flatMap(({ rows }) => rows.map(seriesOf)));
  all.delete('plain');
  const main = mainSeries(cells);
  const names = [...main, ...[...all].filter((name) => !main.includes(name)).sort()];
  return names
    .map((series) => summaryOf(series, gainsOf(cells, series)))
    .filter(({ gains }) => gains.length > 0);
}

export function gainsOf(cells: readonly Cell[], series: string): Gain[] {
  return cells.flatMap((cell) => {
    const [plain, own] = [leastOf(rowsIn(cell, 'plain')), leastOf(rowsIn(cell, series))];
    return plain && own ? [{ cell, mean: plain.mean / own.mean, median: plain.median / own.median }] : [];
  });
}

function summaryOf(series: string, gains: Gain[]): SeriesSummary {
  const count = (by: keyof Pair) => gains.filter((gain) => gain[by] > 1).length;
  const mean = (of: readonly Gain[]): Pair | undefined =>
    of.length === 0 ? undefined : { mean: geometricMean(of, 'mean'), median: geometricMean(of, 'median') };
  return {
    ...{ series, gains },
    won: { mean: count('mean'), median: count('median') },
    analytic: mean(gains.filter(({ cell }) => !cell.network)),
    networks: mean(gains.filter(({ cell }) => cell.network)),
    lost: gains.filter(({ mean, median }) => !(mean > 1 && median > 1)),
  };
}

function geometricMean(gains: readonly Gain[], by: keyof Pair): number {
  return Math.exp(gains.reduce((sum, gain) => sum + Math.log(gain[by]) / gains.length, 0));
}
