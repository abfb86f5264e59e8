// The entry for browsers works in Node too; the package's root needs Node's Buffer.
import { CsvError, parse } from 'csv-parse/browser/esm/sync';
import { FewstepError } from '../errors.js';
import { columnText, selectColumns } from './columns.js';
import type { DataSet } from './dataset.js';

export interface CsvOptions {
  /** Columns to keep, as in "0-63", "0,2,5-7" or "x,y" (see `selectColumns`); all but the labels by default. */
  readonly columns?: string;
  /** A column, by number or name, that holds each row's label. */
  readonly labelColumn?: string;
  /**
   * Whether the first record holds column names. `auto`, the default: it does when none of its cells begins as
   * a number, so a header such as 0,1,2 has to be announced.
   */
  readonly header?: boolean | 'auto';
}

/** What the first record says about all others. */
interface Layout {
  readonly width: number;
  readonly names?: readonly string[];
  readonly columns: readonly number[];
  readonly labelColumn?: number;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i;
/** Also a misspelt number, such as 1,5 or 0x1F: a row of those must be an error, not a header. */
const BEGINS_AS_NUMBER = /^[+-]?\.?\d/;

/**
 * Reads a table of numbers, UTF-8, separated by commas, semicolons or tabs (whichever the first line uses).
 * Lines that are empty or begin with # are skipped. Only the selected columns have to be numbers.
 *
 * @param options.name the file, for errors
 * @throws `bad-data` with line and column for a record of another length, a cell that is no finite number, a
 *   broken quote, a file that is no text or has no rows; `bad-argument` for a bad selection of columns
 */
export function parseCsv(bytes: Uint8Array, options: CsvOptions & { name: string }): DataSet {
  const { name } = options;
  const text = decodeText(bytes, name);
  const labels: string[] = [];
  let layout: Layout | undefined;
  let values = new Float64Array(1024);
  let length = 0;

  const addRecord = (cells: string[], line: number): void => {
    if (!layout) {
      layout = layoutOf(cells, options);
      if (layout.names) return;
    }
    const { width, names, columns, labelColumn } = layout;
    if (cells.length !== width) throw raggedRecord(name, line, cells.length, width);
    if (length + columns.length > values.length) values = grown(values, length + columns.length);
    for (const column of columns) {
      const cell = cells[column];
      const value = NUMBER.test(cell) ? Number(cell) : Number.NaN;
      if (!Number.isFinite(value)) throw badCell(cell, `${name}, line ${line}, ${columnText(column, names)}`);
      values[length++] = value;
    }
    if (labelColumn !== undefined) labels.push(cells[labelColumn]);
  };

  try {
    parse(text, {
      delimiter: delimiterOf(text),
      record_delimiter: '\n',
      comment: '#',
      comment_no_infix: true,
      trim: true,
      skip_empty_lines: true,
      // Lengths are checked here, to say it in our words.
      relax_column_count: true,
      on_record: (cells: string[], { lines }) => {
        addRecord(cells, lines);
        return null;
      },
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw badCsv(
      `${name}: ${cause.message}`,
      'close every quote, and double a quote within a quoted cell',
      cause,
    );
  }
  if (!layout || length === 0) {
    throw badCsv(`${name} has no rows of data`, 'give a file with at least one record of numbers');
  }
  const { columns, names, labelColumn } = layout;
  return {
    rows: length / columns.length,
    columns: columns.length,
    values: values.slice(0, length),
    columnNames: names && columns.map((column) => names[column]),
    labels: labelColumn === undefined ? undefined : labels,
  };
}

function decodeText(bytes: Uint8Array, name: string): string {
  if (bytes.includes(0)) {
    throw badCsv(
      `${name} is neither text nor an .npy, .npz or IDX file: it has a zero at byte ${bytes.indexOf(0)}`,
      'save tables as CSV in UTF-8, arrays with numpy.save',
    );
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // One kind of line end, so that lines are counted as an editor counts them.
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  } catch (cause) {
    throw badCsv(`${name} is not text in UTF-8`, 'save the table as CSV in UTF-8', cause as Error);
  }
}

/** The separator that the first line with content uses. Deciding once keeps "1,5;2,5" from being four columns. */
function delimiterOf(text: string): string {
  const line = /^(?!#)[^\n]*\S[^\n]*/m.exec(text)?.[0] ?? '';
  return ['\t', ';'].find((delimiter) => line.includes(delimiter)) ?? ',';
}

function layoutOf(cells: readonly string[], options: CsvOptions & { name: string }): Layout {
  const { name, header = 'auto' } = options;
  const numberLike = cells.some((cell) => BEGINS_AS_NUMBER.test(cell) || NOT_FINITE.test(cell));
  const names = header === true || (header === 'auto' && !numberLike) ? cells : undefined;
  const table = { name, count: cells.length, names };
  const labels = options.labelColumn === undefined ? [] : selectColumns(options.labelColumn, table);
  if (labels.length > 1) {
    throw new FewstepError(
      'bad-argument',
      `${name}: '${options.labelColumn}' means ${labels.length} label columns`,
      'name one column',
    );
  }
  const columns =
    options.columns === undefined
      ? cells.map((_, column) => column).filter((column) => column !== labels[0])
      : selectColumns(options.columns, table);
  return { width: cells.length, names, columns, labelColumn: labels[0] };
}

function grown(values: Float64Array<ArrayBuffer>, needed: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(needed, 2 * values.length));
  larger.set(values);
  return larger;
}

function raggedRecord(name: string, line: number, found: number, expected: number): FewstepError {
  return badCsv(
    `${name}, line ${line}: ${found} columns, but the first record has ${expected}`,
    'give every record the same number of cells',
  );
}

function badCell(cell: string, place: string): FewstepError {
  if (cell === '') return badCsv(`${place}: the cell is empty`, 'fill it, remove the row, or select columns');
  if (NOT_FINITE.test(cell) || NUMBER.test(cell)) {
    return badCsv(`${place}: '${cell}' is not finite`, 'remove or replace such values');
  }
  return badCsv(
    `${place}: '${cell.slice(0, 40)}' is not a number`,
    'columns count from 0 and are separated by commas, semicolons or tabs; select the columns that hold numbers, or say that the first record is a header',
  );
}

function badCsv(message: string, remedy: string, cause?: Error): FewstepError {
  return new FewstepError('bad-data', message, remedy, { cause });
}
