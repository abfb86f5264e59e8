import { solve } from '../execute/solve.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { PlanFamily } from '../solver/plan-family.js';

/**
 * Runs a family's plans for several parameters from the same latents, as one batch whose columns differ from variant to
 * variant.
 * @param latents [count, dim]
 * @returns end points, [variants, count, dim]
 * @throws FewstepError not-finite where any of them diverges, which does not say which
 */
export async function solveVariants(
  gpu: Gpu,
  field: Field,
  { plan, values }: Pick<PlanFamily, 'plan' | 'values'>,
  variants: readonly Float64Array[],
  latents: Float32Array,
): Promise<Float32Array> {
  const count = latents.length / field.dim;
  const batch = count * variants.length;
  const columns = new Float32Array(plan.columns * batch);
  for (const [v, parameters] of variants.entries()) {
    for (const [c, value] of values(parameters).entries()) {
      columns.fill(value, c * batch + v * count, c * batch + (v + 1) * count);
    }
  }
  const { samples } = await solve(gpu, field, plan, {
    latents: { values: tiled(latents, variants.length) },
    columns,
  });
  return samples;
}

/** An array so many times, one behind the other. */
export function tiled(values: Float32Array, times: number): Float32Array {
  const all = new Float32Array(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return all;
}
