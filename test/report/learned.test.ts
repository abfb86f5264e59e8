import { parse } from 'csv-parse/sync';
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { resultsCsv } from '../../src/report/csv.js';
import { learnedFindings, learnedPairs } from '../../src/report/learned.js';
import { overview } from '../../src/report/overview.js';
import { parseResults } from '../../src/report/parse-results.js';
import { renderReport } from '../../src/report/report.js';
import { learnedSummary } from '../../src/report/terminal.js';
import { bespokeResults, learnedResults, resultsWith } from './results.js';

const known = () =>
  learnedResults({
    euler: { 4: [0.4], 5: [0.3] },
    'ipndm-3 + AFS': { 4: [0.2], 5: [0.24] },
    'amed (learned)': { 4: [0.1] },
    'amed-ipndm (learned)': { 4: [0.05] },
    'amed-ipndm (learned) + AFS': { 5: [0.12] },
  });

test('the best that learned nothing stands beside the best that learned', () => {
  expect(
    learnedPairs(known()).map(({ nfe, plain, learned, ratio }) => [nfe, plain.label, learned.label, ratio]),
  ).toEqual([
    [4, 'ipndm-3 + AFS', 'amed-ipndm (learned)', expect.closeTo(4)],
    [5, 'ipndm-3 + AFS', 'amed-ipndm (learned) + AFS', expect.closeTo(2)],
  ]);
  expect(learnedFindings(known())).toBe(
    ' The best solver that learned has an error 4.00 and 2.00 times lower at NFE 4 and 5.',
  );
  expect(learnedSummary(known())).toContain(
    'case     4    0.200  ipndm-3 + AFS  0.0500  amed-ipndm (learned)       4.00\n',
  );
});

test('nothing is said where nothing learned', () => {
  const plain = resultsWith({ euler: { 4: [0.4] } });
  expect([learnedFindings(plain), learnedSummary(plain), learnedPairs(plain)]).toEqual(['', '', []]);
  expect(renderReport(plain)).not.toContain('What learning adds');
});

test('the overview is relative to what learned nothing, and names the best of these', () => {
  const { rows, winners, highlights } = overview(known());
  expect(winners.map((winner) => winner?.solver)).toEqual(['ipndm-3', 'ipndm-3']);
  expect(rows.find(({ solver }) => solver === 'amed-ipndm (learned)')).toEqual({
    solver: 'amed-ipndm (learned)',
    answers: 'learned',
    ratios: [expect.closeTo(0.25), expect.closeTo(0.5)],
  });
  expect(highlights).toEqual(['amed-ipndm (learned)', 'amed (learned)', 'ipndm-3', 'euler']);
});

test('the report tells what was learned, where it looks and what it cost', () => {
  const results = known();
  results.problems[0].leftOut = [
    { solvers: ['amed-euler (learned)'], reason: 'no <gradient>' },
    { solvers: ['bespoke (universal) at NFE 4'], reason: 'no room' },
  ];
  const { document } = parseHTML(renderReport(results));
  const learned = document.querySelector('#learned')!;
  expect(learned.textContent).toContain('48,000 evaluations in 1.50 s');
  expect(learned.textContent).toContain('3 distillations of 3 iterations with 64 trajectories took 7.50 s');
  expect(learned.textContent).toContain('has no amed-euler (learned): no <gradient>.');
  expect(learned.textContent).toContain('has no bespoke (universal) at NFE 4: no room.');
  const section = document.querySelector('#problem-case')!;
  expect(section.querySelectorAll('svg.plot').length).toBe(6);
  expect(section.textContent).toContain('0.25 0.75');
  for (const path of document.querySelectorAll('path')) {
    expect(path.getAttribute('d') ?? '').toMatch(/^[\d\s,.MLhHZ-]*$/);
  }
});

test('results with students survive writing and reading; the CSV has their answers', () => {
  const read = parseResults(JSON.parse(JSON.stringify(known())));
  expect(read).toEqual(known());
  const rows = parse(resultsCsv(known()), { columns: true }) as Record<string, string>[];
  expect(rows.find(({ solver }) => solver === 'amed (learned)')).toMatchObject({
    answers: 'learned',
    r: '0.25 0.75',
    direction: '1.1 0.95',
    times: '80 1 0.002',
    training_seconds: '2',
  });
  expect(rows[0]).toMatchObject({ answers: '', r: '', training_seconds: '' });
});

