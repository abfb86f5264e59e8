import { PreparedSolve } from '../../src/execute/prepared-solve.js';
import { type Solution, solve } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { quantile } from '../../src/metrics/quantile.js';
import { nfeOf, type Plan } from '../../src/solver/plan.js';

/** Median and 95th percentile, milliseconds. */
export interface Latency {
  median: number;
  p95: number;
}

/** How long one trajectory takes. */
export interface LatencyRow {
  field: string;
  dim: number;
  solver: string;
  nfe: number;
  executor: Solution['executor'];
  solves: number;
  /** All of the call to `solve`, allocation included, and of it from submit to readback. */
  call: Latency;
  solve: Latency;
  /** A solve that is allocated already, until the device has done it. */
  prepared: Latency;
}

export async function measureLatency(
  gpu: Gpu,
  { name, field }: { name: string; field: Field },
  plan: Plan,
  executor: Solution['executor'],
  solves: number,
): Promise<LatencyRow> {
  const times = { call: [] as number[], solve: [] as number[], prepared: [] as number[] };
  const prepared = await PreparedSolve.create(gpu, field, plan, { batch: 1, executor });
  // The first few compile, and warm up the host.
  for (let seed = -WARM_UP; seed < solves; seed++) {
    const latents = { batch: 1, seed: seed + WARM_UP };
    const begin = performance.now();
    const { hostMs } = await solve(gpu, field, plan, { latents, executor });
    const callMs = performance.now() - begin;
    const own = await prepared.repeat(1, latents.seed);
    if (seed < 0) continue;
    times.call.push(callMs);
    times.solve.push(hostMs);
    times.prepared.push(own.hostMs);
  }
  prepared.destroy();
  return {
    field: name,
    dim: field.dim,
    solver: plan.solver,
    nfe: nfeOf(plan),
    executor,
    solves,
    call: latency(times.call),
    solve: latency(times.solve),
    prepared: latency(times.prepared),
  };
}

const WARM_UP = 5;

function latency(times: readonly number[]): Latency {
  return { median: quantile(times, 0.5), p95: quantile(times, 0.95) };
}
