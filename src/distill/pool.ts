import { checkEntries, isObject, isPromise, shown } from '../arguments.js';
import { checkBounds, whole } from '../bounds.js';
import { FewstepError } from '../errors.js';
import { conditionsOf } from '../execute/conditions.js';
import { solve } from '../execute/solve.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { checkPlan, nfeOf, type Plan } from '../solver/plan.js';
import { type DistillSettings, LARGEST_SEED } from './settings.js';

/** What a teacher made of latents: what students are to do with fewer evaluations. */
export interface TeacherPool {
  /** Numbers in a state. */
  dim: number;
  /** x at the first time, [count, dim]. */
  latents: Float32Array;
  /** The condition of each trajectory, [count], of a field that has some: in turn. */
  conditions?: Uint32Array;
  /** The teacher's states at each of the plan's times that were asked for, [count, dim] each, the last its result. */
  states: Float32Array[];
  /** Field evaluations that it took, of all trajectories. */
  evaluations: number;
  /** Wall time. */
  seconds: number;
}

/** Which trajectories a teacher runs, and what is kept of them. */
export interface TeacherOptions {
  /** Trajectories, at least 1. */
  count: number;
  /** Of their latents, and of the noise of a plan that draws some; `poolSeeds` has such as nobody samples with. */
  seed: number;
  /** Which of the plan's times to keep the states of, by their index; by default the last alone. */
  at?: readonly number[];
  /** At most so many trajectories at once, for progress and a quick stop. Results do not depend on it. */
  chunk?: number;
  /** Called after each chunk with the number of trajectories done. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

/**
 * Runs an accurate plan from fresh latents and keeps where its trajectories begin and pass: what students are distilled
 * to, as in the distillation of AMED (arXiv 2312.00094), whose teacher is a solver on a finer grid. `ROBUST.teacher`
 * is the usual one.
 * @param plan of numbers alone, without columns that a predictor would have to fill
 * @throws FewstepError bad-argument for a count, a seed, a chunk or an index of `at`; bad-shape for a plan with
 *   columns, or one of another dimension; not-finite where the teacher diverges; device-limit; bad-field where a model
 *   of the user's fails
 */
export async function runTeacher(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  options: TeacherOptions,
): Promise<TeacherPool> {
  checkEntries<TeacherOptions>("runTeacher's options", options, {
    count: true,
    seed: true,
    at: false,
    chunk: false,
    onProgress: false,
    signal: false,
  });
  checkPlan(plan);
  const { count, seed, chunk, onProgress, signal } = options;
  const slots = (options.at ?? [plan.times.length - 1]).map((time) => plan.states[time]);
  const begin = performance.now();
  const { kept } = await solve(gpu, field, plan, {
    latents: { batch: count, seed },
    keep: [plan.states[0], ...slots],
    chunk,
    onProgress,
    signal,
  });
  const conditions = conditionsOf(field, count);
  return {
    dim: field.dim,
    latents: kept.get(plan.states[0])!,
    ...(conditions && { conditions }),
    states: slots.map((slot) => kept.get(slot)!),
    evaluations: count * nfeOf(plan),
    seconds: (performance.now() - begin) / 1000,
  };
}

/** @throws FewstepError bad-argument for what is no `TeacherPool`, or one under other conditions than the field's */
export function checkPool(what: string, pool: unknown, field: Field): void {
  if (!(isObject(pool) && Array.isArray(pool.states) && ArrayBuffer.isView(pool.latents))) {
    throw new FewstepError(
      'bad-argument',
      `the ${what} trajectories are ${shown(pool)}, not a TeacherPool`,
      isPromise(pool) ? 'await them' : 'give what runTeacher comes to',
    );
  }
  poolConditions(pool as unknown as TeacherPool, field, what);
}

/**
 * The condition of each trajectory of a pool, of a field that has some.
 * @throws FewstepError bad-argument where they are not the field's
 */
export function poolConditions(
  { latents, dim, conditions }: TeacherPool,
  field: Field,
  what = "teacher's",
): Uint32Array | undefined {
  const fits =
    field.conditions === undefined
      ? conditions === undefined
      : conditions?.length === latents.length / dim && conditions.every((each) => each < field.conditions!);
  if (fits) return conditions && Uint32Array.from(conditions);
  const [own, given] = [field.conditions ?? 'none', conditions ? 'others' : 'none'];
  throw new FewstepError(
    'bad-argument',
    `the ${field.kind} field's conditions are ${own}, and the ${what} trajectories have ${given}`,
    'run the teacher on this very field',
  );
}

/** The trajectories [first, first + count) of a pool. */
export function partOf(pool: TeacherPool, first: number, count: number): TeacherPool {
  const part = (values: Float32Array) => values.subarray(first * pool.dim, (first + count) * pool.dim);
  return {
    ...pool,
    latents: part(pool.latents),
    ...(pool.conditions && { conditions: pool.conditions.subarray(first, first + count) }),
    states: pool.states.map(part),
  };
}

/** Trajectories that untrained candidates are compared on. */
export const SEARCH_TRAJECTORIES = 192;

/** The few trajectories of a pool that suffice for a search. */
export function searchPart(pool: TeacherPool, trajectories = SEARCH_TRAJECTORIES): TeacherPool {
  return partOf(pool, 0, Math.min(trajectories, pool.latents.length / pool.dim));
}

/**
 * Seeds of a distillation's latents, which are none that people sample with: 2^40 and above.
 * @param seed integer from 0 to 2^40
 * @throws FewstepError bad-argument for another
 */
export function poolSeeds(seed: number): { training: number; validation: number } {
  checkBounds("distillation's", { seed }, { seed: whole(0, LARGEST_SEED) });
  const first = 2 ** 40 + 2 * seed;
  return { training: first, validation: first + 1 };
}

/** What students learn from, and what they are chosen by: trajectories of one teacher from latents of their own. */
export interface TeacherPools {
  training: TeacherPool;
  validation: TeacherPool;
}

/**
 * Runs a teacher for both pools of a distillation.
 * @param settings how many trajectories each has, and the seed that `poolSeeds` begins with
 * @throws FewstepError as `runTeacher`
 */
export async function runTeacherTwice(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  settings: Pick<DistillSettings, 'trajectories' | 'validation' | 'seed'>,
  { onProgress, signal }: Pick<TeacherOptions, 'onProgress' | 'signal'> = {},
): Promise<TeacherPools> {
  const { trajectories, validation: others } = settings;
  const seeds = poolSeeds(settings.seed);
  const chunk = Math.max(256, Math.ceil((trajectories + others) / 32));
  const run = (count: number, seed: number, before: number) =>
    runTeacher(gpu, field, plan, {
      ...{ count, seed, chunk, signal },
      onProgress: (done) => onProgress?.(before + done),
    });
  const training = await run(trajectories, seeds.training, 0);
  return { training, validation: await run(others, seeds.validation, trajectories) };
}
