import { FewstepError } from '../errors.js';
import { normals } from '../rng/threefry.js';

/** What a predictor knows its field by: values at the same six states for every field of that dimension. */
export interface Fingerprint {
  /** `Field.kind`, for people: `sameField` does not compare it. */
  kind: string;
  /** Numbers in a state. */
  dim: number;
  /** How many conditions it has, where it has some. */
  conditions?: number;
  /** D at each of the six probes, [6, dim], in the field's units. */
  denoised: Float32Array;
}

/** A state and a noise level at which fields are compared. */
export interface Probe {
  sigma: number;
  /** [dim], exact in float32. */
  x: Float64Array;
}

/** From where the posterior is one point of the data to where it is nearly their mean. */
const LEVELS = [0.5, 3, 20];
const STATES = 2;
export const PROBES = LEVELS.length * STATES;
/** The condition of each probe, of a field with so many: all of few, and of more some from among them all. */
export function probeConditions(conditions: number | undefined): number[] | undefined {
  if (conditions === undefined) return undefined;
  return Array.from({ length: PROBES }, (_, i) =>
    conditions <= PROBES ? i % conditions : Math.floor((i * conditions) / PROBES),
  );
}

/** Any number will do, as long as it stays. */
const SEED = 20231212;

/** The same probes every time: states of data of size 1 and noise. */
export function probesOf(dim: number): Probe[] {
  return LEVELS.flatMap((sigma, level) =>
    Array.from({ length: STATES }, (_, state) => ({
      sigma,
      x: normals(SEED, level * STATES + state, 0, 0, dim).map((z) => Math.fround(Math.hypot(1, sigma) * z)),
    })),
  );
}

/**
 * Part of a field's size by which two fingerprints of it may differ. Float16 weights move D of the trained networks in
 * models/ by up to 3.3e-4, of 3,000 random ones of 32 hidden numbers in 3-D by 3.8e-4 (median) to 1.7e-3 (most); adapters
 * and float64 move it by far less.
 */
const TOLERANCE = 4e-3;

/**
 * Whether two fingerprints are of one field, as far as its values tell: adapter, precision and name do not matter, nor
 * do differences of up to 0.4 % of D.
 */
export function sameField(a: Fingerprint, b: Fingerprint): boolean {
  if (a.dim !== b.dim || a.conditions !== b.conditions) return false;
  const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  // A probe at which D is near 0 is measured by the others.
  const size = norm(a.denoised) / Math.sqrt(PROBES);
  for (let probe = 0; probe < PROBES; probe++) {
    const of = ({ denoised }: Fingerprint) => denoised.subarray(probe * a.dim, (probe + 1) * a.dim);
    const [first, second] = [of(a), of(b)];
    const difference = norm(first.map((value, d) => value - second[d]));
    if (!(difference <= TOLERANCE * Math.max(size, norm(first)))) return false;
  }
  return true;
}

/** @throws FewstepError not-finite where a field's D is no number at a probe */
export function checkFingerprint({ denoised, kind, dim }: Fingerprint): void {
  const at = denoised.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new FewstepError(
    'not-finite',
    `the ${kind} field is ${denoised[at]} at sigma ${LEVELS[Math.floor(at / dim / STATES)]}`,
    'correct the field: D must be finite wherever it is evaluated',
  );
}
