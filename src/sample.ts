import type { Executor } from './execute/fused-plan.js';
import { copyOf } from './execute/inputs.js';
import { type Solution, solve } from './execute/solve.js';
import type { Field } from './field/field.js';
import { checkGpu } from './gpu/check.js';
import type { Gpu } from './gpu/gpu.js';
import { undoScaling } from './io/scaling.js';
import type { FieldDoubt } from './predictor/field-doubt.js';
import { doubtOf } from './sample-doubt.js';
import { runOf, type StudentRequest } from './sample-plan.js';
import { checkSigmaRange, rangeWithin } from './sample-range.js';
import { checkSampleRequest } from './sample-request.js';
import { checkUniversal, isUniversal, resolveUniversal } from './sample-universal.js';
import type { SearchCost } from './search/gits.js';
import { checkableGrid, type ResolvedGrid, resolveGrid } from './search/resolve-grid.js';
import type { Plan } from './solver/plan.js';
import type { UniversalKind } from './solver/universal.js';

/** What is sampled, by what, and how many of it. */
export interface SampleRequest extends StudentRequest {
  field: Field;
  /** Trajectories to draw latents for, 64 by default; with `latents` as many as they have. */
  batch?: number;
  /**
   * Seed of the latents and of the noise that a sampler of the SDE adds, 0 by default: a trajectory's noise depends on
   * it and on its own index alone.
   */
  seed?: number;
  /**
   * x at the first time, [batch, dim], in place of drawn noise: in the field's units, while samples and trajectories are
   * in the data's. Where the field has a scaling, `applyScaling(field.scaling, x)` brings x from the data's units.
   */
  latents?: ArrayLike<number>;
  /** The condition of each trajectory, [batch], of a field that has some; by default in turn: see `Field.conditions`. */
  conditions?: ArrayLike<number>;
  /** Whether to return the state at every time of the grid; by default not. */
  trajectory?: boolean;
  /** How the plan runs, by default 'auto': see `solve`. */
  executor?: Executor;
  /** At most so many trajectories at once, for progress and a quick stop. Results do not depend on it. */
  chunk?: number;
  /** Called now and then with the number of trajectories done. */
  onProgress?: (done: number) => void;
  /**
   * Called now and then while a grid is searched on the field, its data's mean and spread are measured, or then universal
   * tables are compared, before any trajectory is drawn: with how many of the search's own trajectories are done, of how
   * many.
   */
  onSearch?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** What `sample` made: a `Solution` in the data's own units. */
export interface SampleResult extends Omit<Solution, 'kept'> {
  /**
   * The state at the last time, [batch, dim], in the data's own units: where the field has a scaling, that is undone.
   */
  samples: Float32Array;
  /** The plan that was run; `nfeOf` it is what was asked for. */
  plan: Plan;
  /** Where the predictor came with the fingerprint of another field than this one: how it may differ in what it does. */
  doubt?: FieldDoubt;
  /**
   * What the search of the grid took, where it was searched on the field; or the data's mean and spread, and the choice of
   * a universal table.
   */
  search?: SearchCost;
  /** Of `bespoke` alone: which universal table ran, by what it was trained over. */
  universal?: UniversalKind;
  /** With `trajectory`: the state at each time of the grid, each [batch, dim], in the data's own units. */
  trajectory?: Float32Array[];
}

/**
 * Samples a field: latents, a plan for exactly the NFE (a solver's, what a predictor learned, or for `bespoke` alone a
 * universal table), and one run of it on the GPU. Samples are in the data's own units.
 * @throws FewstepError for an impossible request, before anything runs: unknown-name, bad-argument, bad-grid, bad-shape,
 *   unreachable-nfe, bad-field; also for a grid through noise levels that the field does not know (bad-argument), and
 *   for a stored predictor of another field where more than a part of it would be wrong (bad-field). Then
 *   not-finite, device-limit, out-of-memory, and bad-field where a model of the user's fails
 */
export async function sample(gpu: Gpu, given: SampleRequest): Promise<SampleResult> {
  checkGpu(gpu);
  checkSampleRequest('sample', given);
  const asked = inRange(given);
  const { field, batch = 64, seed = 0, executor, chunk, onProgress, onSearch, signal } = asked;
  const latents = copyOf(asked.latents ? { values: asked.latents } : { batch, seed });
  const conditions = asked.conditions && Uint32Array.from(asked.conditions);
  // Measuring the field, or searching a grid on it, costs many evaluations: whatever can be refused is refused before.
  if (isUniversal(asked)) checkUniversal(asked);
  else checkSigmaRange(field, runOf({ ...asked, grid: asked.grid && checkableGrid(asked.grid) }).plan);
  const doubt = await doubtOf(gpu, field, asked);
  const universal = await resolveUniversal(gpu, field, asked, signal, onSearch);
  const { request } = universal;
  const resolved: ResolvedGrid =
    request.predictor || request.plan
      ? { grid: request.grid }
      : await resolveGrid(gpu, field, request, signal, onSearch);
  const { plan, predictor } = runOf({ ...request, grid: resolved.grid });
  checkSigmaRange(field, plan);
  const search = universal.search ?? resolved.search;
  const keep = request.trajectory ? plan.states : [];
  const options = { latents, conditions, predictor, seed, keep, executor, chunk, onProgress, signal };
  const { kept, ...solution } = await solve(gpu, field, plan, options);
  const inDataUnits = (values: Float32Array) => (field.scaling ? undoScaling(field.scaling, values) : values);
  return {
    ...solution,
    plan,
    ...(doubt && { doubt }),
    ...(search && { search }),
    ...(universal.kind && { universal: universal.kind }),
    samples: inDataUnits(solution.samples),
    trajectory: request.trajectory ? plan.states.map((slot) => inDataUnits(kept.get(slot)!)) : undefined,
  };
}

/** A copy of a request, with the noise levels that its field knows; a predictor and a plan have their own. */
export function inRange(request: SampleRequest): SampleRequest {
  const { field, range, predictor, plan } = request;
  return { ...request, ...(!predictor && !plan && { range: rangeWithin(field, range) }) };
}
