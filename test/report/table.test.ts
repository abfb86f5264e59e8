import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { resultsCsv } from '../../src/report/csv.js';
import { type MetricKey, meanError, metricByKey } from '../../src/report/metric.js';
import { figure } from '../../src/report/number.js';
import { findings, overview } from '../../src/report/overview.js';
import { resultTable } from '../../src/report/table.js';
import { summaryTable } from '../../src/report/terminal.js';
import { resultsWith } from './results.js';

const known = () =>
  resultsWith({
    euler: { 4: [0.5, 0.3, 0.4], 5: [0.3] },
    'euler + AFS': { 4: [0.6], 5: [0.2] },
    rk4: { 4: [0.1] },
    'ipndm-3': { 4: [0.2], 5: [0.02] },
    'ipndm-4': { 4: [0.200004], 5: [0.2] },
  });

function marks(results = known()) {
  const { rows } = resultTable(results, 'case', meanError);
  return Object.fromEntries(rows.map((row) => [row.solver, row.entries.map((entry) => entry?.mark)]));
}

describe('the table', () => {
  test('marks best and second best, alike where they print alike', () => {
    expect(marks()).toEqual({
      euler: [undefined, 'second'],
      rk4: ['best', undefined],
      'ipndm-3': ['second', 'best'],
      'ipndm-4': ['second', 'second'],
    });
  });

  test('takes the median over seeds, then the best of a solver over grid and AFS', () => {
    const [euler] = resultTable(known(), 'case', meanError).rows;
    expect(euler.entries.map((entry) => [entry?.value, entry?.variant])).toEqual([
      [0.4, ''],
      [0.2, 'AFS'],
    ]);
    expect(euler.variants.map((variant) => variant.entries.map((entry) => entry?.value))).toEqual([
      [0.4, 0.3],
      [0.6, 0.2],
    ]);
  });

  test('has nothing where a solver has no cell', () => {
    const rk4 = resultTable(known(), 'case', meanError).rows[1];
    expect(rk4.entries[1]).toBeUndefined();
  });

  test('has distances and no end-point error of a solver that draws noise', () => {
    const results = known();
    const { error: _, ...cell } = results.cells.find(({ solver }) => solver === 'rk4')!;
    results.cells.push({ ...cell, solver: 'ancestral' });
    const row = (key: MetricKey) =>
      resultTable(results, 'case', metricByKey(key)).rows.find(({ solver }) => solver === 'ancestral')!;
    expect(row('mean').entries).toEqual([undefined, undefined]);
    expect(row('frechet').entries[0]).toMatchObject({ value: cell.distances.frechet });
    const [errors, distances] = summaryTable(results, 'case').split('\n\n');
    expect(errors).not.toContain('ancestral');
    expect(distances).toBe(
      [
        'A case <&" (3-D): sliced Wasserstein distance of solvers that draw noise and of generators (0.100 between two true draws), median over 1 seed',
        'NFE             4   5',
        'ancestral  0.0447   -',
        '',
      ].join('\n'),
    );
    expect(overview(results).rows.map(({ solver }) => solver)).not.toContain('ancestral');
    const line = resultsCsv(results).trimEnd().split('\n').at(-1)!;
    expect(line).toContain(`,,,,,,,${cell.distances.slicedWasserstein}`);
  });

  test('counts a diverged seed as infinite', () => {
    const results = known();
    const failure = { problem: 'case', solver: 'rk4', grid: 'polynomial:7', afs: false, nfe: 4, seed: 1 };
    results.failures.push(
      { ...failure, message: 'not finite' },
      { ...failure, seed: 2, message: 'not finite' },
    );
    const rk4 = resultTable(results, 'case', metricByKey('frechet')).rows[1];
    expect(rk4.entries[0]).toMatchObject({ value: Infinity, text: '∞' });
    expect(rk4.entries[0]?.mark).toBeUndefined();
    expect(marks(results)['ipndm-3'][0]).toBe('best');
    const lucky = resultsWith({ euler: { 4: [1, 2] } });
    lucky.failures.push({ ...failure, solver: 'euler', seed: 2, message: 'not finite' });
    expect(resultTable(lucky, 'case', meanError).rows[0].entries[0]?.value).toBe(2);
  });

  test.each([
    [0.012345, '0.0123'],
    [0.9999, '1.00'],
    [123.4, '123'],
    [1234.5, '1,235'],
    [0.000123, '1.23e-4'],
    [0, '0'],
    [Number.NaN, '∞'],
  ])('prints %d as %s', (value, text) => expect(figure(value)).toBe(text));
});

