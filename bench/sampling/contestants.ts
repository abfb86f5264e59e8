import { PreparedSolve } from '../../src/execute/prepared-solve.js';
import { solve } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { Precision } from '../../src/mlp/precision.js';
import type { NetworkPredictor } from '../../src/predictor/network-predictor.js';
import type { Plan } from '../../src/solver/plan.js';
import type { Contestant } from './contestant.js';
import { relativeDifference } from './relative-difference.js';

/** A plan run again and again, one behind the other, with latents drawn on the device: nothing is read back. */
export async function prepared(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  options: { batch: number; executor: 'stepwise' | 'fused'; predictor?: NetworkPredictor },
): Promise<Contestant> {
  const ours = await PreparedSolve.create(gpu, field, plan, options);
  let seed = 0;
  return {
    by: options.executor,
    async run(count) {
      const { gpuMs } = await ours.repeat(count, seed);
      seed += count;
      return gpuMs;
    },
    destroy: () => ours.destroy(),
  };
}

/** The same at a precision that rounds, and how far off that makes its end points. */
export async function preparedRounded(
  gpu: Gpu,
  { exact, rounded, precision }: { exact: Field; rounded: Field; precision: Precision },
  plan: Plan,
  batch: number,
): Promise<Contestant> {
  const latents = { batch: Math.min(batch, 4096), seed: 0 };
  const [theirs, ours] = [
    await solve(gpu, exact, plan, { latents }),
    await solve(gpu, rounded, plan, { latents }),
  ];
  const difference = relativeDifference(ours.samples, theirs.samples);
  const contestant = await prepared(gpu, rounded, plan, { batch, executor: 'fused' });
  return { ...contestant, by: `fused ${precision}`, difference };
}

/** `solve` as users call it, which allocates, binds, and brings the samples to the host. */
export function called(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  { batch, predictor }: { batch: number; predictor?: NetworkPredictor },
): Contestant {
  let seed = 0;
  return {
    by: 'solve',
    async run(count) {
      let last: number | undefined;
      for (let i = 0; i < count; i++) {
        const { gpuMs } = await solve(gpu, field, plan, { latents: { batch, seed: seed++ }, predictor });
        last = gpuMs;
      }
      return last;
    },
    destroy() {},
  };
}
