import { checkEntries, type Entries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { refuseConditions } from '../execute/conditions.js';
import type { DivergenceMethod } from '../execute/drift.js';
import { integrate } from '../execute/integrate.js';
import { integrateReference } from '../execute/integrate-reference.js';
import type { Integration } from '../execute/integration.js';
import { DEFAULT_TOLERANCE, type StepChoice, stepPlan } from '../execute/step-control.js';
import { checkField } from '../field/check.js';
import type { Field } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { checkSpan, rangeFrom, type SigmaRange } from '../grid/grid.js';
import { rangeWithin } from '../sample-range.js';
import { type PriorName, priorOf } from './prior.js';

/** Whose density, under which prior, and how accurately. */
export interface LogDensityOptions {
  /** States whose density is asked for, [rows, dim], in the field's units. */
  states: ArrayLike<number>;
  /** The density is that of the model at sigma_min; 0.002 to 80 by default. */
  range?: Partial<SigmaRange>;
  /** Exact by default; without a closed form that costs as many products as dimensions at each evaluation. */
  divergence?: Exclude<DivergenceMethod, { kind: 'none' }>;
  /** The condition of each state, [rows], needed for a field that has some: the density is that under it. */
  conditions?: ArrayLike<number>;
  /** By default 1e-6 relative and absolute. */
  steps?: StepChoice;
  /** `latents` by default. */
  prior?: PriorName;
  /** At most so many trajectories at once. Results do not depend on it. */
  chunk?: number;
  /** Called now and then with the number of trajectories done. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

const ENTRIES: Entries<LogDensityOptions> = {
  ...{ states: true, range: false, divergence: false, steps: false, prior: false, conditions: false },
  ...{ chunk: false, onProgress: false, signal: false },
};

/** Log-densities, and what they took. */
export interface LogDensity {
  /** ln p of each state in the field's units, [rows], nats; of several probes their mean. */
  logDensity: Float64Array;
  /** Its standard error over the probes, [rows], where there are at least two. */
  probeError?: Float64Array;
  /** The states at sigma_max, [rows, dim], in the field's units. */
  latents: Float32Array | Float64Array;
  /** Evaluations made for each trajectory, rejected steps' among them, [rows]. */
  evaluations: Uint32Array;
  /** Steps tried in vain, [rows]. */
  rejected: Uint32Array;
  /** As they were used, defaults filled in. */
  range: SigmaRange;
  prior: PriorName;
  /** From the first submit to the last readback, milliseconds. */
  hostMs: number;
}

/**
 * The log-density of states under the model: the density at sigma_min of what the diffusion ODE carries there from the
 * prior at sigma_max (Score-SDE, arXiv 2011.13456, appendix D):
 *
 *   ln p(x) = ln prior(x_T) + integral from ln sigma_min to ln sigma_max of div (x - D) d ln sigma
 *
 * With probes the divergence, hence ln p, is an unbiased estimate (FFJORD, arXiv 1810.01367).
 * @throws FewstepError as `integrate`; bad-argument for a range or a lack of conditions, unknown-name for a prior; as `fieldFigures` where the
 *   prior 'gaussian' needs moments that the field does not know
 */
export async function logDensity(gpu: Gpu, field: Field, options: LogDensityOptions): Promise<LogDensity> {
  checkGpu(gpu);
  const request = requestOf('logDensity', field, options);
  const { chunk, onProgress, signal } = options;
  // Whoever gave them may write others there meanwhile.
  const states = Float32Array.from(options.states);
  const prior = await priorOf(gpu, field, request.prior, request.range, signal);
  const run = { ...request.integration, states, chunk, onProgress, signal };
  const integration = await integrate(gpu, field, run);
  const { hostMs } = integration;
  return { ...densityOf(integration, (row) => prior(integration.states, row)), ...named(request), hostMs };
}

/**
 * The same in float64 on the CPU.
 * @throws FewstepError as `logDensity`; bad-field for a field without a float64 form, or whose moments are not known
 */
export async function logDensityReference(field: Field, options: LogDensityOptions): Promise<LogDensity> {
  const request = requestOf('logDensityReference', field, options);
  const states = Float64Array.from(options.states);
  const prior = await priorOf(undefined, field, request.prior, request.range);
  const begin = performance.now();
  const integration = integrateReference(field, { ...request.integration, states });
  const hostMs = performance.now() - begin;
  return { ...densityOf(integration, (row) => prior(integration.states, row)), ...named(request), hostMs };
}

type Request = ReturnType<typeof requestOf>;

/** A request with its defaults, which needs no device to be checked. */
function requestOf(who: string, field: Field, options: LogDensityOptions) {
  checkField(field);
  checkEntries(`${who}'s options`, options, ENTRIES);
  const { divergence = { kind: 'exact' }, steps = DEFAULT_TOLERANCE, prior = 'latents' } = options;
  rangeFrom(options.range);
  const range = rangeWithin(field, options.range);
  checkSpan(range);
  stepPlan(steps);
  const { conditions } = options;
  if (prior === 'gaussian') refuseConditions(field, 'the Gaussian prior');
  if (field.conditions !== undefined && conditions === undefined) {
    throw new FewstepError(
      'bad-argument',
      `the ${field.kind} field has ${field.conditions} conditions, and it is not said which one each state has`,
      'give conditions, one a state',
    );
  }
  const { sigmaMin: from, sigmaMax: to } = range;
  return { range, prior, integration: { from, to, divergence, steps, conditions } };
}

function named({ range, prior }: Request) {
  return { range, prior };
}

/** @param priorAt ln prior of the end of a row */
function densityOf(
  { states, logDeterminants, evaluations, rejected }: Integration<Float32Array | Float64Array>,
  priorAt: (row: number) => number,
) {
  const probes = logDeterminants.length;
  const rows = evaluations.length;
  const density = new Float64Array(rows);
  const probeError = probes > 1 ? new Float64Array(rows) : undefined;
  for (let row = 0; row < rows; row++) {
    const values = logDeterminants.map((estimates) => estimates[row]);
    const mean = values.reduce((sum, value) => sum + value, 0) / probes;
    density[row] = priorAt(row) + mean;
    if (!probeError) continue;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    probeError[row] = Math.sqrt(squares / (probes - 1) / probes);
  }
  return { logDensity: density, ...(probeError && { probeError }), latents: states, evaluations, rejected };
}
