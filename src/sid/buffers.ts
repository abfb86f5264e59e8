import type { Gpu } from '../gpu/gpu.js';
import type { StructValue } from '../gpu/layout.js';
import { HISTORY, STRIDE, slotStride } from '../train/buffers.js';
import type { Objective } from './objective.js';
import type { SidSettings } from './settings.js';

/** Steps that one submit may have at most. */
export const SID_STEPS_PER_SUBMIT = 128;

/** Slots of a batch, by the names of shaders/sid/run.wgsl. */
const SLOTS = [
  'latents',
  'generated',
  'noisy',
  'real',
  'fake',
  'to_real',
  'to_fake',
  'pulled_real',
  'pulled_fake',
  'to_generated',
] as const;
type SlotName = (typeof SLOTS)[number];

/** Where each slot begins, in numbers. */
export type SidSlots = Record<SlotName, number>;

export function sidSlots(batch: number, dim: number): SidSlots {
  const stride = slotStride(batch, dim);
  return Object.fromEntries(SLOTS.map((name, i) => [name, i * stride])) as SidSlots;
}

/** Struct Run of shaders/sid/run.wgsl. */
export function runUniform(
  slots: SidSlots,
  { generatorSigma }: SidSettings,
  objective: Objective,
): StructValue {
  const { l1, l2, l3 } = objective;
  return { ...slots, generator_sigma: generatorSigma, l1, l2, l3 };
}

/** The buffers of a run besides those of its networks. */
export interface SidBuffers {
  slots: GPUBuffer;
  /** sigma and weight, [2, batch]. */
  columns: GPUBuffer;
  /** [batch]. */
  labels: GPUBuffer;
  losses: GPUBuffer;
  /** Of both networks' updates in their order: shaders/train/figures.wgsl. */
  figures: GPUBuffer;
  /** Struct Run. */
  run: GPUBuffer;
  /** The uniforms of the networks' passes, the same in all steps. */
  passes: GPUBuffer;
  /** The uniforms of the updates of one submit. */
  updates: GPUBuffer;
}

export function sidBuffers(gpu: Gpu, batch: number, dim: number, passes: number): SidBuffers {
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const updates = 2 * SID_STEPS_PER_SUBMIT;
  return {
    slots: gpu.buffer('slots', STORAGE | COPY_SRC, 4 * SLOTS.length * slotStride(batch, dim)),
    columns: gpu.buffer('noise levels and weights', STORAGE | COPY_SRC, 4 * 2 * batch),
    labels: gpu.buffer('labels', STORAGE | COPY_SRC, 4 * batch),
    losses: gpu.buffer('losses', STORAGE, 4 * batch),
    figures: gpu.buffer('figures', STORAGE | COPY_SRC, HISTORY + 8 * updates),
    run: gpu.buffer('run', UNIFORM | COPY_DST, 64),
    passes: gpu.buffer('passes', UNIFORM | COPY_DST, passes * STRIDE),
    updates: gpu.buffer('updates', UNIFORM | COPY_DST, updates * STRIDE),
  };
}
