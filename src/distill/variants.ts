import { notFinite } from '../execute/not-finite.js';
import { runShape } from '../execute/run-shape.js';
import { SolveRun } from '../execute/solve-run.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { endpointErrors } from '../metrics/endpoint-errors.js';
import type { PlanFamily } from '../solver/plan-family.js';
import type { TeacherPool } from './pool.js';
import { DIVERGED, type Score, scoreOfErrors, unlessDiverged } from './score.js';

/** Plans that differ in their columns only. */
type Variants = Pick<PlanFamily, 'plan' | 'values'>;

/**
 * A family's plans for several parameters at once, from the same latents, as one batch whose columns differ from variant
 * to variant: compiled, allocated and bound once.
 */
export class VariantRun {
  private readonly columns: Float32Array;

  private constructor(
    private readonly family: Variants,
    private readonly run: SolveRun,
    private readonly size: { dim: number; count: number; variants: number; capacity: number },
  ) {
    this.columns = new Float32Array(family.plan.columns * size.capacity);
  }

  /**
   * @param count latents of each variant
   * @throws FewstepError device-limit
   */
  static async create(
    gpu: Gpu,
    field: Field,
    family: Variants,
    { count, variants }: { count: number; variants: number },
  ): Promise<VariantRun> {
    const { plan } = family;
    const wanted = [plan.states[plan.states.length - 1]];
    const shape = await runShape(gpu, field, plan, { batch: count * variants, wanted, seed: 0 });
    const run = await SolveRun.create(gpu, field, plan, shape);
    return new VariantRun(family, run, { dim: field.dim, count, variants, capacity: shape.capacity });
  }

  /**
   * @param latents [count, dim]
   * @returns end points, [variants, count, dim]
   * @throws FewstepError not-finite where any of them diverges, which does not say which
   */
  async solve(variants: readonly Float64Array[], latents: Float32Array): Promise<Float32Array> {
    const { run, columns, family } = this;
    const { dim, count, capacity } = this.size;
    const { plan } = family;
    const batch = count * variants.length;
    const slot = plan.states[plan.states.length - 1];
    const values = variants.map((parameters) => family.values(parameters));
    const all = { values: tiled(latents, variants.length) };
    const ends = new Float32Array(batch * dim);
    run.clearStatus();
    for (let first = 0; first < batch; first += capacity) {
      const rows = Math.min(capacity, batch - first);
      for (let row = 0; row < rows; row++) {
        const own = values[Math.floor((first + row) / count)];
        for (let c = 0; c < plan.columns; c++) columns[c * rows + row] = own[c];
      }
      await run.submit(first, rows, all, columns.subarray(0, plan.columns * rows));
      await run.collect(rows, (chunk) => ends.set(chunk.values(slot), first * dim));
    }
    const { step, trajectories } = await run.status();
    if (trajectories > 0) throw notFinite(step, trajectories, batch);
    return ends;
  }

  destroy(): void {
    this.run.destroy();
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
  const run = await VariantRun.create(gpu, field, family, { count, variants: variants.length });
  const samples = await unlessDiverged(() => run.solve(variants, latents)).finally(() => run.destroy());
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
function tiled(values: Float32Array, times: number): Float32Array {
  const all = new Float32Array(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return all;
}
