import { type Solution, solve } from '../src/execute/stepwise.js';
import type { Field } from '../src/field/field.js';
import type { Gpu } from '../src/gpu/gpu.js';
import type { SigmaRange } from '../src/grid/grid.js';
import type { DistributionReference } from '../src/metrics/distribution-reference.js';
import { endpointErrors } from '../src/metrics/endpoint-errors.js';
import { summarize } from '../src/metrics/summary.js';
import type { Cell } from '../src/report/results.js';
import { resolveGrid } from '../src/search/resolve-grid.js';
import { nfeOf } from '../src/solver/plan.js';
import { planFor } from '../src/solver/plan-for.js';
import { minMedianMax } from './spread.js';
import type { Row } from './suites.js';

/** What all cells of one problem and seed are measured with. */
export interface CellContext {
  gpu: Gpu;
  problem: string;
  field: Field;
  range: SigmaRange;
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
}

/** Solves one row at one NFE, compares it with the exact flow and the true distribution, and times it. */
export async function measureCell(context: CellContext, row: Row, nfe: number): Promise<Cell> {
  const { gpu, field, range, batch, seed, endpoints, reference, unit, timingMs } = context;
  const { grid, search } = await resolveGrid(gpu, field, { ...row, range });
  const plan = planFor({ ...row, grid, nfe, range });
  const latents = { batch, seed };
  // Every kernel has been compiled for the exact flow, so the first run is as good as the next.
  const runs: Solution[] = [];
  const begin = performance.now();
  do runs.push(await solve(gpu, field, plan, { latents }));
  while (performance.now() - begin < timingMs);

  const [first] = runs;
  const errors = endpointErrors(first.samples, endpoints, field.dim).map((error) => unit * error);
  const hostMs = minMedianMax(runs.map((run) => run.hostMs));
  const gpuMs = runs.flatMap((run) => run.gpuMs ?? []);
  return {
    problem: context.problem,
    solver: plan.solver,
    grid: row.grid,
    ...(search && { times: [...plan.times] }),
    afs: row.afs,
    nfe: nfeOf(plan),
    seed,
    evaluations: first.evaluations,
    error: summarize(errors),
    distances: reference.compare(first.samples),
    timing: {
      repeats: runs.length,
      hostMs,
      ...(gpuMs.length > 0 && { gpuMs: minMedianMax(gpuMs) }),
      trajectoriesPerSecond: (1000 * batch) / hostMs[1],
    },
  };
}
