import type { AdjointReferenceSolution } from '../../src/execute/adjoint-reference.js';
import { conditionsOf } from '../../src/execute/conditions.js';
import { PlanAdjoint, type PlanAdjointOptions } from '../../src/execute/plan-adjoint.js';
import type { Field } from '../../src/field/field.js';
import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import type { amedSolvers } from '../../src/solver/amed.js';
import { type PlanFamily, planFamily } from '../../src/solver/plan-family.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';
import { disturbedField, EPSILON } from './rounding.js';

export const seed = freshSeed();
const STEPS = 3;

/** A solver's plans as a export function of its answers (r, direction, time) step by step. */
export function answersFamily(solver: (typeof amedSolvers)[number], afs: boolean): PlanFamily {
  const times = polynomial().times(STEPS, { sigmaMin: 0.05, sigmaMax: 20 });
  const make = (p: Float64Array) =>
    solver.planWith(
      times,
      Array.from({ length: STEPS }, (_, i) => ({ r: p[3 * i], direction: p[3 * i + 1], time: p[3 * i + 2] })),
      { afs },
    );
  return planFamily(make, [randomAnswers(1), randomAnswers(2)]);
}

export function randomAnswers(stream: number): Float64Array {
  const source = random(seed, stream);
  return Float64Array.from({ length: 3 * STEPS }, (_, i) =>
    i % 3 === 0 ? source.between(0.3, 0.7) : source.between(0.8, 1.2),
  );
}

/** Each column's value for every trajectory, each trajectory with answers of its own. */
export function columnsOf(
  { plan, values }: PlanFamily,
  batch: number,
  draw: (stream: number) => Float64Array = randomAnswers,
): Float64Array {
  const columns = new Float64Array(plan.columns * batch);
  for (let row = 0; row < batch; row++) {
    for (const [c, value] of values(draw(10 + row)).entries()) columns[c * batch + row] = value;
  }
  return columns;
}

/** What the GPU makes of the same, given the cotangent of the result: the gradient to the columns and the latents. */
export async function adjointOnGpu(
  field: Field,
  family: PlanFamily,
  x: Float64Array,
  columns: Float64Array,
  bar: Float64Array,
  options?: PlanAdjointOptions,
) {
  const { dim } = field;
  const adjoint = await PlanAdjoint.create(gpu, field, family.plan, x.length / dim, options);
  const { queue } = gpu.device;
  const { slots, columns: columnBuffer, columnGradient } = adjoint.buffers;
  queue.writeBuffer(slots, 0, Float32Array.from(x));
  queue.writeBuffer(columnBuffer, 0, Float32Array.from(columns));
  const conditions = conditionsOf(field, x.length / dim);
  if (conditions) adjoint.tell(conditions);
  const encoder = gpu.device.createCommandEncoder();
  adjoint.recordClear(encoder);
  const forward = encoder.beginComputePass();
  adjoint.recordForward(forward);
  forward.end();
  queue.submit([encoder.finish()]);
  queue.writeBuffer(slots, 4 * adjoint.cotangent(adjoint.result), Float32Array.from(bar));
  const back = gpu.device.createCommandEncoder();
  const pass = back.beginComputePass();
  adjoint.recordBackward(pass);
  pass.end();
  queue.submit([back.finish()]);
  const toColumns = new Float32Array(await gpu.read(columnGradient));
  const toLatents = new Float32Array(await gpu.read(slots, 4 * x.length, 4 * adjoint.cotangent(0)));
  adjoint.destroy();
  return { columns: toColumns, latents: toLatents };
}

/** The largest difference, relative to the largest number of the exact ones. */
export function relativeError(actual: ArrayLike<number>, exact: Float64Array): number {
  const scale = Math.max(...exact.map(Math.abs));
  return exact.reduce((worst, value, i) => {
    const error = Math.abs(actual[i] - value) / scale;
    return error <= worst ? worst : error; // a NaN is the worst of all
  }, 0);
}

/**
 * How far the adjoint moves where every evaluation and product of the field errs as float32 does: where trajectories
 * part, more than elsewhere. Columns and updates round too.
 */
export function allowed(
  field: Field,
  exact: AdjointReferenceSolution,
  run: (field: Field) => AdjointReferenceSolution,
) {
  const moved = [1, 2, 3, 4].map((stream) =>
    run(disturbedField(field, random(seed, 20 + stream), ROUNDINGS)),
  );
  const most = (part: 'columns' | 'latents') =>
    2 * Math.max(...moved.map((solution) => relativeError(solution[part], exact[part]))) + 20 * EPSILON;
  return { columns: most('columns'), latents: most('latents') };
}

/** Of an evaluation with the operations beside it, the coefficients' own included. */
const ROUNDINGS = 32;
