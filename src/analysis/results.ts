import type { SigmaRange } from '../grid/grid.js';
import type { MachineDescription } from '../report/results.js';

/** What `fewstep analyze` leaves behind: `analysis.json`. The schema is versioned. */
export const ANALYSIS_SCHEMA = 'fewstep-analysis/1';

export interface AnalysisFile {
  schema: typeof ANALYSIS_SCHEMA;
  run: AnalysisRun;
  analysis: Analysis;
}

/** Everything one needs to run it again, and to know what the figures are figures of. */
export interface AnalysisRun extends MachineDescription, SigmaRange {
  /** ISO 8601. */
  started: string;
  seconds: number;
  /** The command line that repeats it. */
  command: string;
  field: { source: string; kind: string; dim: number };
  solver: string;
  grid: string;
  seed: number;
}

/** A figure over all trajectories. */
export interface Distribution {
  mean: number;
  median: number;
  /** 5th and 95th percentile. */
  p5: number;
  p95: number;
}

/** The shape of the trajectories of a field. All lengths but `halved` are relative, so that units do not matter. */
export interface Analysis {
  trajectories: number;
  /** Decreasing times of the states, [N]. */
  times: number[];
  /** Evaluations of the solver per trajectory, and those made at the states for their velocities. */
  nfe: number;
  evaluations: number;
  /** Distance of the end points to those of the same solver with half the evaluations, in the field's units. */
  halved: Distribution;
  /** Of a path's states around their mean: share of the variance along its first 1, 2 and 3 components. */
  explained: { components: number; share: Distribution }[];
  /** |x - projection| / |x| for the projection on the first components of its own path, at each time. */
  projection: { components: number; error: Distribution[] }[];
  /** Distance of the state to the chord of its path, in lengths of the chord, at each time. */
  deviation: Distribution[];
  /** The largest of those along a path. */
  largestDeviation: Distribution;
  /** For each step of the coarse grids, which are chosen from the times. */
  meanValue: MeanValueOfStep[];
  /** Up to 40 paths, [paths, N, 2], each in the plane of its own first two components, from (0, 0) to (1, 0). */
  paths: number[][][];
}

/**
 * One step of a coarse grid: how well one direction of the field, taken at one time within it, carries the whole step.
 */
export interface MeanValueOfStep {
  /** Steps of the coarse grid, and which of them this is, from 0 on. */
  steps: number;
  step: number;
  /** Sigma at both ends. */
  from: number;
  to: number;
  /** Least |h v(x(s), s) - increment| / |increment| over the times s of the step. */
  error: Distribution;
  /** The same for s at the step's beginning: Euler's step from the true state. */
  eulerError: Distribution;
  /** Between the best direction and the increment, degrees. */
  angle: Distribution;
  /** Where the best s lies: s = to^r from^(1 - r). */
  r: Distribution;
}
