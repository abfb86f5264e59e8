import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { answersOfRun, slotsReadBy, type TrajectoryPredictor } from '../predictor/trajectory-predictor.js';
import { allocate, isStochastic, nfeOf, type Plan, type Slot } from '../solver/plan.js';
import { type Executor, type FusedMemory, type FusedPlan, fusedMemory, fusedPlan } from './fused-plan.js';
import { type PlacedRepeats, placedRepeats, type Repeats } from './repeats.js';
import { trajectoryBytes } from './run-bytes.js';

/** What a run of a plan needs to be allocated: who executes it, and where its slots are. */
export interface RunShape {
  dim: number;
  /** Trajectories there is room for. */
  capacity: number;
  place: number[];
  places: number;
  /** Rows of the columns' buffer. */
  columnRows: number;
  /** Slots that are there after the run. */
  wanted: Slot[];
  /** Whether each chunk's are copied for the host. */
  reads: boolean;
  /** The plan in one dispatch, and then its own use of the places. */
  fused?: { plan: FusedPlan; memory: FusedMemory };
  /** Who fills the columns while the plan runs. */
  predictor?: TrajectoryPredictor;
  /** What need not be done for all trajectories, stepwise. */
  repeats?: PlacedRepeats;
  /** Of the random numbers that the plan draws. */
  seed: number;
  signal?: AbortSignal;
}

/** What is asked of a run, its latents aside. */
export interface RunRequest {
  batch: number;
  wanted: Slot[];
  /** Default true. */
  reads?: boolean;
  predictor?: TrajectoryPredictor;
  seed: number;
  /** Default 'auto'. */
  executor?: Executor;
  /** At most so many trajectories at once. */
  chunk?: number;
  /**
   * What need not be done for all trajectories: used where the run is stepwise, asks no predictor, draws no noise, and is of
   * all of the batch at once.
   */
  repeats?: Repeats;
  /** Whether the run is made again and again, so that what compiling takes does not count. */
  prepared?: boolean;
  /** Heeded between evaluations outside of the device. */
  signal?: AbortSignal;
}

/**
 * Chooses the executor of a plan and places its slots, for as much of the batch as fits at once.
 * @throws FewstepError bad-argument where it cannot run fused and is to, device-limit where not even one trajectory fits
 */
export async function runShape(gpu: Gpu, field: Field, plan: Plan, request: RunRequest): Promise<RunShape> {
  const {
    batch,
    wanted,
    reads = true,
    predictor,
    seed,
    executor = 'auto',
    chunk = Infinity,
    repeats,
    prepared,
    signal,
  } = request;
  const { dim } = field;
  const evaluations = prepared ? Number.POSITIVE_INFINITY : batch * nfeOf(plan);
  const chosen = await fusedPlan(gpu, field, plan, executor, predictor, evaluations);
  const fused = chosen && { plan: chosen, memory: fusedMemory(chosen, plan, wanted) };
  const { place, places } = fused?.memory ?? allocate(plan, wanted, predictor && slotsReadBy(predictor));
  // Inside a fused kernel answers stand behind the columns.
  const columnRows = plan.columns + (chosen && predictor ? answersOfRun(predictor) : 0);
  const own = predictor ? trajectoryBytes(predictor, chosen !== undefined) : 0;
  const capacity = Math.min(batch, chunk, largestChunk(gpu, dim, places, Math.max(4 * columnRows, own)));
  return {
    ...{ dim, capacity, place, places, columnRows, wanted, reads, predictor, seed, fused, signal },
    ...(repeats &&
      !fused &&
      !predictor &&
      capacity === batch &&
      !isStochastic(plan) && { repeats: placedRepeats(plan, repeats, batch, wanted) }),
  };
}

/** A slot array beyond this gains nothing, and memory is not ours alone. */
const ENOUGH_BYTES = 2 ** 30;

/** @param others bytes of a trajectory in the largest buffer besides the slots */
function largestChunk(gpu: Gpu, dim: number, places: number, others: number): number {
  const bytes = Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize, ENOUGH_BYTES);
  // A slot starts at a multiple of 256 bytes.
  const bySlots = Math.floor((bytes / places - 256) / (dim * 4));
  const byOthers = Math.floor(bytes / Math.max(4, others));
  const chunk = Math.min(bySlots, byOthers);
  if (chunk >= 1) return chunk;
  throw new FewstepError(
    'device-limit',
    `one trajectory of ${dim} numbers in ${places} slots exceeds a binding of ${bytes} bytes`,
    'use a solver with a shorter history, or an adapter with larger bindings',
  );
}
