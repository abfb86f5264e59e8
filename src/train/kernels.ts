import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { ShaderName } from '../gpu/shaders.js';
import type { MlpConfig } from '../mlp/config.js';
import type { TrainingSettings } from './settings.js';

/** What a training step needs besides the network's passes and its optimiser, and what a validation measures with. */
const TRAINING_KERNELS = [
  'train/draw',
  'train/loss',
  'train/measure',
] as const satisfies readonly ShaderName[];

export type TrainingKernels = Record<(typeof TRAINING_KERNELS)[number], Kernel>;

export async function trainingKernels(
  gpu: Gpu,
  { classes }: Pick<MlpConfig, 'classes'>,
  { loss, process }: Pick<TrainingSettings, 'loss' | 'process'>,
): Promise<TrainingKernels> {
  const variant = {
    conditions: {
      edm: loss === 'edm',
      vp: process === 'vp-linear',
      tabled: loss === 'prediction',
      labelled: classes > 0,
    },
    constants: { CLASSES: classes },
  };
  const compiled = await Promise.all(
    TRAINING_KERNELS.map(async (name) => [
      name,
      await gpu.kernel(name, name === 'train/draw' ? variant : {}),
    ]),
  );
  return Object.fromEntries(compiled);
}
