import type { Gpu } from '../gpu/gpu.js';
import type { SlicedDistances } from '../metrics/distribution-reference.js';
import { type MlpModel, mlpField } from '../mlp/field.js';
import { sample } from '../sample.js';
import type { StudentRequest } from '../sample-plan.js';
import { ASSESSED } from '../train/assess.js';

/** Distances between distributions, in the data's own units; Frechet's is squared. */
export interface SidDistances extends SlicedDistances {
  /**
   * Of the Gaussians with both means and covariances, squared as FID is; absent in many dimensions, whose cube it
   * costs.
   */
  frechet?: number;
}

/** The accurate solve that a teacher's samples come from. */
export const TEACHER_SOLVE = ASSESSED;
/** The solve that a generator replaces, and is measured against: EDM's own at NFE 18. */
export const USUAL_SOLVE = { solver: 'heun', nfe: 18 } as const;

/** Multiplications that a set of samples may cost, in about. */
const AFFORDABLE = 4e10;
const SAMPLES = { most: 4096, least: 256 };

/** Samples of a teacher in a set: fewer where its network is large. */
export function samplesInSet({ parameters }: MlpModel): number {
  const affordable = Math.floor(AFFORDABLE / (TEACHER_SOLVE.nfe * parameters.length));
  return Math.min(SAMPLES.most, Math.max(SAMPLES.least, affordable));
}

export interface SetOptions {
  count: number;
  /** Of the latents. */
  seed: number;
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

/**
 * Samples of a network in the data's units, [count, dim]; of a conditional one as many of each label, so that the last
 * may have fewer.
 */
export async function samplesOf(
  gpu: Gpu,
  model: MlpModel,
  how: Pick<StudentRequest, 'solver' | 'nfe' | 'plan'>,
  { count, seed, onProgress, signal }: SetOptions,
): Promise<Float32Array> {
  const { classes, dim } = model.config;
  const labels = classes > 0 ? Array.from({ length: classes }, (_, label) => label) : [undefined];
  const each = Math.ceil(count / labels.length);
  const all = new Float32Array(count * dim);
  for (const [i, label] of labels.entries()) {
    const first = i * each;
    const batch = Math.min(each, count - first);
    if (batch <= 0) break;
    const field = mlpField(model, { label });
    const { samples } = await sample(gpu, {
      ...how,
      field,
      batch,
      // No two labels begin with the same latents.
      seed: seed + i,
      chunk: Math.max(256, Math.ceil(count / 16)),
      onProgress: (done) => onProgress?.(first + done),
      signal,
    });
    all.set(samples, first * dim);
  }
  return all;
}
