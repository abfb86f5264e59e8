import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { ShaderVariant } from '../gpu/link.js';
import type { ShaderName } from '../gpu/shaders.js';
import type { MlpConfig } from '../mlp/config.js';
import type { Objective } from './objective.js';

/** What a step needs besides the networks' passes and their optimisers. */
export type SidKernels = Record<
  'drawFake' | 'drawGenerator' | 'noise' | 'lossFake' | 'lossGenerator' | 'join',
  Kernel
>;

export async function sidKernels(
  gpu: Gpu,
  { classes }: Pick<MlpConfig, 'classes'>,
  { normalised }: Pick<Objective, 'normalised'>,
): Promise<SidKernels> {
  const draws = (generator: boolean): [ShaderName, ShaderVariant] => [
    'sid/draw',
    {
      conditions: { generator, edm: true, vp: false, labelled: classes > 0 },
      constants: { CLASSES: classes },
    },
  ];
  const kernels: Record<keyof SidKernels, [ShaderName, ShaderVariant]> = {
    drawFake: draws(false),
    drawGenerator: draws(true),
    noise: ['sid/noise', {}],
    lossFake: ['train/loss', {}],
    lossGenerator: ['sid/loss', { conditions: { normalised } }],
    join: ['sid/join', {}],
  };
  const compiled = await Promise.all(
    Object.entries(kernels).map(async ([key, [name, variant]]) => [key, await gpu.kernel(name, variant)]),
  );
  return Object.fromEntries(compiled);
}
