import { median } from '../metrics/quantile.js';
import type { Metric } from './metric.js';
import { figure } from './number.js';
import { type AnswerSource, type Cell, type Failure, type Results, variantLabel } from './results.js';

/** A place of the table that has a figure. */
export interface Entry {
  /** Median over seeds. */
  value: number;
  /** `value` as it is printed; ranks go by it, so that what looks equal is marked alike. */
  text: string;
  /** Ends of the 95% interval, each the median over seeds. */
  interval?: [number, number];
  /** Grid and AFS of these cells, '' for the plain ones. */
  variant: string;
  /** One a seed; fewer where some diverged, and then `value` counts those as infinite. */
  cells: Cell[];
  failures: Failure[];
  mark?: 'best' | 'second';
}

/** One solver with a grid, with or without AFS. */
export interface Variant {
  /** '' for the plain one, or 'AFS', 'logsnr + AFS'. */
  label: string;
  entries: (Entry | undefined)[];
}

export interface Row {
  solver: string;
  /** As of its cells. */
  answers?: AnswerSource;
  /** The best variant at each NFE; undefined where the solver has no cell. */
  entries: (Entry | undefined)[];
  variants: Variant[];
}

/** Whether a row has any figure at all: the end-point error of a solver that draws noise has none. */
export function hasEntries({ entries }: Row): boolean {
  return entries.some((entry) => entry !== undefined);
}

type Outcome = Cell | Failure;

export interface Table {
  nfe: number[];
  rows: Row[];
}

/**
 * The table of one problem in the manner of AMED's Table 2 (arXiv 2312.00094): a row a solver, a column an
 * NFE, best and second best of each column marked among the solvers' best variants.
 */
export function resultTable(results: Results, problem: string, metric: Metric): Table {
  const outcomes = [...results.cells, ...results.failures].filter((outcome) => outcome.problem === problem);
  const nfe = [...new Set([...results.run.nfe, ...outcomes.map((outcome) => outcome.nfe)])].sort(
    (a, b) => a - b,
  );
  const rows = [...groupBy(outcomes, (outcome) => outcome.solver)].map(([solver, ofSolver]): Row => {
    // The plain variant, whose label is empty, comes first.
    const grouped = [...groupBy(ofSolver, variantLabel)].sort(([a], [b]) => (a < b ? -1 : 1));
    const variants = grouped.map(
      ([label, ofVariant]): Variant => ({
        label,
        entries: nfe.map((n) => {
          const seeds = ofVariant.filter((outcome) => outcome.nfe === n && hasFigure(outcome, metric));
          return seeds.length > 0 ? entry(seeds, label, metric) : undefined;
        }),
      }),
    );
    const entries = nfe.map((_, i) => {
      const best = smallest(variants.map((variant) => variant.entries[i]));
      // A copy, because marks belong to the row and not to its variants.
      return best && { ...best };
    });
    return { solver, answers: ofSolver[0].answers, entries, variants };
  });
  for (const i of nfe.keys()) mark(rows.map((row) => row.entries[i]).filter((e) => e !== undefined));
  return { nfe, rows };
}

/** Diverging is a figure too, though infinite. */
function hasFigure(outcome: Outcome, metric: Metric): boolean {
  return !('distances' in outcome) || metric.value(outcome) !== undefined;
}

function entry(outcomes: Outcome[], variant: string, metric: Metric): Entry {
  const cells = outcomes.filter((outcome) => 'distances' in outcome);
  const failures = outcomes.filter((outcome) => 'message' in outcome);
  const value = middle(
    outcomes.map((outcome) => ('distances' in outcome ? metric.value(outcome)! : Infinity)),
  );
  const intervals = metric.interval && cells.length > 0 && cells.map((cell) => metric.interval!(cell)!);
  return {
    value,
    text: figure(value),
    variant,
    cells,
    failures,
    ...(intervals && {
      interval: [median(intervals.map((ends) => ends[0])), median(intervals.map((ends) => ends[1]))],
    }),
  };
}

/** The median, also where some values are infinite: interpolation would make NaN of these. */
function middle(values: number[]): number {
  const sorted = values.map((value) => (Number.isNaN(value) ? Infinity : value)).sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
}

function smallest(entries: (Entry | undefined)[]): Entry | undefined {
  return entries
    .filter((e) => e !== undefined)
    .reduce<Entry | undefined>((best, e) => (best && best.value <= e.value ? best : e), undefined);
}

function mark(column: Entry[]): void {
  const finite = column.filter((e) => Number.isFinite(e.value)).sort((a, b) => a.value - b.value);
  const [best, second] = [...new Set(finite.map((e) => e.text))];
  for (const e of finite)
    if (e.text === best || e.text === second) e.mark = e.text === best ? 'best' : 'second';
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
