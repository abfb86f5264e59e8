import { PreparedSolve } from '../../src/execute/prepared-solve.js';
import { type Solution, solve } from '../../src/execute/solve.js';
import { solveMemory } from '../../src/execute/solve-memory.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { nfeOf, type Plan } from '../../src/solver/plan.js';
import { countLasting } from '../adapter/count-lasting.js';
import { warmUp } from '../adapter/warm-up.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';
import { allocatedBytes } from './allocated-bytes.js';

/** How a solve does at one batch and dimension. */
export interface ScalingRow {
  field: string;
  dim: number;
  batch: number;
  solver: string;
  nfe: number;
  /** What 'auto' took. */
  executor: Solution['executor'];
  repeats: number;
  /** From the first submit to the last readback, as `solve` says; and all of its call, allocation included; milliseconds. */
  solveMs: MinMedianMax;
  callMs: MinMedianMax;
  /** Of one solve's passes by the GPU's clock, where it has one, milliseconds. */
  gpuMs?: MinMedianMax;
  /** One of `count` solves in a row that are allocated already and read nothing back, milliseconds. */
  preparedMs: MinMedianMax;
  count: number;
  /** Of the medians of `callMs` and `preparedMs`. */
  trajectoriesPerSecond: number;
  preparedPerSecond: number;
  /** Device memory of a solve, bytes: predicted, and the most that it had. */
  memory: { predicted: number; measured: number };
}

export async function measureScaling(
  gpu: Gpu,
  subject: { name: string; field: Field; batch: number },
  plan: Plan,
  { repeats, repeatMs }: { repeats: number; repeatMs: number },
): Promise<ScalingRow> {
  const { name, field, batch } = subject;
  const { total: predicted, executor } = await solveMemory(gpu, field, plan, { batch });
  await solve(gpu, field, plan, { latents: { batch, seed: 0 } }); // compiles
  const times = {
    solve: [] as number[],
    call: [] as number[],
    gpu: [] as number[],
    prepared: [] as number[],
  };
  const once = async (seed: number) => {
    const begin = performance.now();
    const { hostMs, gpuMs } = await solve(gpu, field, plan, { latents: { batch, seed } });
    times.call.push(performance.now() - begin);
    times.solve.push(hostMs);
    if (gpuMs !== undefined) times.gpu.push(gpuMs);
  };
  await warmUp(gpu);
  for (let seed = 1; seed <= repeats; seed++) await once(seed);
  // Not among those that are timed, since counting takes time too.
  const { peak } = await allocatedBytes(gpu, () => solve(gpu, field, plan, { latents: { batch, seed: 0 } }));

  const prepared = await PreparedSolve.create(gpu, field, plan, { batch, executor });
  let seed = 0;
  const several = async (count: number) => {
    const { hostMs } = await prepared.repeat(count, seed);
    seed += count;
    return hostMs;
  };
  await several(1); // compiles
  await warmUp(gpu);
  const count = await countLasting(repeatMs, several);
  for (let i = 0; i < repeats; i++) times.prepared.push((await several(count)) / count);
  prepared.destroy();

  const callMs = minMedianMax(times.call);
  const preparedMs = minMedianMax(times.prepared);
  return {
    field: name,
    dim: field.dim,
    batch,
    solver: plan.solver,
    nfe: nfeOf(plan),
    executor,
    repeats,
    solveMs: minMedianMax(times.solve),
    callMs,
    ...(times.gpu.length === repeats && { gpuMs: minMedianMax(times.gpu) }),
    preparedMs,
    count,
    trajectoriesPerSecond: (1000 * batch) / callMs[1],
    preparedPerSecond: (1000 * batch) / preparedMs[1],
    memory: { predicted, measured: peak },
  };
}
