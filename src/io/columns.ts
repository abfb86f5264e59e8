import { FewstepError } from '../errors.js';

/** What a table's columns are called, for choosing among them. */
export interface TableColumns {
  /** The file, for errors. */
  readonly name: string;
  readonly count: number;
  /** Column names where the table has a header. */
  readonly names?: readonly string[];
}

/**
 * The columns that a selection such as "0-63", "0,2,5-7" or "x,y" means, in the order in which it names them.
 * Numbers count from 0 and ranges include both ends; everything else is a name from the header.
 *
 * @throws `bad-argument` for an empty part, an unknown name, a column that is not there or one chosen twice
 */
export function selectColumns(selection: string, table: TableColumns): number[] {
  const chosen = selection.split(',').flatMap((part) => columnsOf(part.trim(), selection, table));
  const twice = chosen.find((column, i) => chosen.indexOf(column) !== i);
  if (twice !== undefined) throw badSelection(selection, table, `column ${twice} is chosen twice`);
  return chosen;
}

/** Column 3, or column 3 ('width') where it has a name. */
export function columnText(column: number, names: readonly string[] | undefined): string {
  return names?.[column] ? `column ${column} ('${names[column]}')` : `column ${column}`;
}

function columnsOf(part: string, selection: string, table: TableColumns): number[] {
  if (part === '') throw badSelection(selection, table, 'it has an empty part');
  const range = /^(\d+)(?:-(\d+))?$/.exec(part);
  if (!range) return [columnNamed(part, selection, table)];
  const first = Number(range[1]);
  const last = Number(range[2] ?? range[1]);
  if (first > last) throw badSelection(selection, table, `the range ${part} runs backwards`);
  if (last >= table.count) throw badSelection(selection, table, `there is no column ${last}`);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function columnNamed(part: string, selection: string, table: TableColumns): number {
  if (!table.names) throw badSelection(selection, table, `'${part}' is a name, but there is no header`);
  const column = table.names.indexOf(part);
  if (column < 0) throw badSelection(selection, table, `there is no column named '${part}'`);
  if (table.names.indexOf(part, column + 1) >= 0) {
    throw badSelection(selection, table, `several columns are named '${part}'; use their numbers`);
  }
  return column;
}

function badSelection(selection: string, table: TableColumns, what: string): FewstepError {
  const { name, count, names } = table;
  // A header of hundreds of names helps nobody.
  const known = names ? ` named ${names.slice(0, 20).join(', ')}${count > 20 ? ', ...' : ''}` : '';
  return new FewstepError(
    'bad-argument',
    `${name}: bad selection of columns '${selection}': ${what}`,
    `the columns are 0-${count - 1}${known}; write numbers, ranges or names, as in 0-3,7`,
  );
}
