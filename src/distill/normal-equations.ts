import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Random } from '../problem/random.js';
import type { PlanFamily } from '../solver/plan-family.js';
import type { TeacherPool } from './pool.js';
import { VariantRun } from './variants.js';

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

/**
 * Normal equations of the loss log(mean |e|) + mean(log |e|^2) / 4, with |e|^2 + softening for |e|^2, on some
 * trajectories. W is what makes J^T W e its gradient: 1 / (n mean|e| |e|) + 1 / (2 n |e|^2), each trajectory by how much
 * its error counts. The derivatives are differences of solves, all parameters in one batch: no gradient of the field is
 * needed, and a device has work for many lanes.
 */
export class Linearisation {
  private constructor(
    private readonly run: VariantRun,
    private readonly dim: number,
  ) {}

  /** @param size parameters, and trajectories in a batch */
  static async create(
    gpu: Gpu,
    field: Field,
    family: Pick<PlanFamily, 'plan' | 'values'>,
    { parameters, batch }: { parameters: number; batch: number },
  ): Promise<Linearisation> {
    const run = await VariantRun.create(gpu, field, family, { count: batch, variants: parameters + 1 });
    return new Linearisation(run, field.dim);
  }

  /** @throws FewstepError not-finite where a trajectory diverges, bad-grid where times of a plan have become one */
  async at(
    parameters: Float64Array,
    { latents, endpoints }: Trajectories,
    softening: number,
  ): Promise<NormalEquations> {
    const moved = Array.from(parameters, (value, p) => parameters.with(p, value + STEP));
    const ends = await this.run.solve([parameters, ...moved], latents);
    return sums(ends, endpoints, { dim: this.dim, size: parameters.length, softening });
  }

  destroy(): void {
    this.run.destroy();
  }
}

/** @param ends of the parameters themselves and of each one moved, [size + 1, count, dim] */
function sums(
  ends: Float32Array,
  endpoints: Float32Array,
  { dim, size, softening }: { dim: number; size: number; softening: number },
): NormalEquations {
  const count = endpoints.length / dim;
  const squares = new Float64Array(count).fill(softening);
  for (let i = 0; i < count * dim; i++) squares[Math.floor(i / dim)] += (ends[i] - endpoints[i]) ** 2;
  let [meanError, logs] = [0, 0];
  for (const square of squares) {
    meanError += Math.sqrt(square) / count;
    logs += Math.log(square) / count;
  }
  const matrix = new Float64Array(size * size);
  const gradient = new Float64Array(size);
  const slopes = new Float64Array(size);
  for (let i = 0; i < count * dim; i++) {
    const square = squares[Math.floor(i / dim)];
    const weight = 1 / (count * meanError * Math.sqrt(square)) + 1 / (2 * count * square);
    for (let p = 0; p < size; p++) slopes[p] = (ends[(p + 1) * count * dim + i] - ends[i]) / STEP;
    const error = weight * (ends[i] - endpoints[i]);
    for (let p = 0; p < size; p++) {
      gradient[p] += error * slopes[p];
      const weighted = weight * slopes[p];
      for (let q = 0; q <= p; q++) matrix[p * size + q] += weighted * slopes[q];
    }
  }
  for (let p = 0; p < size; p++) for (let q = 0; q < p; q++) matrix[q * size + p] = matrix[p * size + q];
  return { matrix, gradient, loss: Math.log(meanError) + logs / 4, meanError };
}
