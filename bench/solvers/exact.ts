import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { SigmaRange } from '../../src/grid/grid.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { quantile } from '../../src/metrics/quantile.js';
import type { ProblemResult, Spread } from '../../src/report/results.js';
import type { Plan } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';

/**
 * The solver of the exact end points. Of rk4, ab-4, unipc-3, dpmpp-3m (exact), heun and ipndm-4 at 256 and 512
 * evaluations it had the lowest error against 2,048 steps of rk4 in float64 on every problem of the suite but the
 * smoothest: medians from 4e-7 to 4e-6, where what is compared has errors of 1e-3 and more.
 */
const EXACT_SOLVER = 'unipc-3';

/** Trajectories that are solved in float64 too, fewer where these take longer than `ms` together. */
const FLOAT64 = { trajectories: 8, ms: 10_000 };

export interface ExactOptions {
  batch: number;
  /** Of the latents: trajectory i begins where trajectory i of every cell begins. */
  seed: number;
  /** Evaluations, an even number. */
  nfe: number;
  range: SigmaRange;
  signal?: AbortSignal;
}

export interface ExactSolve {
  plan: Plan;
  /** End points of the exact flow in the field's units, [batch * dim]. */
  endpoints: Float32Array;
  /** How far they may be from the truth, in the field's units. */
  accuracy: ProblemResult['exact'];
}

/** Solves far more accurately than what is compared with it, and measures how accurately. */
export async function solveExactly(gpu: Gpu, field: Field, options: ExactOptions): Promise<ExactSolve> {
  const { batch, seed, nfe, signal } = options;
  const plan = exactPlan(options);
  const latents = { batch, seed };
  const start = plan.states[0];
  const full = await solve(gpu, field, plan, { latents, keep: [start], signal });
  const half = await solve(gpu, field, exactPlan({ ...options, nfe: nfe / 2 }), { latents, signal });
  const float64 = await float64Errors(field, plan, full.kept.get(start)!, full.samples, signal);
  return {
    plan,
    endpoints: full.samples,
    accuracy: {
      solver: EXACT_SOLVER,
      nfe,
      halved: spread(endpointErrors(full.samples, half.samples, field.dim)),
      ...(float64 && { float64: spread(float64) }),
    },
  };
}

/** The end points alone, [batch * dim]. */
export async function exactEndpoints(gpu: Gpu, field: Field, options: ExactOptions): Promise<Float32Array> {
  const { batch, seed, signal } = options;
  const { samples } = await solve(gpu, field, exactPlan(options), { latents: { batch, seed }, signal });
  return samples;
}

function exactPlan({ nfe, range }: ExactOptions): Plan {
  return planFor({ solver: EXACT_SOLVER, nfe, range });
}

/** Distances of the first end points to those of the same plan in float64; undefined without a float64 form. */
async function float64Errors(
  field: Field,
  plan: Plan,
  latents: Float32Array,
  endpoints: Float32Array,
  signal?: AbortSignal,
): Promise<Float64Array | undefined> {
  if (!field.denoise) return undefined;
  const { dim } = field;
  const errors: number[] = [];
  const begin = performance.now();
  for (let i = 0; i < FLOAT64.trajectories && i * dim < latents.length; i++) {
    const row = [i * dim, (i + 1) * dim] as const;
    const { samples } = solveReference(field, plan, { latents: latents.subarray(...row), first: i });
    errors.push(...endpointErrors(endpoints.subarray(...row), samples, dim));
    if (performance.now() - begin > FLOAT64.ms) break;
    await new Promise((resume) => setTimeout(resume)); // for Ctrl-C
    signal?.throwIfAborted();
  }
  return Float64Array.from(errors);
}

function spread(errors: Float64Array): Spread {
  return { median: quantile(errors, 0.5), p95: quantile(errors, 0.95), max: quantile(errors, 1) };
}
