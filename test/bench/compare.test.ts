import { expect, test } from 'vitest';
import { compareResults } from '../../bench/solvers/compare.js';
import type { Cell, Results } from '../../src/report/results.js';
import { resultsWith } from '../report/results.js';

const before = () => resultsWith({ euler: { 4: [0.4, 0.5], 5: [0.3] }, 'heun + AFS': { 5: [0.2] } });

test('cells are paired by problem, solver, grid, AFS, NFE and seed, the worst first', () => {
  const after = resultsWith({ euler: { 4: [0.8, 0.5] }, 'heun + AFS': { 5: [0.1] }, heun: { 5: [7] } });
  const { pairs, onlyA, onlyB, diverged, meanError, warnings } = compareResults(before(), after);
  expect(pairs.map(({ key, meanError }) => [key, meanError])).toEqual([
    ['case, euler, polynomial:7, no AFS, NFE 4, seed 0', expect.closeTo(2)],
    ['case, euler, polynomial:7, no AFS, NFE 4, seed 1', 1],
    ['case, heun, polynomial:7, AFS, NFE 5, seed 0', expect.closeTo(0.5)],
  ]);
  expect({ onlyA, onlyB, diverged, warnings }).toEqual({ onlyA: 1, onlyB: 1, diverged: [], warnings: [] });
  expect(meanError).toBeCloseTo(1); // the geometric mean of 2, 1 and 1/2
});

test('another grid, problem or seed is another cell', () => {
  const changes: ((cell: Cell) => Partial<Cell>)[] = [
    () => ({ grid: 'logsnr' }),
    () => ({ problem: 'other' }),
    ({ seed }) => ({ seed: seed + 9 }),
  ];
  for (const change of changes) {
    const after = before();
    for (const cell of after.cells) Object.assign(cell, change(cell));
    expect(compareResults(before(), after)).toMatchObject({ pairs: [], onlyA: 4, onlyB: 4 });
  }
});

test('a cell that diverged in b alone is named, and counts as missing there', () => {
  const after = before();
  const [{ error, distances, timing, evaluations, ...lost }] = after.cells.splice(0, 1);
  after.failures.push({ ...lost, message: 'NaN' });
  const { onlyA, diverged } = compareResults(before(), after);
  expect({ onlyA, diverged }).toEqual({
    onlyA: 1,
    diverged: ['case, euler, polynomial:7, no AFS, NFE 4, seed 0'],
  });
  expect(compareResults(after, after).diverged).toEqual([]);
});

test('two errors of zero are equal', () => {
  const zero = before();
  zero.cells[0].error!.mean = 0;
  expect(compareResults(zero, zero).meanError).toBe(1);
});

test.each<[string, (results: Results) => void]>([
  ['adapters differ', ({ run }) => Object.assign(run.adapter, { name: 'RTX 9999' })],
  ['drivers differ', ({ run }) => Object.assign(run.adapter, { driver: 'other' })],
  ['CPUs differ', ({ run }) => Object.assign(run, { cpu: 'Z80' })],
  ['batches of case differ', ({ problems }) => Object.assign(problems[0], { batch: 7 })],
  ['sigma ranges differ', ({ run }) => Object.assign(run, { sigmaMax: 40 })],
  ['stopped before its end', (results) => Object.assign(results, { complete: false })],
])('it warns where %s', (warning, change) => {
  const after = before();
  change(after);
  expect(compareResults(before(), after).warnings).toEqual([expect.stringContaining(warning)]);
});
