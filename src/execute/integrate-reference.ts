import { FewstepError } from '../errors.js';
import type { Denoise, Divergence, Field } from '../field/field.js';
import { rademacher } from '../rng/rademacher.js';
import { conditionsOf } from './conditions.js';
import { type DivergenceMethod, divergencesOf } from './drift.js';
import {
  checkIntegration,
  INTEGRATION_ENTRIES,
  type Integration,
  type IntegrationRequest,
} from './integration.js';
import {
  CONTROL,
  type Failure,
  firstStep,
  integrationError,
  SMALLEST_STEP,
  type StepPlan,
  stepPlan,
} from './step-control.js';

/** The drift of one trajectory and its divergences, [dim + divergences], at ln sigma. */
type Slope = (time: number, state: Float64Array, out: Float64Array) => void;

/**
 * The same integration in float64 on the CPU, one trajectory after the other: the truth that the GPU is compared with.
 * @throws FewstepError as `integrate`, and bad-field for a field without a float64 form
 */
export function integrateReference(field: Field, request: IntegrationRequest): Integration<Float64Array> {
  const batch = checkIntegration(['integrateReference', INTEGRATION_ENTRIES], field, request);
  const { dim } = field;
  const { states, from, to, divergence = { kind: 'none' } } = request;
  const plan = stepPlan(request.steps);
  const conditions = conditionsOf(field, batch, request.conditions);
  const quantities = divergencesOf(divergence);
  const result: Integration<Float64Array> = {
    states: new Float64Array(batch * dim),
    logDeterminants: Array.from({ length: quantities }, () => new Float64Array(batch)),
    evaluations: new Uint32Array(batch),
    rejected: new Uint32Array(batch),
    shortest: new Float64Array(batch),
  };
  const failures: Failure[] = [];
  for (let row = 0; row < batch; row++) {
    const augmented = new Float64Array(dim + quantities);
    for (let d = 0; d < dim; d++) augmented[d] = states[row * dim + d];
    const slope = slopeOf(field, divergence, row, conditions?.[row]);
    const path = follow(slope, augmented, dim, Math.log(from), Math.log(to), plan);
    if (path.failure) failures.push(path.failure);
    result.states.set(augmented.subarray(0, dim), row * dim);
    for (let q = 0; q < quantities; q++) result.logDeterminants[q][row] = augmented[dim + q];
    result.evaluations[row] = path.evaluations;
    result.rejected[row] = path.rejected;
    result.shortest[row] = path.shortest;
  }
  if (failures.length > 0) throw integrationError(failures, batch);
  return result;
}

/** @throws FewstepError bad-field where the field has no float64 form that does */
function slopeOf(
  field: Field,
  method: DivergenceMethod,
  trajectory: number,
  condition: number | undefined,
): Slope {
  const { dim } = field;
  const split = (state: Float64Array, out: Float64Array) =>
    [state.subarray(0, dim), out.subarray(0, dim)] as const;
  if (method.kind === 'exact') {
    const exact = driftSlope(field, condition);
    return (time, state, out) => {
      const [x, drift] = split(state, out);
      out[dim] = exact(x, Math.exp(time), drift);
    };
  }
  const denoise = float64(field.denoise, field, 'D');
  const drifts = (x: Float64Array, drift: Float64Array, sigma: number) =>
    driftOf(denoise, x, drift, sigma, condition);
  if (method.kind === 'none') return (time, state, out) => drifts(...split(state, out), Math.exp(time));
  const gradient = float64(field.gradient, field, 'its gradient');
  const probes = Array.from({ length: method.probes }, (_, probe) =>
    rademacher(method.seed, trajectory, probe, dim),
  );
  const pulled = new Float64Array(dim);
  return (time, state, out) => {
    const [x, drift] = split(state, out);
    const sigma = Math.exp(time);
    drifts(x, drift, sigma);
    for (const [n, probe] of probes.entries()) {
      gradient(x, sigma, probe, pulled, condition);
      out[dim + n] = probe.reduce((sum, value, d) => sum + value * (value - pulled[d]), 0);
    }
  };
}

/**
 * The drift of a field and its divergence in float64: in closed form, or by a product with each unit vector.
 * @param condition of a field that has several
 * @throws FewstepError bad-field where the field has no float64 form
 */
export function driftSlope(field: Field, condition?: number): Divergence {
  if (field.divergence) return field.divergence;
  const { dim } = field;
  const denoise = float64(field.denoise, field, 'D');
  const gradient = float64(field.gradient, field, 'its gradient');
  const unit = new Float64Array(dim);
  const pulled = new Float64Array(dim);
  return (x, sigma, drift) => {
    driftOf(denoise, x, drift, sigma, condition);
    let divergence = dim;
    for (let d = 0; d < dim; d++) {
      unit.fill(0)[d] = 1;
      gradient(x, sigma, unit, pulled, condition);
      divergence -= pulled[d];
    }
    return divergence;
  };
}

