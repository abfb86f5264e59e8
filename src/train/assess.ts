import { FewstepError } from '../errors.js';
import { empirical } from '../field/empirical.js';
import type { Field } from '../field/field.js';
import { gaussianMixture } from '../field/gaussian-mixture.js';
import type { Gpu } from '../gpu/gpu.js';
import type { SigmaRange } from '../grid/grid.js';
import { type Scaling, undoScaling } from '../io/scaling.js';
import {
  type DistributionReference,
  distributionReference,
  type SlicedDistances,
  slicedReference,
} from '../metrics/distribution-reference.js';
import { median } from '../metrics/quantile.js';
import { type MlpModel, mlpField } from '../mlp/field.js';
import type { Problem } from '../problem/problem.js';
import { random } from '../rng/random.js';
import { sample } from '../sample.js';
import { rangeWithin } from '../sample-range.js';
import type { TrainingData } from './data.js';
import { ERROR_LEVELS, type ErrorLevel, errorSigmas, fieldErrors } from './field-errors.js';

/** The accurate solve that a model's samples come from. */
export const ASSESSED = { solver: 'unipc-3', nfe: 48 } as const;
/** Sets of samples whose distances are measured: one of a few hundred may be off by half. */
export const SETS = 5;
/** Samples in a set, and rows that they are compared with, at most. */
const SET_SIZE = 1000;
/** Fewer held-out rows than this tell nothing. */
const FEWEST_ROWS = 8;
/** States at each noise level, at most and at least. */
const STATES = { most: 256, least: 16 };
/** Width of the Gaussian around each row of data, as part of their standard deviation: that of a benchmark. */
const BANDWIDTH = 0.05;
/** Dimensions up to which the Frechet distance is measured: it costs their cube. */
const FRECHET_DIMENSIONS = 256;
/** What bounds the time: multiplications on the GPU and on the host, and numbers of the exact field. */
const BOUNDS = { samples: 1e11, errors: 2e9, exactNumbers: 2 ** 20 };

/** Median, smallest and largest over sets. */
export interface SetRange {
  median: number;
  low: number;
  high: number;
}

/** Distances to held-out data, in the data's own units. */
export interface AssessedDistances {
  slicedWasserstein: SetRange;
  energy: SetRange;
  /** Squared, as FID is; absent above 256 dimensions. */
  frechet?: SetRange;
}

/** How good a trained model is. */
export interface Assessment {
  /** Name of the label that is assessed, where it is one. */
  label?: string;
  /** Noise levels between which it is measured: the usual ones, as far as the model's process has them. */
  range: SigmaRange;
  errors: {
    levels: ErrorLevel[];
    /** States at each level. */
    states: number;
    /** What the exact field is that of: the problem, or rows of the training data, of so many. */
    exact: { kind: 'problem' } | { kind: 'rows'; rows: number; of: number; bandwidth: number };
  };
  /** Samples of the model, [count, dim], in the data's own units. */
  samples: Float32Array;
  /** Held-out data, [count, dim], likewise. */
  heldOut: Float32Array;
  /** Absent where too few rows are held out. */
  distances?: {
    sets: number;
    /** Samples, or true draws, in a set. */
    size: number;
    /** Held-out rows that both are compared with. */
    rows: number;
    model: AssessedDistances;
    /** Of true draws: of the problem, or rows of the training data. */
    floor: AssessedDistances;
  };
}

