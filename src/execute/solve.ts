import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import {
  answersOfRun,
  checkTrajectoryPredictor,
  slotsReadBy,
  type TrajectoryPredictor,
} from '../predictor/trajectory-predictor.js';
import { allocate, type Plan, type Slot } from '../solver/plan.js';
import { type Executor, fusedMemory, fusedPlan } from './fused-plan.js';
import { checkColumns, checkKept, checkWhole, type Latents, noiseSeed, rowsOf } from './inputs.js';
import { notFinite } from './not-finite.js';
import { SolveRun } from './solve-run.js';

export interface SolveOptions {
  latents: Latents;
  /** Per-trajectory times and coefficients, [columns, batch], for plans that read them. */
  columns?: ArrayLike<number>;
  /** Who fills the columns of its plan while that runs. */
  predictor?: TrajectoryPredictor;
  /** Of the noise that a stochastic plan adds in its steps; by default that of drawn latents. */
  seed?: number;
  /** One dispatch per operation, one for the whole plan, or whichever is faster (default 'auto'): `fusedPlan`. */
  executor?: Executor;
  /** Slots to return besides the result: states of the grid, points of evaluation. */
  keep?: Iterable<Slot>;
  /** At most so many trajectories at once; by default what the adapter's limits allow. Results do not depend on it. */
  chunk?: number;
  /** Called after each chunk with the number of trajectories done. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

export interface Solution {
  /** The state at the last time, [batch, dim], in the field's units. */
  samples: Float32Array;
  /** The slots that were asked for. */
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
 * @throws FewstepError bad-shape, bad-argument (also where a plan cannot run fused), not-finite (naming the first step and how many trajectories),
 *   device-limit
 */
export async function solve(gpu: Gpu, field: Field, plan: Plan, options: SolveOptions): Promise<Solution> {
  const { dim } = field;
  const batch = batchOf(options.latents, dim);
  const { predictor } = options;
  const columns = Float32Array.from(options.columns ?? []);
  if (predictor) checkTrajectoryPredictor(predictor, field, plan);
  else checkColumns(plan, columns, batch);
  const last = plan.states[plan.states.length - 1];
  const keep = new Set<Slot>(options.keep ?? []);
  checkKept(plan, keep);
  const seed = noiseSeed(plan, options);
  if (options.chunk !== undefined) checkWhole('chunk', options.chunk, 1);
  const wanted = [...new Set([last, ...keep])];
  const chosen = await fusedPlan(gpu, field, plan, options.executor ?? 'auto', predictor);
  const fused = chosen && { plan: chosen, memory: fusedMemory(chosen, plan, wanted) };
  const { place, places } = fused?.memory ?? allocate(plan, keep, predictor && slotsReadBy(predictor));
  // Inside a fused kernel answers stand behind the columns.
  const columnRows = plan.columns + (chosen?.predictor ? answersOfRun(chosen.predictor) : 0);
  const capacity = Math.min(batch, options.chunk ?? Infinity, largestChunk(gpu, dim, places, columnRows));
  const results = new Map(wanted.map((slot) => [slot, new Float32Array(batch * dim)]));

  const answers = predictor && new Float32Array(answersOfRun(predictor) * batch);
  const shape = { dim, capacity, place, places, columnRows, wanted, predictor, seed, fused };
  const run = await SolveRun.create(gpu, field, plan, shape);
  try {
    const begin = performance.now();
    for (let first = 0; first < batch; first += capacity) {
      options.signal?.throwIfAborted();
      const count = Math.min(capacity, batch - first);
      const own = predictor ? columns : chunkOfColumns(columns, plan.columns, batch, first, count);
      run.submit(first, count, options.latents, own);
      await run.collect(count, (slot, values) => results.get(slot)!.set(values, first * dim));
      if (answers) {
        const rows = (await run.answers(count))!;
        for (let row = 0; row * batch < answers.length; row++) {
          answers.set(rows.subarray(row * count, (row + 1) * count), row * batch + first);
        }
      }
      options.onProgress?.(first + count);
    }
    const { step, trajectories } = await run.status();
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

function batchOf(latents: Latents, dim: number): number {
  if ('values' in latents) return rowsOf(latents.values, dim);
  checkWhole('batch', latents.batch, 1);
  checkWhole('seed', latents.seed, 0);
  return latents.batch;
}

/** A slot array beyond this gains nothing, and memory is not ours alone. */
const ENOUGH_BYTES = 2 ** 30;

function largestChunk(gpu: Gpu, dim: number, places: number, columns: number): number {
  const bytes = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize, ENOUGH_BYTES);
  // A slot starts at a multiple of 256 bytes.
  const bySlots = Math.floor((bytes / places - 256) / (dim * 4));
  const byColumns = Math.floor(bytes / (4 * Math.max(1, columns)));
  const chunk = Math.min(bySlots, byColumns);
  if (chunk >= 1) return chunk;
  throw new FewstepError(
    'device-limit',
    `one trajectory of ${dim} numbers in ${places} slots exceeds a binding of ${bytes} bytes`,
    'use a solver with a shorter history, or an adapter with larger bindings',
  );
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
