import { unlessAborted } from '../abort.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import {
  answersOfRun,
  checkTrajectoryPredictor,
  type TrajectoryPredictor,
} from '../predictor/trajectory-predictor.js';
import type { Plan, Slot } from '../solver/plan.js';
import { conditionsOf } from './conditions.js';
import type { Executor } from './fused-plan.js';
import {
  batchOf,
  checkChunk,
  checkColumns,
  checkConstants,
  checkKept,
  copyOf,
  hostArray,
  type Latents,
  noiseSeed,
} from './inputs.js';
import { notFinite } from './not-finite.js';
import { runShape } from './run-shape.js';
import { checkSolve } from './solve-check.js';
import { SolveRun } from './solve-run.js';

/** What a plan runs on, and how it is run. */
export interface SolveOptions {
  latents: Latents;
  /** Per-trajectory times and coefficients, [columns, batch], for plans that read them. */
  columns?: ArrayLike<number>;
  /** Who fills the columns of its plan while that runs; then `columns` are not read. */
  predictor?: TrajectoryPredictor;
  /** The condition of each trajectory, [batch], of a field that has some; by default in turn: see `Field.conditions`. */
  conditions?: ArrayLike<number>;
  /**
   * Of the noise that a stochastic plan adds in its steps; by default that of drawn latents, and needed with given
   * ones.
   */
  seed?: number;
  /** One dispatch per operation, one for the whole plan, or whichever is faster (default 'auto'). */
  executor?: Executor;
  /** Slots to return besides the result: states of the grid, points of evaluation. */
  keep?: Iterable<Slot>;
  /** At most so many trajectories at once; by default what the adapter's limits allow. Results do not depend on it. */
  chunk?: number;
  /** Called after each chunk with the number of trajectories done. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

/** What a plan came to on the GPU. */
export interface Solution {
  /** The state at the last time, [batch, dim], in the field's units. */
  samples: Float32Array;
  /** The slots that were asked for, [batch, dim] each. */
  kept: Map<Slot, Float32Array>;
  /** What the predictor answered, [answers, batch]: AMED's r, direction and time of each step; three moves an evaluation. */
  answers?: Float32Array;
  /** Field evaluations really made, per trajectory. */
  evaluations: number;
  /** What ran. */
  executor: Exclude<Executor, 'auto'>;
  /** From the first submit to the last readback, milliseconds. */
  hostMs: number;
  /** Time inside compute passes by timestamp query, milliseconds, where the adapter has it. */
  gpuMs?: number;
}

/**
 * Runs a plan on the GPU, one dispatch per operation or one for all, and one submit per chunk of the batch.
 * @throws FewstepError bad-shape; bad-argument, also where a plan cannot run fused; not-finite, of latents or naming
 *   the first step and how many trajectories; device-limit, out-of-memory; unknown-name for an executor; bad-field where
 *   a predictor or a model of the user's asks for it; shader-compilation for a custom field
 */
export async function solve(gpu: Gpu, field: Field, plan: Plan, options: SolveOptions): Promise<Solution> {
  checkSolve(gpu, field, plan, options);
  const { dim } = field;
  const batch = batchOf(options.latents, dim);
  const latents = { ...copyOf(options.latents), conditions: conditionsOf(field, batch, options.conditions) };
  const { predictor } = options;
  const columns = Float32Array.from(options.columns ?? []);
  if (predictor) checkTrajectoryPredictor(predictor, field, plan);
  else checkColumns(plan, columns, batch);
  const last = plan.states[plan.states.length - 1];
  const keep = new Set<Slot>(options.keep ?? []);
  checkKept(plan, keep);
  checkConstants(plan, dim);
  const seed = noiseSeed(plan, options);
  checkChunk(options.chunk);
  const wanted = [...new Set([last, ...keep])];
  const { executor, chunk, signal } = options;
  const shape = await runShape(gpu, field, plan, { batch, wanted, predictor, seed, executor, chunk, signal });
  const { capacity, fused } = shape;
  const results = new Map(wanted.map((slot) => [slot, hostArray(Float32Array, batch, dim)]));

  const answers = predictor && hostArray(Float32Array, batch, answersOfRun(predictor));
  const run = await SolveRun.create(gpu, field, plan, shape);
  try {
    const begin = performance.now();
    for (let first = 0; first < batch; first += capacity) {
      options.signal?.throwIfAborted();
      const count = Math.min(capacity, batch - first);
      const own = predictor ? columns : chunkOfColumns(columns, plan.columns, batch, first, count);
      await run.submit(first, count, latents, own);
      const collected = run.collect(count, (chunk) => {
        for (const [slot, values] of results) values.set(chunk.values(slot), first * dim);
        for (let row = 0; answers && row * batch < answers.length; row++) {
          answers.set(chunk.answers.subarray(row * count, (row + 1) * count), row * batch + first);
        }
      });
      await unlessAborted(collected, options.signal);
      options.onProgress?.(first + count);
    }
    const { step, trajectories } = await run.status();
    options.signal?.throwIfAborted();
    const hostMs = performance.now() - begin;
    if (trajectories > 0) throw notFinite(step, trajectories, batch);
    return {
      samples: results.get(last)!,
      kept: new Map([...keep].map((slot) => [slot, results.get(slot)!])),
      answers,
      evaluations: run.evaluations,
      executor: fused ? 'fused' : 'stepwise',
      hostMs,
      gpuMs: run.gpuMs,
    };
  } finally {
    run.destroy();
  }
}

function chunkOfColumns(
  columns: Float32Array,
  count: number,
  batch: number,
  first: number,
  rows: number,
): Float32Array {
  const chunk = new Float32Array(count * rows);
  for (let c = 0; c < count; c++)
    chunk.set(columns.subarray(c * batch + first, c * batch + first + rows), c * rows);
  return chunk;
}
