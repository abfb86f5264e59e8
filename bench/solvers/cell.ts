import type { Executor } from '../../src/execute/fused-plan.js';
import { type Solution, solve } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import { answerSpread } from '../../src/metrics/answer-spread.js';
import type { DistributionReference } from '../../src/metrics/distribution-reference.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { summarize } from '../../src/metrics/summary.js';
import type { Cell } from '../../src/report/results.js';
import { isStochastic, nfeOf } from '../../src/solver/plan.js';
import { minMedianMax } from '../spread.js';
import { identityOf, type Row } from './rows.js';
import { type SolvableContext, solvable } from './solvable.js';

/** What all cells of one problem and seed are measured with. */
export interface CellContext extends SolvableContext {
  problem: string;
  batch: number;
  seed: number;
  /** End points of the exact flow, [batch * dim], in the field's units as all samples are. */
  endpoints: Float32Array;
  /** Gives distances in the data's units. */
  reference: DistributionReference;
  /** One of the field's units in the data's. */
  unit: number;
  /** Wall time in which the solve is repeated for its timing. */
  timingMs: number;
  /** Default 'auto'. */
  executor?: Executor;
}

/** Solves one row at one NFE, compares it with the exact flow and the true distribution, and times it. */
export async function measureCell(context: CellContext, row: Row, nfe: number): Promise<Cell> {
  const { gpu, batch, seed, endpoints, reference, unit, timingMs, executor } = context;
  const { plan, inputs, times, universal, field = context.field } = await solvable(context, row, nfe);
  const options = { latents: { batch, seed }, ...inputs(batch, seed), executor };
  const solved = () => solve(gpu, field, plan, options);
  const compiled = gpu.compiled;
  let begin = performance.now();
  const first = await solved();
  // Samples are those of any run, and a timing that of runs for which nothing was compiled.
  const runs: Solution[] = [];
  if (gpu.compiled === compiled && !isHeldUp(field, first)) runs.push(first);
  else begin = performance.now();
  while (runs.length === 0 || performance.now() - begin < timingMs) runs.push(await solved());

  // Neither follows the flow of its latents: what draws noise, and a generator, which begins elsewhere.
  const follows = !isStochastic(plan) && row.answers !== 'generator';
  const errors = !follows
    ? undefined
    : endpointErrors(first.samples, endpoints, field.dim).map((error) => unit * error);
  const hostMs = minMedianMax(runs.map((run) => run.hostMs));
  const gpuMs = runs.flatMap((run) => run.gpuMs ?? []);
  return {
    problem: context.problem,
    ...identityOf(row.answers ? row : { ...row, solver: plan.solver }),
    ...(times && { times: [...times] }),
    ...(universal && { universal }),
    // Of AMED's networks; what those of a bespoke solver move has other names.
    ...(first.answers && options.predictor?.kind === 'amed' && { steps: answerSpread(first.answers, batch) }),
    nfe: nfeOf(plan),
    seed,
    evaluations: first.evaluations,
    executor: first.executor,
    ...(errors && { error: summarize(errors) }),
    distances: reference.compare(first.samples),
    timing: {
      repeats: runs.length,
      hostMs,
      ...(gpuMs.length > 0 && { gpuMs: minMedianMax(gpuMs) }),
      trajectoriesPerSecond: (1000 * batch) / hostMs[1],
    },
  };
}

/** More than this beside twice the GPU's time is no overhead of a solve, milliseconds. */
const OVERHEAD_MS = 50;

/** Whether a run waited for something else than the GPU, or a model of the user's: for a driver that compiled, mostly. */
function isHeldUp({ kind }: Field, { hostMs, gpuMs }: Solution): boolean {
  return kind !== 'external' && gpuMs !== undefined && hostMs > 2 * gpuMs + OVERHEAD_MS;
}