test('a bespoke solver leads, with its times, coefficients and the cost of each stage', () => {
  const results = bespokeResults();
  expect(parseResults(JSON.parse(JSON.stringify(results)))).toEqual(results);
  expect(overview(results).highlights[0]).toBe('bespoke');
  expect(learnedPairs(results)[0]).toMatchObject({ learned: { label: 'bespoke' }, ratio: 20 });
  const { document } = parseHTML(renderReport(results));
  const learned = document.querySelector('#learned')!.textContent;
  expect(learned).toContain('1 bespoke distillation of 40 iterations with 64 trajectories took 5.00 s');
  expect(learned).toContain('1 distillation of 3 iterations');
  const section = document.querySelector('#problem-case')!;
  expect(section.textContent).toContain('ipndm-2 after gaussian, logsnr from 3.5');
  expect(section.textContent).toContain('3.00 1.25');
  const cells = [...section.querySelectorAll('details tbody tr')].map((row) =>
    [...row.children].map(({ textContent }) => textContent),
  );
  expect(cells).toEqual([
    ['x0', '3.00', '0.0400', '0.960', '', ''],
    ['x1', '1.25', '0.0200', '-0.0300', '0.990', ''],
    ['result', '0.00200', '0.00500', '0.250', '-1.50', '2.25'],
  ]);
  const rows = parse(resultsCsv(results), { columns: true }) as Record<string, string>[];
  expect(rows.find(({ solver }) => solver === 'bespoke')).toMatchObject({
    ...{ answers: 'learned', r: '', search_seconds: '0.5', candidates_seconds: '1.5', training_seconds: '3' },
    ...{ told_times: '3 1.25', times: '80 3 1 0.002' },
  });
});

test('which universal table was nearest is in the report and the CSV, and one that nobody knows is refused', () => {
  const results = known();
  const [cell] = results.cells;
  const row = { ...cell, solver: 'bespoke (universal)', answers: 'table' } as const;
  results.cells.push({ ...row, universal: 'points' }, { ...row, nfe: cell.nfe + 1, universal: 'guided' });
  expect(parseResults(JSON.parse(JSON.stringify(results)))).toEqual(results);
  const [{ title }] = results.problems;
  expect(parseHTML(renderReport(results)).document.querySelector('#learned')!.textContent).toContain(
    `Of several tables the nearest is taken: on ${title} that trained over data sets at NFE ${cell.nfe} and networks with guidance at NFE ${cell.nfe + 1}.`,
  );
  const rows = parse(resultsCsv(results), { columns: true }) as Record<string, string>[];
  expect([rows[0].universal, rows.at(-1)!.universal]).toEqual(['', 'guided']);
  Object.assign(results.cells.at(-1)!, { universal: 'nearest' });
  expect(() => parseResults(JSON.parse(JSON.stringify(results)))).toThrow(/cells\.\d+\.universal/);
});

test('results whose problems could leave out one thing alone are read', () => {
  const results = known();
  const leftOut = { solvers: ['amed (learned)'], reason: 'no time' };
  const [problem, ...others] = results.problems;
  const old = { ...results, problems: [{ ...problem, leftOut }, ...others] };
  expect(parseResults(JSON.parse(JSON.stringify(old))).problems[0].leftOut).toEqual([leftOut]);
});

test('a source of answers that nobody knows is refused with its place', () => {
  const results = known();
  Object.assign(results.cells[0], { answers: 'guessed' });
  expect(() => parseResults(JSON.parse(JSON.stringify(results)))).toThrow(/cells\.0\.answers/);
});

test('what a network answered is shown by step with its spread, in the report and as columns', () => {
  const results = known();
  const spread = (mean: number, by: number) => ({ mean, p5: mean - by, p95: mean + by });
  const cell = results.cells.find(({ solver }) => solver === 'amed (learned)')!;
  cell.steps = [
    { r: spread(0.25, 0.125), direction: spread(1, 0), time: spread(1.5, 0.25) },
    { r: spread(0.5, 0.25), direction: spread(1, 0), time: spread(0.75, 0) },
  ];
  const { document } = parseHTML(renderReport(results));
  const rows = [...document.querySelectorAll('tr')].map((row) =>
    [...row.children].map(({ textContent }) => textContent),
  );
  const at = rows.findIndex(([name]) => name === 'Network');
  expect(rows.slice(at + 1, at + 3)).toEqual([
    ['amed (learned)', '4', '1', '0.25 [0.13, 0.38]', '1.00', '1.50 [1.25, 1.75]'],
    ['', '', '2', '0.50 [0.25, 0.75]', '1.00', '0.75'],
  ]);
  const lines: Record<string, string>[] = parse(resultsCsv(results), { columns: true });
  expect(lines.find(({ solver }) => solver === 'amed (learned)')).toMatchObject({
    r: '0.25 0.5',
    r_p5: '0.125 0.25',
    r_p95: '0.375 0.75',
    time: '1.5 0.75',
  });
  expect(parseResults(JSON.parse(JSON.stringify(results)), 'it').cells).toEqual(results.cells);
  expect(renderReport(known())).not.toContain('A network answers');
});
