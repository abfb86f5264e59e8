import { notFinite } from '../execute/not-finite.js';
import { runShape } from '../execute/run-shape.js';
import { SolveRun } from '../execute/solve-run.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Random } from '../problem/random.js';
import type { TeacherPool } from './pool.js';
import { fillColumns, tiled, type Variants } from './variants.js';

/** What Gauss-Newton knows of a loss near some parameters, of which there are P. */
export interface NormalEquations {
  /** J^T W J, [P, P]: J the derivatives of the end points, W the weights of the trajectories. */
  matrix: Float64Array;
  /** J^T W e, e the errors: the loss's gradient, [P]. */
  gradient: Float64Array;
  loss: number;
  /** Mean distance of the end points to the teacher's. */
  meanError: number;
}

/** Trajectories of a teacher: where they begin and where they end, [count, dim]. */
export interface Trajectories {
  latents: Float32Array;
  endpoints: Float32Array;
}

/**
 * How far a parameter is moved for the derivative to it. Of order 1 are all: logarithms of times, scales, weights. What
 * float32 rounds of an end point is divided by it, what the derivative changes over it is left out.
 */
export const STEP = 2e-3;

/** Draws trajectories of a pool. */
export function drawTrajectories(pool: TeacherPool, count: number, order: Random): Trajectories {
  const { dim, latents, states } = pool;
  const ends = states[states.length - 1];
  const drawn = { latents: new Float32Array(count * dim), endpoints: new Float32Array(count * dim) };
  for (let i = 0; i < count; i++) {
    const at = Math.floor((order.uniform() * latents.length) / dim) * dim;
    drawn.latents.set(latents.subarray(at, at + dim), i * dim);
    drawn.endpoints.set(ends.subarray(at, at + dim), i * dim);
  }
  return drawn;
}

/** What a linearisation is of. */
export interface LinearisationSize {
  parameters: number;
  /** Trajectories in a batch. */
  batch: number;
  /** Added to squared errors. */
  softening: number;
  /** At most so many solves at once; by default what the adapter's limits allow. */
  chunk?: number;
}

/**
 * Normal equations of the loss log(mean |e|) + mean(log |e|^2) / 4, with |e|^2 + softening for |e|^2, on batches of
 * trajectories. W is what makes J^T W e its gradient: 1 / (n mean|e| |e|) + 1 / (2 n |e|^2), each trajectory by how much
 * its error counts. The derivatives are differences of solves, all parameters in one batch: no gradient of the field is
 * needed, and a device has work for many lanes. The host adds up, in float64: sums in float32 are indefinite by more than
 * the damping once errors are small, which broke trainings on ring at NFE 10.
 */
export class Linearisation {
  /** Trajectories in a batch, a multiple of 4. */
  readonly batch: number;
  private readonly columns: Float32Array;
  private readonly ends: Float32Array;

  private constructor(
    private readonly family: Variants,
    private readonly run: SolveRun,
    private readonly size: LinearisationSize & { dim: number; capacity: number },
  ) {
    const { batch, parameters, dim, capacity } = size;
    this.batch = batch;
    this.columns = new Float32Array(family.plan.columns * capacity);
    this.ends = new Float32Array((parameters + 1) * batch * dim);
  }

  /** Compiles, allocates and binds once for all batches. @throws FewstepError device-limit */
  static async create(
    gpu: Gpu,
    field: Field,
    family: Variants,
    size: LinearisationSize,
  ): Promise<Linearisation> {
    const { plan } = family;
    const batch = 4 * Math.ceil(size.batch / 4);
    const wanted = [plan.states[plan.states.length - 1]];
    const all = batch * (size.parameters + 1);
    const shape = await runShape(gpu, field, plan, { batch: all, wanted, seed: 0, chunk: size.chunk });
    const run = await SolveRun.create(gpu, field, plan, shape);
    return new Linearisation(family, run, { ...size, batch, dim: field.dim, capacity: shape.capacity });
  }

  /**
   * @param given as many trajectories as `batch`
   * @throws FewstepError not-finite where a trajectory diverges, bad-grid where times of a plan have become one
   */
  async at(parameters: Float64Array, { latents, endpoints }: Trajectories): Promise<NormalEquations> {
    const { family, run, columns, ends } = this;
    const { batch, capacity, dim, softening } = this.size;
    const { plan } = family;
    const slot = plan.states[plan.states.length - 1];
    const moved = Array.from(parameters, (value, p) => parameters.with(p, value + STEP));
    const values = [parameters, ...moved].map((variant) => family.values(variant));
    const all = { values: tiled(latents, values.length) };
    const count = batch * values.length;
    run.clearStatus();
    for (let first = 0; first < count; first += capacity) {
      const rows = Math.min(capacity, count - first);
      const own = columns.subarray(0, plan.columns * rows);
      fillColumns(own, values, batch, first, rows);
      await run.submit(first, rows, all, own);
      await run.collect(rows, (chunk) => ends.set(chunk.values(slot), first * dim));
    }
    const { step, trajectories } = await run.status();
    if (trajectories > 0) throw notFinite(step, trajectories, count);
    return equationsOf(ends, endpoints, { dim, parameters: parameters.length, softening });
  }

  destroy(): void {
    this.run.destroy();
  }
}

/** @param ends of the parameters themselves and of each one moved, [parameters + 1, batch, dim], batch a multiple of 4 */
function equationsOf(
  ends: Float32Array,
  endpoints: Float32Array,
  { dim, parameters: size, softening }: { dim: number; parameters: number; softening: number },
): NormalEquations {
  const numbers = endpoints.length;
  const batch = numbers / dim;
  const squares = new Float64Array(batch);
  for (let i = 0; i < numbers; i++) squares[Math.floor(i / dim)] += (ends[i] - endpoints[i]) ** 2;
  let [meanError, softened, logs] = [0, 0, 0];
  for (const square of squares) {
    meanError += Math.sqrt(square) / batch;
    softened += Math.sqrt(square + softening) / batch;
    logs += Math.log(square + softening) / batch;
  }
  const weights = squares.map((square) => {
    const own = square + softening;
    return 1 / (batch * softened * Math.sqrt(own)) + 1 / (2 * batch * own);
  });
  const matrix = new Float64Array(size * size);
  const gradient = new Float64Array(size);
  // Four numbers of the end points at a time, so that a sum is read and written for each four products.
  const slopes = new Float64Array(4 * size);
  for (let i = 0; i < numbers; i += 4) {
    for (let k = 0; k < 4; k++) {
      const root = Math.sqrt(weights[Math.floor((i + k) / dim)]);
      const error = root * (ends[i + k] - endpoints[i + k]);
      for (let p = 0; p < size; p++) {
        const slope = (root * (ends[(p + 1) * numbers + i + k] - ends[i + k])) / STEP;
        slopes[4 * p + k] = slope;
        gradient[p] += error * slope;
      }
    }
    for (let p = 0; p < size; p++) {
      const [a, b, c, d] = [slopes[4 * p], slopes[4 * p + 1], slopes[4 * p + 2], slopes[4 * p + 3]];
      for (let q = 0, at = 0; q <= p; q++, at += 4) {
        matrix[p * size + q] += a * slopes[at] + b * slopes[at + 1] + c * slopes[at + 2] + d * slopes[at + 3];
      }
    }
  }
  for (let p = 0; p < size; p++) for (let q = 0; q < p; q++) matrix[q * size + p] = matrix[p * size + q];
  return { matrix, gradient, loss: Math.log(softened) + logs / 4, meanError };
}
