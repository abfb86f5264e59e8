import { checkEntries } from '../arguments.js';
import { checkField } from '../field/check.js';
import { type Field, preparedAnywhere } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { TIMESTAMP_BYTES } from '../gpu/timer.js';
import {
  checkTrajectoryPredictor,
  type TrajectoryPredictor,
  trajectoryPassBytes,
} from '../predictor/trajectory-predictor.js';
import { checkPlan, type Plan, type Slot } from '../solver/plan.js';
import { turnsOf } from './fused-pass.js';
import { checkExecutor, type Executor } from './fused-plan.js';
import { checkKept, checkWhole } from './inputs.js';
import { runBytes } from './run-bytes.js';
import { type RunShape, runShape } from './run-shape.js';

/** What is to be solved, as `solve` takes it. */
export interface SolveMemoryRequest {
  /** Trajectories. */
  batch: number;
  predictor?: TrajectoryPredictor;
  /** Slots to return besides the result. */
  keep?: Iterable<Slot>;
  /** 'auto' by default. */
  executor?: Executor;
  /** At most so many trajectories at once; by default what the adapter's limits allow. */
  chunk?: number;
}

/** Memory on the device that a solve takes while it runs, bytes. */
export interface SolveMemory {
  executor: Exclude<Executor, 'auto'>;
  /** Trajectories at once: a larger batch is split. */
  capacity: number;
  /** Of each of its buffers, by what it is for. */
  buffers: Record<string, number>;
  /** Of all of them. What the field itself has on the device, once for all solves, is not in it. */
  total: number;
}

/**
 * What `solve` is going to allocate; the field is uploaded and compiled for that, as the solve would do.
 * @throws FewstepError bad-argument, bad-shape, bad-field, device-limit as `solve`
 */
export async function solveMemory(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  request: SolveMemoryRequest,
): Promise<SolveMemory> {
  checkGpu(gpu);
  checkField(field);
  checkPlan(plan);
  checkEntries<SolveMemoryRequest>("solveMemory's request", request, {
    batch: true,
    predictor: false,
    keep: false,
    executor: false,
    chunk: false,
  });
  const { batch, predictor, keep = [], executor, chunk } = request;
  checkExecutor(executor);
  checkWhole('batch', batch, 1);
  if (chunk !== undefined) checkWhole('chunk', chunk, 1);
  if (predictor) checkTrajectoryPredictor(predictor, field, plan);
  const kept = [...keep];
  checkKept(plan, kept);
  const wanted = [...new Set([plan.states[plan.states.length - 1], ...kept])];
  const shape = await runShape(gpu, field, plan, { batch, wanted, predictor, seed: 0, executor, chunk });
  const { capacity, fused } = shape;
  const prepared = fused ? undefined : await preparedAnywhere(gpu, field);
  const bytes = runBytes(plan, shape, prepared?.operationSize);
  const sizes: Record<string, number> = {
    slots: bytes.slots,
    columns: bytes.columns,
    status: bytes.status,
    operations: bytes.operation,
    readback: bytes.staging,
    ...(gpu.features.has('timestamp-query') && { timestamps: TIMESTAMP_BYTES }),
    ...(fused
      ? await fusedBytes(fused, bytes.slotStride, capacity)
      : { constants: constantBytes(plan), field: prepared?.boundBytes?.(capacity) ?? 0 }),
    ...(predictor && { features: bytes.features, predictor: predictor.parameters.byteLength }),
    ...(predictor && !fused && (await trajectoryPassBytes(gpu, predictor, capacity))),
  };
  // Nobody allocates nothing.
  const buffers = Object.fromEntries(Object.entries(sizes).filter(([, bytes]) => bytes > 0));
  const total = Object.values(buffers).reduce((sum, bytes) => sum + bytes, 0);
  return { executor: fused ? 'fused' : 'stepwise', capacity, buffers, total };
}

/** Of a fused kernel its uniform, the plan as turns, and what a predictor finds; its constants are in slots. */
async function fusedBytes(
  { plan, memory }: NonNullable<RunShape['fused']>,
  stride: number,
  capacity: number,
): Promise<Record<string, number>> {
  const { layout } = await plan.field.kernel(plan.variant);
  const asked = plan.asking?.asked((slot) => plan.registers[slot]);
  return {
    run: layout.bindings.find(({ name }) => name === 'run')!.size,
    plan: turnsOf(plan, memory, stride).length * layout.stride('turns'),
    field: plan.field.boundBytes?.(capacity) ?? 0,
    ...(asked && {
      'turns of the predictor': asked.length * layout.stride('asked'),
      'mean of the data': plan.asking!.center.byteLength,
    }),
  };
}

function constantBytes({ operations }: Plan): number {
  return operations.reduce((sum, each) => sum + (each.kind === 'constant' ? 4 * each.values.length : 0), 0);
}
