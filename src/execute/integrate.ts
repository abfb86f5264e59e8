import type { Entries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { conditionsOf } from './conditions.js';
import { divergencesOf, type PreparedDrift, prepareDrift } from './drift.js';
import { checkWhole } from './inputs.js';
import { IntegrateRun } from './integrate-run.js';
import {
  checkIntegration,
  INTEGRATION_ENTRIES,
  type Integration,
  type IntegrationRequest,
} from './integration.js';
import { type Failure, integrationError, stepPlan } from './step-control.js';

/** An integration on the GPU, and how it is shared out. */
export interface IntegrateOptions extends IntegrationRequest {
  /** At most so many trajectories at once, 4096 by default. Results do not depend on it. */
  chunk?: number;
  /** Called after each batch of steps with the number of trajectories done. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

/** An integration as the GPU made it, in float32. */
export interface GpuIntegration extends Integration<Float32Array> {
  /** From the first submit to the last readback, milliseconds. */
  hostMs: number;
}

const ENTRIES: Entries<IntegrateOptions> = {
  ...INTEGRATION_ENTRIES,
  ...{ chunk: false, onProgress: false, signal: false },
};

const USUAL_CHUNK = 4096;

/**
 * Integrates the diffusion ODE of a field on the GPU, by Dormand and Prince's 5(4) pair with a step size, an acceptance
 * and a time of its own for each trajectory, or by RK4 with equal steps. The log-determinant is integrated along.
 * @throws FewstepError bad-shape, bad-argument, unreachable-nfe, bad-field, device-limit; unreachable-tolerance and
 *   not-finite naming how many trajectories, and at which noise level
 */
export async function integrate(gpu: Gpu, field: Field, options: IntegrateOptions): Promise<GpuIntegration> {
  checkGpu(gpu);
  const batch = checkIntegration(['integrate', ENTRIES], field, options);
  const { dim } = field;
  const { divergence = { kind: 'none' }, chunk, onProgress, signal } = options;
  // Whoever gave them may write others there meanwhile.
  const states = Float32Array.from(options.states);
  const path = ends(options);
  if (chunk !== undefined) checkWhole('chunk', chunk, 1);
  const plan = stepPlan(options.steps);
  const quantities = divergencesOf(divergence);
  const conditions = conditionsOf(field, batch, options.conditions);
  const drift = await prepareDrift(gpu, field, divergence);
  const most = largestChunk(
    gpu,
    dim,
    IntegrateRun.slots(plan, drift),
    drift,
    plan.tableau.b.length * quantities,
  );
  const capacity = Math.min(batch, chunk ?? USUAL_CHUNK, most);
  const result: GpuIntegration = {
    states: new Float32Array(batch * dim),
    logDeterminants: Array.from({ length: quantities }, () => new Float64Array(batch)),
    evaluations: new Uint32Array(batch),
    rejected: new Uint32Array(batch),
    shortest: new Float64Array(batch),
    hostMs: 0,
  };
  const run = await IntegrateRun.create(gpu, {
    field,
    drift,
    plan,
    divergence,
    capacity,
    conditions,
    ...path,
  });
  try {
    const begin = performance.now();
    for (let first = 0; first < batch; first += capacity) {
      const count = Math.min(capacity, batch - first);
      run.begin(first, states.slice(first * dim, (first + count) * dim));
      while (run.running > 0) {
        signal?.throwIfAborted();
        await run.advance();
        onProgress?.(first + count - run.running);
      }
      const failures: Failure[] = await run.collect(first, result);
      if (failures.length > 0) throw integrationError(failures, first + count);
    }
    result.hostMs = performance.now() - begin;
    return result;
  } finally {
    run.destroy();
  }
}

function ends({ from, to }: IntegrationRequest) {
  return { start: Math.log(from), end: Math.log(to) };
}

/** More slots at once gain nothing, and memory is not ours alone. */
const ENOUGH_BYTES = 2 ** 30;

function largestChunk(
  gpu: Gpu,
  dim: number,
  slots: number,
  drift: PreparedDrift,
  divergences: number,
): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  const bytes = Math.min(maxStorageBufferBindingSize, maxBufferSize, ENOUGH_BYTES);
  const chunk = Math.min(
    // A slot starts at a multiple of 256 bytes.
    Math.floor((bytes / slots - 256) / (4 * dim)),
    Math.floor(bytes / Math.max(4, 4 * divergences)),
    Math.floor(bytes / Math.max(4, drift.trajectoryBytes)),
  );
  if (chunk >= 1) return chunk;
  throw new FewstepError(
    'device-limit',
    `one trajectory of ${dim} numbers in ${slots} slots exceeds a binding of ${bytes} bytes`,
    'use fewer probes, or an adapter with larger bindings',
  );
}