export interface AssessOptions {
  model: MlpModel;
  data: TrainingData;
  heldOut: TrainingData;
  /** Where the data are draws of a built-in problem: its own field and fresh draws take the place of the rows'. */
  problem?: Problem;
  /** The label to assess, with its rows alone; by default the model without a label, with all rows. */
  label?: number;
  /** Of noise, latents and choices of rows. */
  seed?: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Measures a trained model: its field against an exact one by noise level, its samples against held-out data.
 * Large data and networks are measured on fewer rows and samples, so that it takes seconds.
 *
 * @throws FewstepError bad-data for a label without rows, not-finite where samples are
 */
export async function assess(gpu: Gpu, options: AssessOptions): Promise<Assessment> {
  const { model, problem, label, seed = 0, onProgress, signal } = options;
  const { dim, sigmaData } = model.config;
  const data = valuesOf(options.data, dim, label);
  const heldOut = valuesOf(options.heldOut, dim, label);
  const rows = heldOut.length / dim;
  const network = mlpField(model, { label });
  const sigmas = rangeWithin(network);
  const weights = model.parameters.length;

  const { field, exact, numbers } = exactField(data, dim, sigmaData, problem);
  const states = Math.floor(BOUNDS.errors / (ERROR_LEVELS * (weights + numbers)));
  const noised = heldOut.subarray(0, dim * within(states, STATES.least, Math.min(STATES.most, rows)));
  const levels = await fieldErrors(
    network.denoise!,
    field.denoise!,
    noised,
    dim,
    errorSigmas(sigmas),
    seed,
    signal,
  );

  const affordable = Math.floor(BOUNDS.samples / (ASSESSED.nfe * weights * SETS));
  const most = Math.min(SET_SIZE, Math.max(rows, FEWEST_ROWS), problem ? SET_SIZE : data.length / dim);
  const size = within(affordable, FEWEST_ROWS, most);
  const batch = SETS * size;
  const { samples } = await sample(gpu, {
    ...ASSESSED,
    range: sigmas,
    field: network,
    batch,
    seed,
    chunk: Math.max(64, Math.ceil(batch / 16)),
    onProgress: (done) => onProgress?.(done, batch),
    signal,
  });
  const inUnits = (values: Float32Array) => unscaled(model.scaling, values);
  const shown = { samples, heldOut: inUnits(heldOut.subarray(0, SET_SIZE * dim)) };
  const drawn = (set: number) =>
    inUnits(problem ? fresh(problem, size, seed + set) : chosen(data, dim, size, seed + set));
  return {
    ...(label !== undefined && { label: model.labelNames?.[label] ?? String(label) }),
    range: sigmas,
    errors: { levels, states: noised.length / dim, exact },
    ...shown,
    ...(rows >= FEWEST_ROWS && { distances: distances(shown, dim, size, drawn) }),
  };
}

function distances(
  { samples, heldOut }: Pick<Assessment, 'samples' | 'heldOut'>,
  dim: number,
  size: number,
  drawn: (set: number) => Float32Array,
): NonNullable<Assessment['distances']> {
  const reference = affordableReference(heldOut, dim);
  return {
    sets: SETS,
    size,
    rows: heldOut.length / dim,
    model: distancesOfSets(
      reference,
      setsOf((i) => samples.subarray(i * size * dim, (i + 1) * size * dim)),
    ),
    floor: distancesOfSets(reference, setsOf(drawn)),
  };
}

/** Prepares samples, [count, dim], for all distances that their dimension allows. */
export function affordableReference(
  samples: Float32Array,
  dim: number,
): DistributionReference<SlicedDistances & { frechet?: number }> {
  return dim <= FRECHET_DIMENSIONS ? distributionReference(samples, dim) : slicedReference(samples, dim);
}

function setsOf(set: (i: number) => Float32Array): Float32Array[] {
  return Array.from({ length: SETS }, (_, i) => set(i));
}

/** Distances of sets of samples to a reference. */
export function distancesOfSets(
  reference: DistributionReference<SlicedDistances & { frechet?: number }>,
  sets: readonly Float32Array[],
): AssessedDistances {
  const each = sets.map((set) => reference.compare(set));
  return {
    slicedWasserstein: range(each.map(({ slicedWasserstein }) => slicedWasserstein)),
    energy: range(each.map(({ energy }) => energy)),
    ...(each[0].frechet !== undefined && { frechet: range(each.map(({ frechet }) => frechet!)) }),
  };
}

/** The field to compare with, and how many numbers it goes through at each state. */
function exactField(
  data: Float32Array,
  dim: number,
  sigmaData: number,
  problem: Problem | undefined,
): { field: Field; exact: Assessment['errors']['exact']; numbers: number } {
  if (problem) {
    const field = gaussianMixture(problem.mixture);
    return { field, exact: { kind: 'problem' }, numbers: problem.mixture.means.length };
  }
  const of = data.length / dim;
  // The rows are in random order.
  const rows = Math.min(of, Math.ceil(BOUNDS.exactNumbers / dim));
  const bandwidth = BANDWIDTH * sigmaData;
  return {
    field: empirical(data.subarray(0, rows * dim), dim, bandwidth),
    exact: { kind: 'rows', rows, of, bandwidth },
    numbers: rows * dim,
  };
}

/** All rows, or those of a label. */
function valuesOf({ values, labels }: TrainingData, dim: number, label: number | undefined): Float32Array {
  if (label === undefined) return values;
  const rows = Array.from(labels ?? []).flatMap((each, row) => (each === label ? [row] : []));
  if (rows.length === 0) {
    throw new FewstepError('bad-data', `no row has the label ${label}`, 'give another label, or more data');
  }
  return Float32Array.from(rows.flatMap((row) => Array.from(values.subarray(row * dim, (row + 1) * dim))));
}

function fresh(problem: Problem, count: number, seed: number): Float32Array {
  // Far from the seeds that people train with: these draws must not be the training's or those held out.
  return Float32Array.from(problem.sample(count, 2 ** 40 + seed));
}

/** So many of the rows, none twice, at random. */
function chosen(data: Float32Array, dim: number, count: number, seed: number): Float32Array {
  const rows = data.length / dim;
  const source = random(seed);
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  const drawn = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const from = i + Math.floor((rows - i) * source.uniform());
    [order[i], order[from]] = [order[from], order[i]];
    drawn.set(data.subarray(order[i] * dim, (order[i] + 1) * dim), i * dim);
  }
  return drawn;
}

function unscaled(scaling: Scaling | undefined, values: Float32Array): Float32Array {
  return scaling ? undoScaling(scaling, values) : values;
}

/** Median, smallest and largest. */
export function range(values: number[]): SetRange {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
