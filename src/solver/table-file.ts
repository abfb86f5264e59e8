import * as v from 'valibot';
import { checkEntries, checkText } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { conform } from '../io/schema.js';
import { checkTable, type SolverTable, tableFault } from './table.js';

/** What the entry `schema` of a table's JSON says; another version is refused. */
export const TABLE_SCHEMA = 'fewstep-table/1';

/** A table as it stands in a file. */
export interface StoredTable {
  table: SolverTable;
  /** Of the data, [dim], for tables that need it. */
  mean?: readonly number[];
  /** For people: where it comes from. */
  note?: string;
}

const number = v.pipe(
  v.number(({ received }) => `must be a finite number, not ${received}`),
  v.finite('must be a finite number'),
);
const schema = v.strictObject({
  schema: v.literal(TABLE_SCHEMA),
  solver: v.string(),
  nfe: v.pipe(v.number(), v.integer(), v.minValue(1)),
  sigma_max: number,
  sigma_min: number,
  times: v.array(number),
  rows: v.array(v.array(number)),
  mean: v.optional(v.pipe(v.array(number), v.minLength(1))),
  note: v.optional(v.string()),
});

/**
 * A table as JSON, a row a line. Numbers come back bit for bit.
 * @throws FewstepError bad-argument for a table that is none
 */
export function encodeTable(stored: StoredTable): string {
  checkEntries<StoredTable>('the table to store', stored, { table: true, mean: false, note: false });
  const { table, mean, note } = stored;
  checkTable(table);
  const { solver, sigmaMax, sigmaMin, times, rows } = table;
  const list = (values: readonly number[]) => `[${values.map(numeral).join(', ')}]`;
  const entries = Object.entries({
    schema: JSON.stringify(TABLE_SCHEMA),
    solver: JSON.stringify(solver),
    ...(note !== undefined && { note: JSON.stringify(note) }),
    nfe: String(times.length),
    sigma_max: numeral(sigmaMax),
    sigma_min: numeral(sigmaMin),
    times: list(times),
    rows: `[\n${rows.map((row) => `    ${list(row)}`).join(',\n')}\n  ]`,
    ...(mean && { mean: list(mean) }),
  });
  return `{\n${entries.map(([key, value]) => `  "${key}": ${value}`).join(',\n')}\n}\n`;
}

/** The shortest numeral of a number; JSON.stringify makes 0 of -0. */
function numeral(value: number): string {
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}

/**
 * Reads what `encodeTable` wrote, or another program.
 * @param name the file's name, for errors
 * @throws FewstepError bad-data naming the entry that is wrong; bad-argument for what is no text
 */
export function decodeTable(text: string, name: string): StoredTable {
  const bad = (what: string, remedy = 'correct it there, or write the table again', cause?: unknown) =>
    new FewstepError('bad-data', `${name}: ${what}`, remedy, { cause });
  checkText('the content of a table', text, 'give the text of the JSON file');
  const json = parsed(text, bad);
  const version = (json as { schema?: unknown } | null)?.schema;
  if (version !== TABLE_SCHEMA) {
    throw bad(
      version === undefined
        ? 'it has no schema, so it is no table of a solver'
        : `its schema is '${version}', and this fewstep reads '${TABLE_SCHEMA}'`,
      'give what encodeTable wrote, or `fewstep solver --table`, or `fewstep export --form table`',
    );
  }
  const { solver, nfe, sigma_max, sigma_min, times, rows, mean, note } = conform(schema, json, bad);
  if (nfe !== times.length) throw bad(`nfe is ${nfe}, and there are ${times.length} times`);
  const table = { solver, sigmaMax: sigma_max, sigmaMin: sigma_min, times, rows };
  const fault = tableFault(table);
  if (fault) throw bad(fault.what, fault.remedy);
  return { table, ...(mean && { mean }), ...(note !== undefined && { note }) };
}

function parsed(text: string, bad: (what: string, remedy?: string, cause?: unknown) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    try {
      // Python writes what JSON does not have; with null in its place the entry can be named.
      return JSON.parse(text.replace(/-?\b(NaN|Infinity)\b/g, 'null'));
    } catch {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      if (/[\0-\x08]/.test(text)) {
        throw bad('it is no JSON, but binary data', 'give what `fewstep solver --table` wrote', cause);
      }
      const what = (cause as SyntaxError).message.replace(/\s+/g, ' ');
      throw bad(`it is no JSON, or a part is missing: ${what}`, undefined, cause);
    }
  }
}
