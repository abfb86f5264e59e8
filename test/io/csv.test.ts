import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CsvOptions, parseCsv } from '../../src/io/csv.js';
import { expectRefusal } from '../refusal.js';

const read = (text: string, options: CsvOptions = {}) =>
  parseCsv(new TextEncoder().encode(text), { name: 'd.csv', ...options });

const tables = fc.integer({ min: 1, max: 6 }).chain((columns) =>
  fc.array(
    fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: columns,
      maxLength: columns,
    }),
    { minLength: 1, maxLength: 20 },
  ),
);

describe('parseCsv', () => {
  it('reads back every finite number, with every separator and line end', () => {
    fc.assert(
      fc.property(
        tables,
        fc.constantFrom(',', ';', '\t', ' , '),
        fc.constantFrom('\n', '\r\n', '\r'),
        (table, separator, lineEnd) => {
          // String(-0) is "0".
          const text = table.map((row) =>
            row.map((x) => (Object.is(x, -0) ? '-0' : String(x))).join(separator),
          );
          const dataSet = read(text.join(lineEnd));
          expect(dataSet).toMatchObject({ rows: table.length, columns: table[0].length });
          expect([...dataSet.values]).toEqual(table.flat());
        },
      ),
    );
  });

  it('takes a first record without numbers as a header', () => {
    expect(read('x,"y"\n1,2\n')).toMatchObject({
      rows: 1,
      columnNames: ['x', 'y'],
      values: Float64Array.of(1, 2),
    });
    expect(read('1,2\n3,4').columnNames).toBeUndefined();
  });

  it('obeys when it is told whether there is a header', async () => {
    expect(read('1,2\n3,4', { header: true })).toMatchObject({ rows: 1, columnNames: ['1', '2'] });
    await expectRefusal(() => read('x,y\n3,4', { header: false }), 'bad-data', "line 1, column 0: 'x'");
  });

  it('skips a byte order mark, comments and empty lines', () => {
    expect([...read('\ufeff# made by hand\n\n1;2\n   \n# more\n3;4\n\n').values]).toEqual([1, 2, 3, 4]);
  });

  it('selects columns by number, range and name, in the order asked', () => {
    expect([...read('0,1,2,3,4,5,6,7,8', { columns: '8,0,2-4' }).values]).toEqual([8, 0, 2, 3, 4]);
    const named = read('id,x,y\na,1,2\nb,3,4', { columns: 'y,x' });
    expect(named).toMatchObject({ columnNames: ['y', 'x'], values: Float64Array.of(2, 1, 4, 3) });
  });

  it('sets the label column apart', () => {
    const expected = { columns: 2, labels: ['cat', '7'], values: Float64Array.of(1, 2, 3, 4) };
    expect(read('1,cat,2\n3,7,4', { labelColumn: '1' })).toMatchObject(expected);
    expect(read('x,kind,y\n1,cat,2\n3,7,4', { labelColumn: 'kind' })).toMatchObject(expected);
  });

  it('reads one column', () => {
    expect(read('1\n2\n3')).toMatchObject({ rows: 3, columns: 1 });
  });

  it.each<[string, string, CsvOptions, string | RegExp]>([
    ['nothing', '', {}, 'd.csv has no rows of data'],
    ['only comments', '# a\n\n', {}, 'd.csv has no rows of data'],
    ['only a header', 'x,y\n', {}, 'd.csv has no rows of data'],
    ['a short record', '# c\n1,2\n\n3\n', {}, 'd.csv, line 4: 1 columns, but the first record has 2'],
    ['a long record', '1,2\r\n3,4\r\n5,6,7', {}, 'd.csv, line 3: 3 columns, but the first record has 2'],
    ['a word', 'x,y\n1,2\n3,four\n', {}, "d.csv, line 3, column 1 ('y'): 'four' is not a number"],
    ['a hexadecimal number', '1,2\n0x1F,3', {}, "d.csv, line 2, column 0: '0x1F' is not a number"],
    ['a decimal comma', '1,5;2,5\n', {}, "d.csv, line 1, column 0: '1,5' is not a number"],
    ['an empty cell', '1,2\n3,\n', {}, 'd.csv, line 2, column 1: the cell is empty'],
    ['NaN', '1,2\n3,NaN\n', {}, "d.csv, line 2, column 1: 'NaN' is not finite"],
    ['infinity', '1,-inf\n', {}, "d.csv, line 1, column 1: '-inf' is not finite"],
    ['an overflow', '1\n1e999\n', {}, "d.csv, line 2, column 0: '1e999' is not finite"],
    ['an open quote', '1,2\n"3,4\n', {}, /d\.csv: Quote Not Closed.* line/],
    ['a stray quote', '1,2\n3"x,4\n', {}, /d\.csv: Invalid Opening Quote.* line 2/],
    [
      'a zero byte',
      '1,2\n\0',
      {},
      'd.csv is neither text nor an .npy, .npz or IDX file: it has a zero at byte 4',
    ],
  ])('refuses %s', async (_, text, options, message) => {
    await expectRefusal(() => read(text, options), 'bad-data', message);
  });

  it('refuses what is not UTF-8', async () => {
    const bytes = Uint8Array.of(0x31, 0x2c, 0xff, 0x0a);
    await expectRefusal(() => parseCsv(bytes, { name: 'd.csv' }), 'bad-data', 'd.csv is not text in UTF-8');
  });

  it.each<[string, string]>([
    ['9', 'there is no column 9'],
    ['1-9', 'there is no column 9'],
    ['2-1', 'the range 2-1 runs backwards'],
    ['0,,1', 'it has an empty part'],
    ['', 'it has an empty part'],
    ['z', "there is no column named 'z'"],
    ['0-2,1', 'column 1 is chosen twice'],
    ['twin', "several columns are named 'twin'; use their numbers"],
  ])("refuses the selection '%s'", async (columns, message) => {
    const call = () => read('x,y,twin,twin\n1,2,3,4', { columns });
    await expectRefusal(call, 'bad-argument', `d.csv: bad selection of columns '${columns}': ${message}`);
  });

  it('refuses names without a header, and several label columns', async () => {
    await expectRefusal(
      () => read('1,2', { columns: 'x' }),
      'bad-argument',
      "'x' is a name, but there is no header",
    );
    await expectRefusal(
      () => read('1,2', { labelColumn: '0-1' }),
      'bad-argument',
      "'0-1' means 2 label columns",
    );
  });
});
