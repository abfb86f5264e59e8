import * as v from 'valibot';
import { SID_LOSSES, SID_WEIGHTINGS } from './settings.js';

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const distancesSchema = v.strictObject({
  slicedWasserstein: finite,
  energy: finite,
  frechet: v.optional(finite),
});

export const settingsSchema = v.strictObject({
  seed: count,
  loss: v.picklist(SID_LOSSES),
  alpha: finite,
  weighting: v.picklist(SID_WEIGHTINGS),
  batch: count,
  steps: count,
  rate: finite,
  fakeRate: finite,
  beta1: finite,
  beta2: finite,
  epsilon: finite,
  halfLife: finite,
  generatorSigma: finite,
  sigmaMin: finite,
  sigmaMax: finite,
  part: finite,
});

export const historySchema = v.array(
  v.strictObject({
    step: count,
    losses: v.optional(v.strictObject({ generator: finite, fake: finite })),
    distances: distancesSchema,
  }),
);

const memorySchema = v.strictObject({
  teacher: count,
  fake: count,
  generator: count,
  batch: count,
  total: count,
});

export const recordSchema = v.strictObject({
  /** The teacher's file. */
  teacher: v.string(),
  settings: settingsSchema,
  /** The step whose average it is, the nearest to the teacher of all that were measured. */
  step: count,
  /** To accurate samples of the teacher: its own at that step, of the solve that it replaces, of another such set. */
  distances: v.strictObject({
    generator: distancesSchema,
    usual: distancesSchema,
    floor: distancesSchema,
    /** In a set. */
    samples: count,
  }),
  /** Bytes that the distillation took on the device. */
  memory: memorySchema,
  adapter: v.string(),
});

/** How a generator was made, for people. */
export type GeneratorRecord = v.InferOutput<typeof recordSchema>;
