import { FewstepError } from './errors.js';
import { conditionsOf } from './execute/conditions.js';
import { hostTurns } from './execute/host-turns.js';
import { hostArray } from './execute/inputs.js';
import { type ReferenceOptions, type ReferenceSolution, solveReference } from './execute/reference.js';
import type { Field } from './field/field.js';
import { undoScaling } from './io/scaling.js';
import type { FieldDoubt } from './predictor/field-doubt.js';
import { answersOfRun } from './predictor/trajectory-predictor.js';
import { drawLatents } from './rng/latents.js';
import { inRange, type SampleRequest } from './sample.js';
import { doubtOf } from './sample-doubt.js';
import { runOf } from './sample-plan.js';
import { checkSigmaRange } from './sample-range.js';
import { checkSampleRequest } from './sample-request.js';
import { resolveUniversal } from './sample-universal.js';
import type { SearchCost } from './search/gits.js';
import type { Plan } from './solver/plan.js';
import type { UniversalKind } from './solver/universal.js';

/** What `sampleReference` made, in float64. */
export interface ReferenceSampleResult {
  /** [batch, dim], in the data's own units. */
  samples: Float64Array;
  /** What a network answered, [answers, batch]: as of `solve`. */
  answers?: Float64Array;
  /** Field evaluations really made, per trajectory. */
  evaluations: number;
  /** Of the trajectories, milliseconds. */
  hostMs: number;
  /** The plan that was run. */
  plan: Plan;
  /** Where the predictor came with the fingerprint of another field than this one: how it may differ in what it does. */
  doubt?: FieldDoubt;
  /** Of `bespoke` alone: which universal table ran, by what it was trained over. */
  universal?: UniversalKind;
  /** What it took to choose that. */
  search?: SearchCost;
  /** With `trajectory`: the state at each time of the grid, each [batch, dim], in the data's own units. */
  trajectory?: Float64Array[];
}

/**
 * What `sample` does, in float64 on the CPU and without a GPU: the same request gives the same trajectories up
 * to float32's rounding. It is the truth to compare with, not a fast way to sample.
 *
 * @throws FewstepError as `sample`; bad-field where the field has no float64 form, or for `bespoke` alone where its
 *   data's figures are not known; bad-grid for the grid 'gits'; not-finite naming the trajectory
 */
export async function sampleReference(wanted: SampleRequest): Promise<ReferenceSampleResult> {
  const batch = checkSampleRequest('sampleReference', wanted);
  const asked = inRange(wanted);
  const { field, seed = 0, onProgress, onSearch, signal } = asked;
  // Whoever gave them may write others there meanwhile.
  const given = asked.latents && Float64Array.from(asked.latents);
  const conditions = conditionsOf(field, batch, asked.conditions);
  const { request, kind, search } = await resolveUniversal(undefined, field, asked, signal, onSearch);
  const { plan, predictor } = runOf(request);
  checkSigmaRange(field, plan);
  const doubt = await doubtOf(undefined, field, asked);
  const { dim } = field;
  const keep = request.trajectory ? plan.states : [];
  const samples = hostArray(Float64Array, batch, dim);
  const latents = given ?? drawLatents(seed, 0, batch, dim, plan.times[0]);
  const trajectory = keep.map(() => hostArray(Float64Array, batch, dim));
  const answers = predictor && hostArray(Float64Array, batch, answersOfRun(predictor));
  let evaluations = 0;

  const begin = performance.now();
  const turn = hostTurns(signal, onProgress);
  for (let i = 0; i < batch; i++) {
    const row = Float64Array.from({ length: dim }, (_, d) => latents[i * dim + d]);
    const own = { latents: row, seed, first: i, conditions: conditions?.subarray(i, i + 1) };
    const solution = solveTrajectory(field, plan, { ...own, predictor, keep });
    solution.answers?.forEach((value, k) => {
      answers![k * batch + i] = value;
    });
    samples.set(solution.samples, i * dim);
    for (const [n, slot] of keep.entries()) trajectory[n].set(solution.kept.get(slot)!, i * dim);
    evaluations = solution.evaluations;
    await turn(i + 1);
  }
  onProgress?.(batch);
  const inDataUnits = (values: Float64Array) => (field.scaling ? undoScaling(field.scaling, values) : values);
  return {
    samples: inDataUnits(samples),
    answers,
    evaluations,
    hostMs: performance.now() - begin,
    plan,
    ...(doubt && { doubt }),
    ...(kind && { universal: kind }),
    ...(search && { search }),
    trajectory: request.trajectory ? trajectory.map(inDataUnits) : undefined,
  };
}

/** One trajectory; an error says which. */
function solveTrajectory(
  field: Field,
  plan: Plan,
  options: ReferenceOptions & { first: number },
): ReferenceSolution {
  try {
    return solveReference(field, plan, options);
  } catch (error) {
    if (!(error instanceof FewstepError) || error.code !== 'not-finite') throw error;
    throw new FewstepError(error.code, `trajectory ${options.first}: ${error.message}`, error.remedy, {
      cause: error,
    });
  }
}
