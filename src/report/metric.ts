import type { Cell } from './results.js';

export type MetricKey = 'mean' | 'median' | 'p95' | 'slicedWasserstein' | 'energy' | 'frechet';

/** One figure of a cell that tables can show; smaller is better in all of them. */
export interface Metric {
  key: MetricKey;
  label: string;
  /** Undefined where the cell has no such figure: a solver that draws noise has no end-point error. */
  value(cell: Cell): number | undefined;
  /** 95% bootstrap interval over trajectories, where the cell has one. */
  interval?(cell: Cell): [number, number] | undefined;
}

/** The metrics in the order in which a reader chooses from them; the first is the default. */
export const metrics: readonly Metric[] = [
  {
    key: 'mean',
    label: 'mean end-point error',
    value: (cell) => cell.error?.mean,
    interval: (cell) => cell.error?.meanInterval,
  },
  {
    key: 'median',
    label: 'median end-point error',
    value: (cell) => cell.error?.median,
    interval: (cell) => cell.error?.medianInterval,
  },
  { key: 'p95', label: '95th percentile of the end-point error', value: (cell) => cell.error?.p95 },
  {
    key: 'slicedWasserstein',
    label: 'sliced Wasserstein distance',
    value: (cell) => cell.distances.slicedWasserstein,
  },
  { key: 'energy', label: 'energy distance', value: (cell) => cell.distances.energy },
  { key: 'frechet', label: 'Fréchet distance', value: (cell) => cell.distances.frechet },
];

/** The metric that is shown where nobody chose. */
export const meanError = metrics[0];

export function metricByKey(key: MetricKey): Metric {
  return metrics.find((metric) => metric.key === key)!;
}
