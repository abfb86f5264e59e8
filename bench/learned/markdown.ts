import { median } from '../../src/metrics/quantile.js';
import { figure } from '../../src/report/number.js';
import type { Cell } from './cells.js';

/** A line of a table with a column an NFE. */
export interface Line {
  /** What stands in front, as many texts in all lines. */
  title: readonly string[];
  /** Empty where nothing was measured. */
  text(nfe: number): string;
}

/** The lines that have something in them; undefined where none has. */
export function byNfe(cells: readonly Cell[], lines: readonly Line[]): string | undefined {
  const counts = [...new Set(cells.map(({ nfe }) => nfe))].sort((a, b) => a - b);
  const filled = lines
    .map(({ title, text }) => ({ title, texts: counts.map((nfe) => text(nfe)) }))
    .filter(({ texts }) => texts.some((text) => text !== ''));
  if (filled.length === 0) return undefined;
  return table(
    [...filled[0].title.map(() => ''), ...counts.map((nfe) => `NFE ${nfe}`)],
    filled.map(({ title, texts }) => [...title, ...texts]),
  );
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The median, with least and greatest where there are several. */
export function spread(values: readonly number[]): string {
  const middle = figure(median(values));
  if (values.length === 1) return middle;
  return `${middle} [${figure(Math.min(...values))}..${figure(Math.max(...values))}]`;
}

export function fieldsOf(cells: readonly Cell[]): string[] {
  return [...new Set(cells.map(({ field }) => field))];
}
