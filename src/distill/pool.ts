import { solve } from '../execute/stepwise.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { nfeOf, type Plan } from '../solver/plan.js';

/** What a teacher made of latents: what students are to do with fewer evaluations. */
export interface TeacherPool {
  dim: number;
  /** x at the first time, [count, dim]. */
  latents: Float32Array;
  /** The teacher's states at each of the plan's times that were asked for, [count, dim] each, the last its result. */
  states: Float32Array[];
  /** Field evaluations that it took, of all trajectories. */
  evaluations: number;
  seconds: number;
}

/** Runs a teacher. @param at which of the plan's times to keep the states of; by default the last alone */
export async function runTeacher(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  options: { count: number; seed: number; at?: readonly number[]; signal?: AbortSignal },
): Promise<TeacherPool> {
  const { count, seed, signal } = options;
  const slots = (options.at ?? [plan.times.length - 1]).map((time) => plan.states[time]);
  const begin = performance.now();
  const { kept } = await solve(gpu, field, plan, {
    latents: { batch: count, seed },
    keep: [plan.states[0], ...slots],
    signal,
  });
  return {
    dim: field.dim,
    latents: kept.get(plan.states[0])!,
    states: slots.map((slot) => kept.get(slot)!),
    evaluations: count * nfeOf(plan),
    seconds: (performance.now() - begin) / 1000,
  };
}

/** The trajectories [first, first + count) of a pool. */
export function partOf(pool: TeacherPool, first: number, count: number): TeacherPool {
  const part = (values: Float32Array) => values.subarray(first * pool.dim, (first + count) * pool.dim);
  return { ...pool, latents: part(pool.latents), states: pool.states.map(part) };
}
