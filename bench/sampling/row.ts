import type { RepeatedFigures } from './repeat.js';

/** How one contestant did on one subject at one batch. */
export interface SamplingRow extends RepeatedFigures {
  /** Of the subject. */
  id: string;
  name: string;
  solver: string;
  nfe: number;
  batch: number;
  by: string;
  /** Of the median wall time. */
  trajectoriesPerSecond: number;
  /** Of the same, evaluations alone. */
  flops: number;
  /** Of end points from fewstep's in float32, relative. */
  difference?: number;
}

/** What could not be measured, and why. */
export interface SamplingFailure extends Pick<SamplingRow, 'name' | 'solver' | 'batch' | 'by'> {
  message: string;
}

/** How many times as fast as another contestant at the same; undefined where that is not there. */
export function timesOver(rows: readonly SamplingRow[], row: SamplingRow, by: string): number | undefined {
  const other = rows.find(
    ({ id, solver, batch, by: whose }) =>
      whose === by && id === row.id && solver === row.solver && batch === row.batch,
  );
  return other && other !== row ? other.ms[1] / row.ms[1] : undefined;
}
