import { expect, test } from 'vitest';
import { random } from '../../src/rng/random.js';
import { decodeTable, encodeTable, type StoredTable } from '../../src/solver/table-file.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

/** Numbers of every size and either sign, zeros and the smallest among them. */
function randomTable(nfe: number): StoredTable {
  const source = random(seed, nfe);
  const any = () => source.normal() * 10 ** source.between(-300, 300);
  const times = Array.from({ length: nfe }, () => Math.abs(any()));
  const rows = Array.from({ length: nfe + 1 }, (_, k) => Array.from({ length: 2 + k }, any));
  rows[1].splice(0, 3, -0, 0, 5e-324);
  return {
    table: { solver: 'any, "quoted"', sigmaMax: 80 + source.between(0, 1), sigmaMin: 1 / 3, times, rows },
    mean: [any(), -0, 0.1 + 0.2],
    note: 'NaN is a word here, and so is -Infinity',
  };
}

test.each([1, 2, 9])('a table of %i evaluations comes back bit for bit', (nfe) => {
  const stored = randomTable(nfe);
  // toEqual tells -0 from 0.
  expect(decodeTable(encodeTable(stored), 'x.json')).toEqual(stored);
  const { mean: _, note: __, ...bare } = stored;
  expect(decodeTable(encodeTable(bare), 'x.json')).toEqual(bare);
});

const text = encodeTable(randomTable(2));
const json = JSON.parse(text);
const read = (change: object) => () => decodeTable(JSON.stringify({ ...json, ...change }), 'x.json');
const rows = (k: number, row: unknown[]) => read({ rows: json.rows.with(k, row) });

test.each<Refusal>([
  [
    'a truncated file',
    () => decodeTable(text.slice(0, -20), 'x.json'),
    'bad-data',
    /^x\.json: it is no JSON, or a part is missing/,
    /write/,
  ],
  [
    'a table alone',
    () => encodeTable(randomTable(2).table as never),
    'bad-argument',
    /the table to store: unknown entry/,
    /it takes: table, mean, note/,
  ],
  ['an empty file', () => decodeTable('', 'x.json'), 'bad-data', /no JSON/, /write/],
  ['null', () => decodeTable('null', 'x.json'), 'bad-data', /no schema/, /fewstep solver --table/],
  ['something else', () => decodeTable('[1]', 'x.json'), 'bad-data', /no schema/, /fewstep solver --table/],
  [
    'the future',
    read({ schema: 'fewstep-table/2' }),
    'bad-data',
    /'fewstep-table\/2'.*'fewstep-table\/1'/,
    /fewstep solver/,
  ],
  ['a name of no entry', read({ sigma: 3 }), 'bad-data', /^x\.json: sigma: /, /correct/],
  ['no times', read({ times: undefined }), 'bad-data', /^x\.json: times: /, /correct/],
  [
    'a time as text',
    read({ times: [3, '2'] }),
    'bad-data',
    /^x\.json: times\[1\]: must be a finite number, not "2"/,
    /correct/,
  ],
  ['another NFE', read({ nfe: 3 }), 'bad-data', /nfe is 3, and there are 2 times/, /correct/],
  ['a time of 0', read({ times: [3, 0] }), 'bad-data', /^x\.json: times\[1\] is 0/, /positive/],
  [
    'a row too few',
    read({ rows: json.rows.slice(1) }),
    'bad-data',
    /^x\.json: 2 rows for 2 times/,
    /a row for each time/,
  ],
  ['a short row', rows(2, [1, 2, 3]), 'bad-data', /^x\.json: rows\[2\] has 3 numbers, not 4/, /row k/],
  ['an empty mean', read({ mean: [] }), 'bad-data', /^x\.json: mean: /, /correct/],
  ['a falling range', read({ sigma_min: 90 }), 'bad-data', /from sigma 80\.\d+ to 90/, /falls/],
  [
    "Python's NaN",
    () => decodeTable(text.replace('5e-324', 'NaN'), 'x.json'),
    'bad-data',
    /^x\.json: rows\[1\]\[2\]: must be a finite number/,
    /correct/,
  ],
  [
    "Python's infinity",
    () => decodeTable(text.replace('5e-324', '-Infinity'), 'x.json'),
    'bad-data',
    /^x\.json: rows\[1\]\[2\]: must be a finite number/,
    /correct/,
  ],
  [
    'a number past float64',
    () => decodeTable(text.replace('5e-324', '1e999'), 'x.json'),
    'bad-data',
    /^x\.json: rows\[1\]\[2\]: must be a finite number/,
    /correct/,
  ],
  [
    'writing NaN',
    () => encodeTable({ table: { ...randomTable(1).table, times: [Number.NaN] } }),
    'bad-argument',
    /times\[0\] is NaN/,
    /positive/,
  ],
])('%s is refused', (...refusal) => expectRefused(refusal));