describe('the overview', () => {
  test('names who is best where, and orders the highlights by wins', () => {
    const results = known();
    const summary = overview(results);
    expect(summary.winners).toEqual([
      { solver: 'rk4', problems: 1 },
      { solver: 'ipndm-3', problems: 1 },
    ]);
    expect(summary.rows[0].ratios).toEqual([expect.closeTo(4), expect.closeTo(10)]);
    expect(summary.rows[1].ratios[1]).toBeUndefined();
    expect(summary.highlights.slice(0, 2)).toEqual(['ipndm-3', 'rk4']);
    expect(findings(results, summary)).toBe(
      '4 solvers on 1 problem, NFE 4 and 5: the lowest mean end-point error is that of rk4 at NFE 4 and ipndm-3 at NFE 5. At NFE 4 the error of rk4 is 4.00 times below that of Euler’s method.',
    );
  });
});

describe('the terminal table', () => {
  test('aligns its columns and marks the best', () => {
    expect(summaryTable(known(), 'case')).toBe(
      [
        'A case <&" (3-D): mean end-point error, median over 1 seed',
        'NFE          4        5',
        'euler    0.400    0.200',
        'rk4      0.100*       -',
        'ipndm-3  0.200   0.0200*',
        'ipndm-4  0.200    0.200',
        '',
      ].join('\n'),
    );
  });

  test('has rows where no solver follows the flow, and says units where the data were scaled', () => {
    const results = known();
    for (const cell of results.cells) delete cell.error;
    results.problems[0].scaling = { offset: 0, scale: 8 };
    expect(summaryTable(results, 'case')).toMatch(
      /^A case .*distance in the data's units of solvers .*\nNFE .*\neuler +[\d.]+ +[\d.]+\nrk4 /,
    );
    results.problems[0].standIn = true;
    expect(summaryTable(results, 'case')).toContain('between two accurate solves');
    const scaled = { ...known(), problems: results.problems };
    expect(summaryTable(scaled, 'case')).toMatch(
      /^A case .*: mean end-point error in the data's units, median/,
    );
  });

  test('refuses a problem that is not there', () => {
    expect(() => summaryTable(known(), 'cas')).toThrow(
      expect.objectContaining({ code: 'unknown-name', remedy: expect.stringContaining("'case'") }),
    );
  });
});

describe('the CSV', () => {
  test('has a line a cell that reads back as it was', () => {
    const results = known();
    results.cells[0].grid = 'explicit:80,5,"0.002"';
    delete results.cells[1].timing.gpuMs;
    const rows = parse(resultsCsv(results), { columns: true }) as Record<string, string>[];
    expect(rows).toHaveLength(results.cells.length);
    for (const [i, cell] of results.cells.entries()) {
      expect(rows[i]).toMatchObject({
        problem: cell.problem,
        solver: cell.solver,
        grid: cell.grid,
        afs: String(cell.afs),
        gpu_ms_median: cell.timing.gpuMs ? String(cell.timing.gpuMs[1]) : '',
        software: 'true',
      });
      expect(Number(rows[i].error_mean)).toBe(cell.error!.mean);
      expect(Number(rows[i].error_median_high)).toBe(cell.error!.medianInterval[1]);
      expect(Number(rows[i].frechet)).toBe(cell.distances.frechet);
    }
  });

  test('has these columns in this order', () => {
    expect(resultsCsv(known()).split('\n')[0]).toBe(
      'problem,solver,grid,afs,nfe,seed,evaluations,error_mean,error_mean_low,error_mean_high,error_median,error_median_low,error_median_high,error_p95,sliced_wasserstein,energy,frechet,timing_repeats,host_ms_min,host_ms_median,host_ms_max,gpu_ms_min,gpu_ms_median,gpu_ms_max,trajectories_per_second,adapter,software,times,answers,r,direction,time,search_seconds,training_seconds,r_p5,r_p95,candidates_seconds,told_times,universal',
    );
  });
});
