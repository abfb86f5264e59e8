import { table } from '../../src/cli/table.js';
import type { SamplingRow } from '../sampling/row.js';

/** Of sampling.json. */
export interface GpuFigures {
  run: { adapter: { name: string; driver: string; software: boolean }; commit?: string };
  rows: SamplingRow[];
}

/** One of bench/pytorch/sampling.py. */
export interface TorchRow extends Pick<SamplingRow, 'id' | 'solver' | 'batch' | 'trajectoriesPerSecond'> {
  by: 'eager' | 'graph' | 'step' | 'compile';
  precision: 'float32' | 'tf32' | 'bf16' | 'f16';
}

/** Of pytorch.json. */
export interface TorchFigures {
  run: { torch: string; device: string };
  rows: TorchRow[];
}

const HEADER = [
  ...['field', 'solver', 'batch', 'ours per second', 'over stepwise', 'over tfjs'],
  ...[
    'over eager',
    'over CUDA graph',
    'over compile',
    'over tf32',
    'over bf16',
    'f16 over bf16',
    'f16-matrix over bf16',
    'unchecked over ours',
  ],
];

/**
 * How our faster float32 executor compares, a line a subject, solver and batch; others by their best of a kind.
 * @param unchecked the same without Dawn's checks of bounds
 */
export function gpuSummary({ run, rows }: GpuFigures, torch?: TorchFigures, unchecked?: GpuFigures): string {
  const works = rows.filter(({ by }) => by === 'stepwise');
  const lines = works.map((work) => {
    const same = ({ id, solver, batch }: Pick<SamplingRow, 'id' | 'solver' | 'batch'>) =>
      id === work.id && solver === work.solver && batch === work.batch;
    const rateOf = (all: readonly SamplingRow[], ...whose: string[]) =>
      best(all.filter((row) => same(row) && whose.includes(row.by)));
    const rate = (...whose: string[]) => rateOf(rows, ...whose);
    const theirs = (precision: TorchRow['precision'], ...how: TorchRow['by'][]) =>
      best(
        (torch?.rows ?? []).filter((row) => same(row) && row.precision === precision && how.includes(row.by)),
      );
    const ours = rate('stepwise', 'fused')!;
    const any = ['eager', 'graph', 'step', 'compile'] as const;
    const half = theirs('bf16', ...any);
    return [
      ...[work.name, work.solver, work.batch.toLocaleString('en')],
      Math.round(ours).toLocaleString('en'),
      ...[rate('stepwise'), rate('tfjs'), theirs('float32', 'eager'), theirs('float32', 'graph')].map(
        (other) => factor(ours, other),
      ),
      factor(ours, theirs('float32', 'step', 'compile')),
      factor(ours, theirs('tf32', ...any)),
      factor(ours, half),
      factor(rate('fused f16'), half),
      factor(rate('fused f16-matrix'), half),
      factor(rateOf(unchecked?.rows ?? [], 'stepwise', 'fused'), ours),
    ];
  });
  const { adapter, commit } = run;
  const { name, driver, software } = adapter;
  const beside = torch ? `PyTorch ${torch.run.torch} on ${torch.run.device}` : 'no figures of PyTorch';
  return [
    table(HEADER, lines),
    `${name} (${driver}), ${software ? 'software' : 'hardware'}; commit ${commit}; ${beside}`,
  ].join('\n');
}

function best(rows: readonly Pick<SamplingRow, 'trajectoriesPerSecond'>[]): number | undefined {
  return rows.length > 0 ? Math.max(...rows.map((row) => row.trajectoriesPerSecond)) : undefined;
}

function factor(ours: number | undefined, other: number | undefined): string {
  return ours === undefined || other === undefined ? '' : `${(ours / other).toPrecision(2)} x`;
}
