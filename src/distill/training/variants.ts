import { solve } from '../../execute/solve.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { endpointErrors } from '../../metrics/endpoint-errors.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import type { TeacherPool } from '../pool.js';
import { DIVERGED, type Score, scoreOfErrors, unlessDiverged } from '../score.js';

/** Plans that differ in their columns only. */
export type Variants = Pick<PlanFamily, 'plan' | 'values'>;

/**
 * Runs a family's plans for several parameters from the same latents, as one batch whose columns differ from variant to
 * variant.
 * @param pool whose latents, [count, dim], under their conditions
 * @returns end points, [variants, count, dim]
 * @throws FewstepError not-finite where any of them diverges, which does not say which
 */
async function solveVariants(
  gpu: Gpu,
  field: Field,
  { plan, values }: Variants,
  variants: readonly Float64Array[],
  { latents, conditions }: Pick<TeacherPool, 'latents' | 'conditions'>,
): Promise<Float32Array> {
  const count = latents.length / field.dim;
  const batch = count * variants.length;
  const columns = new Float32Array(plan.columns * batch);
  fillColumns(columns, variants.map(values), count, 0, batch);
  const { samples } = await solve(gpu, field, plan, {
    latents: { values: tiled(latents, variants.length) },
    conditions: conditions && tiled(conditions, variants.length),
    columns,
  });
  return samples;
}

/**
 * Writes the columns of the trajectories [first, first + rows), of which each variant has `count`.
 * @param columns [columns, rows]
 * @param values of each variant, [columns]
 */
export function fillColumns(
  columns: Float32Array,
  values: readonly Float64Array[],
  count: number,
  first: number,
  rows: number,
): void {
  for (const [v, own] of values.entries()) {
    const begin = Math.max(first, v * count) - first;
    const end = Math.min(first + rows, (v + 1) * count) - first;
    for (let c = 0; c < own.length; c++) {
      // Where trajectories repeat there is one place for each: of an iteration at NFE 10 `fill` takes 0.6 ms, this 0.04.
      if (end - begin === 1) columns[c * rows + begin] = own[c];
      else if (begin < end) columns.fill(own[c], c * rows + begin, c * rows + end);
    }
  }
}

/** Scores a family's plans for several parameters over the trajectories of a pool, in one batch where none diverges. */
export async function scoreVariants(
  gpu: Gpu,
  field: Field,
  family: Variants,
  variants: readonly Float64Array[],
  pool: TeacherPool,
): Promise<Score[]> {
  if (variants.length === 0) return [];
  const { dim, latents, states } = pool;
  const count = latents.length / dim;
  const samples = await unlessDiverged(() => solveVariants(gpu, field, family, variants, pool));
  if (samples) {
    const errors = endpointErrors(samples, tiled(states[states.length - 1], variants.length), dim);
    return variants.map((_, i) => scoreOfErrors(errors.slice(i * count, (i + 1) * count)));
  }
  if (variants.length === 1) return [DIVERGED];
  // One of them diverged, which does not say which.
  const scores: Score[] = [];
  for (const one of variants) scores.push(...(await scoreVariants(gpu, field, family, [one], pool)));
  return scores;
}

/** An array so many times, one behind the other. */
export function tiled<Numbers extends Float32Array | Uint32Array>(values: Numbers, times: number): Numbers {
  const all = new (values.constructor as new (length: number) => Numbers)(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return all;
}