function driftOf(
  denoise: Denoise,
  x: Float64Array,
  drift: Float64Array,
  sigma: number,
  condition: number | undefined,
): void {
  denoise(x, sigma, drift, condition);
  for (let d = 0; d < x.length; d++) drift[d] = x[d] - drift[d];
}

function float64<Form>(form: Form | undefined, { kind }: Field, what: string): Form {
  if (form) return form;
  throw new FewstepError(
    'bad-field',
    `the field '${kind}' has no float64 form of ${what}`,
    'integrate it on the GPU',
  );
}

/** Follows one trajectory; `state` becomes what it ends as. The twin of shaders/adaptive/control.wgsl. */
function follow(slope: Slope, state: Float64Array, dim: number, start: number, end: number, plan: StepPlan) {
  const { tableau, reuses, steps } = plan;
  const { a, b, c } = tableau;
  const path = { evaluations: 0, rejected: 0, shortest: Infinity, failure: undefined as Failure | undefined };
  const slopes = b.map(() => new Float64Array(state.length));
  const proposal = new Float64Array(state.length);
  const combine = (weights: readonly number[], step: number, out: Float64Array) => {
    for (let i = 0; i < state.length; i++) {
      let sum = 0;
      for (let j = 0; j < weights.length; j++) sum += weights[j] * slopes[j][i];
      out[i] = state[i] + step * sum;
    }
  };
  const evaluate = (time: number, at: Float64Array, out: Float64Array) => {
    slope(time, at, out);
    path.evaluations++;
  };
  let time = start;
  let step = steps > 0 ? (end - start) / steps : firstStep(start, end);
  let [before, accepted, retried] = [1, 0, false];
  if (reuses) evaluate(time, state, slopes[0]);
  for (;;) {
    for (let stage = reuses ? 1 : 0; stage < b.length; stage++) {
      combine(a[stage], step, proposal);
      evaluate(time + c[stage] * step, proposal, slopes[stage]);
    }
    combine(b, step, proposal);
    const error = errorOf(state, proposal, slopes, step, dim, plan);
    const fail = (kind: Failure['kind']) => {
      path.failure = { kind, sigma: Math.exp(time) };
      return path;
    };
    if (!Number.isFinite(error)) return fail('broken');
    if (error > 1 && steps === 0) {
      path.rejected++;
      retried = true;
      step *= Math.max(CONTROL.SHRINK, CONTROL.SAFETY * error ** -CONTROL.EXPONENT);
      if (Math.abs(step) < SMALLEST_STEP || accepted + path.rejected >= CONTROL.MOST_ATTEMPTS)
        return fail('stuck');
      continue;
    }
    state.set(proposal);
    path.shortest = Math.min(path.shortest, Math.abs(step));
    accepted++;
    const arrives = Math.abs(end - time - step) <= 0.5 * SMALLEST_STEP;
    time = arrives ? end : time + step;
    if (steps > 0 ? accepted >= steps : arrives) return path;
    if (accepted + path.rejected >= CONTROL.MOST_ATTEMPTS && steps === 0) return fail('stuck');
    if (reuses) slopes[0].set(slopes[b.length - 1]);
    if (steps > 0) {
      step = (end - time) / (steps - accepted);
      continue;
    }
    const { SAFETY, PROPORTIONAL, INTEGRAL, SHRINK, GROW, LEAST_ERROR } = CONTROL;
    const own = Math.max(error, LEAST_ERROR);
    const growth = SAFETY * own ** -PROPORTIONAL * before ** INTEGRAL;
    step *= Math.min(retried ? 1 : GROW, GROW, Math.max(SHRINK, growth));
    [before, retried] = [own, false];
    if (Math.abs(step) * 1.02 >= Math.abs(end - time)) step = end - time;
  }
}

/** In units of the tolerance; see the kernel. */
function errorOf(
  state: Float64Array,
  proposal: Float64Array,
  slopes: readonly Float64Array[],
  step: number,
  dim: number,
  { errors, rtol, atol }: StepPlan,
): number {
  const error = (i: number) => step * errors.reduce((sum, weight, j) => sum + weight * slopes[j][i], 0);
  let squares = 0;
  for (let d = 0; d < dim; d++) {
    if (!Number.isFinite(proposal[d])) return Number.NaN;
    squares += (error(d) / (atol + rtol * Math.max(Math.abs(state[d]), Math.abs(proposal[d])))) ** 2;
  }
  let largest = Math.sqrt(squares / dim);
  for (let i = dim; i < state.length; i++) {
    const change = proposal[i] - state[i];
    largest = Math.max(largest, Math.abs(error(i)) / (atol + rtol * Math.max(1, Math.abs(change))));
  }
  return largest;
}
