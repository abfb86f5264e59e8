import type { StepChoice } from '../execute/step-control.js';
import type { Scaling } from '../io/scaling.js';
import type { MachineDescription } from '../report/results.js';
import type { DensityMap } from './density-map.js';
import type { FokkerPlanckLevel } from './fokker-planck.js';
import type { PriorName } from './prior.js';

export const LIKELIHOOD_SCHEMA = 'fewstep-likelihood/1';

/** What a run of `fewstep likelihood` was of. */
export interface LikelihoodRun extends MachineDescription {
  started: string;
  seconds: number;
  command: string;
  field: { source: string; kind: string; dim: number; scaling?: Scaling };
  data: { source: string; rows: number };
  sigmaMin: number;
  sigmaMax: number;
  prior: PriorName;
  divergence: { kind: 'exact' } | { kind: 'hutchinson'; probes: number; seed: number };
  steps: StepChoice;
}

/** What was found; densities are those of the data in their own units, in nats. */
export interface LikelihoodFigures {
  /** Over rows, with the standard error of the mean. */
  logDensity: { mean: number; standardError: number };
  /** -mean / (dim ln 2). */
  bitsPerDimension: number;
  /** The mean over rows of the standard error over probes. */
  probeError?: number;
  /** Evaluations of a trajectory. */
  nfe: { mean: number; max: number };
  rejected: { mean: number; max: number };
  hostMs: number;
  /** Against the density of a distribution that is known. */
  exact?: {
    source: string;
    mean: number;
    difference: { mean: number; rootMeanSquare: number; largest: number };
  };
}

export interface LikelihoodFile {
  schema: typeof LIKELIHOOD_SCHEMA;
  run: LikelihoodRun;
  figures: LikelihoodFigures;
  /** Quantiles of the log-densities of the data from 0 to 1, evenly apart; the same of the exact ones. */
  quantiles: { model: number[]; exact?: number[] };
  fokkerPlanck?: FokkerPlanckLevel[];
  /** In the plane. */
  map?: DensityMap;
}

/** The figures of log-densities in the data's units. */
export function likelihoodFigures(
  { dim }: { dim: number },
  found: {
    logDensity: Float64Array;
    probeError?: Float64Array;
    evaluations: Uint32Array;
    rejected: Uint32Array;
    hostMs: number;
  },
  exact?: { source: string; logDensity: Float64Array },
): LikelihoodFigures {
  const { logDensity, probeError, evaluations, rejected, hostMs } = found;
  const rows = logDensity.length;
  const mean = average(logDensity);
  const squares = logDensity.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const differences = exact?.logDensity.map((value, row) => logDensity[row] - value);
  return {
    logDensity: { mean, standardError: rows > 1 ? Math.sqrt(squares / (rows - 1) / rows) : 0 },
    bitsPerDimension: -mean / (dim * Math.LN2),
    ...(probeError && { probeError: average(probeError) }),
    nfe: { mean: average(evaluations), max: largest(evaluations) },
    rejected: { mean: average(rejected), max: largest(rejected) },
    hostMs,
    ...(exact &&
      differences && {
        exact: {
          source: exact.source,
          mean: average(exact.logDensity),
          difference: {
            mean: average(differences),
            rootMeanSquare: Math.sqrt(average(differences.map((value) => value * value))),
            largest: largest(differences.map(Math.abs)),
          },
        },
      }),
  };
}

/** As many quantiles as tell a histogram's shape, or all values where there are fewer. */
export function evenQuantiles(values: Float64Array, most = 400): number[] {
  const sorted = values.slice().sort();
  const count = Math.min(most, sorted.length);
  return Array.from(
    { length: count },
    (_, i) => sorted[Math.round((i * (sorted.length - 1)) / Math.max(1, count - 1))],
  );
}

function average(values: Float64Array | Uint32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function largest(values: Float64Array | Uint32Array): number {
  let most = values[0];
  for (const value of values) most = Math.max(most, value);
  return most;
}
