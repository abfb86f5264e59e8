import { hostTurns } from '../execute/host-turns.js';
import { solveReference } from '../execute/reference.js';
import type { Field } from '../field/field.js';
import { endpointErrors } from '../metrics/endpoint-errors.js';
import { drawLatents } from '../rng/latents.js';
import { nfeOf, type Plan } from '../solver/plan.js';
import type { TeacherOptions, TeacherPool } from './pool.js';
import { DIVERGED, type Score, scoreOfErrors, unlessDiverged } from './score.js';

/**
 * What `runTeacher` does, in float64 and without a GPU: the same trajectories up to rounding.
 * @throws FewstepError bad-field where the field has no float64 form; not-finite
 */
export async function runTeacherOnHost(
  field: Field,
  plan: Plan,
  { count, seed, onProgress, signal }: Pick<TeacherOptions, 'count' | 'seed' | 'onProgress' | 'signal'>,
): Promise<TeacherPool> {
  const begin = performance.now();
  const latents = Float32Array.from(drawLatents(seed, 0, count, field.dim, plan.times[0]));
  const states = [await endsOf(field, plan, latents, { signal, onProgress })];
  const seconds = (performance.now() - begin) / 1000;
  return { dim: field.dim, latents, states, evaluations: count * nfeOf(plan), seconds };
}

/** What `scoreOf` does, in float64 and without a GPU. @throws FewstepError bad-field as `runTeacherOnHost` */
export async function scoreOnHost(
  field: Field,
  plan: Plan,
  pool: TeacherPool,
  signal?: AbortSignal,
): Promise<Score> {
  const ends = await unlessDiverged(() => endsOf(field, plan, pool.latents, { signal }));
  return ends ? scoreOfErrors(endpointErrors(ends, pool.states[pool.states.length - 1], pool.dim)) : DIVERGED;
}

async function endsOf(
  field: Field,
  plan: Plan,
  latents: Float32Array,
  { signal, onProgress }: Pick<TeacherOptions, 'signal' | 'onProgress'>,
): Promise<Float32Array> {
  const { dim } = field;
  const turn = hostTurns(signal, onProgress);
  const ends = new Float32Array(latents.length);
  for (let at = 0; at < latents.length; at += dim) {
    ends.set(solveReference(field, plan, { latents: latents.subarray(at, at + dim) }).samples, at);
    await turn(at / dim + 1);
  }
  onProgress?.(latents.length / dim);
  return ends;
}
