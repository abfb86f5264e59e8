import { table } from '../../src/cli/table.js';
import { type SamplingFailure, type SamplingRow, timesOver } from './row.js';

const HEADER = [
  'field',
  'solver',
  'batch',
  '',
  'per second',
  'ms',
  'least',
  'most',
  'GPU ms',
  'CPU ms',
  'GFLOP/s',
  'of ceiling',
  'over stepwise',
  'over tfjs',
];

/** A line a contestant. @param ceiling multiply-adds of the adapter, FLOP/s */
export function samplingTable(
  rows: readonly SamplingRow[],
  failures: readonly SamplingFailure[],
  ceiling: number,
): string {
  const lines = rows.map((row) => {
    const { name, solver, batch, by, ms, gpuMs, cpuMs, flops, trajectoriesPerSecond } = row;
    const [least, middle, most] = ms.map((time) => time.toPrecision(3));
    const ours = by !== 'tfjs';
    return [
      ...[name, solver, batch.toLocaleString('en'), by],
      Math.round(trajectoriesPerSecond).toLocaleString('en'),
      ...[middle, least, most, gpuMs?.[1].toPrecision(3) ?? '', cpuMs[1].toPrecision(3)],
      (flops / 1e9).toPrecision(3),
      `${((100 * flops) / ceiling).toFixed(0)} %`,
      by.startsWith('fused') ? factor(timesOver(rows, row, 'stepwise')) : '',
      ours && by !== 'solve' ? factor(timesOver(rows, row, 'tfjs')) : '',
    ];
  });
  const failed = failures.map(
    ({ name, solver, batch, by, message }) => `failed: ${by}, ${name}, ${solver}, batch ${batch}: ${message}`,
  );
  return [table(HEADER, lines), ...failed].join('\n');
}

function factor(value: number | undefined): string {
  return value === undefined ? '' : `${value.toPrecision(2)} x`;
}
