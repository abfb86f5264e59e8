import { type Field, preparedField } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Plan, Slot } from '../solver/plan.js';
import type { Executor } from './fused-plan.js';
import { fusedTurns } from './fused-turns.js';
import { checkKept, checkWhole } from './inputs.js';
import { runBytes } from './run-bytes.js';
import { type RunShape, runShape } from './run-shape.js';

/** What is to be solved, as `solve` takes it; plans whose columns a network fills take more than is said here. */
export interface SolveMemoryRequest {
  batch: number;
  keep?: Iterable<Slot>;
  executor?: Executor;
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
 * @throws FewstepError bad-argument, device-limit as `solve`
 */
export async function solveMemory(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  { batch, keep = [], executor, chunk }: SolveMemoryRequest,
): Promise<SolveMemory> {
  checkWhole('batch', batch, 1);
  if (chunk !== undefined) checkWhole('chunk', chunk, 1);
  const kept = [...keep];
  checkKept(plan, kept);
  const wanted = [...new Set([plan.states[plan.states.length - 1], ...kept])];
  const shape = await runShape(gpu, field, plan, { batch, wanted, seed: 0, executor, chunk });
  const { capacity, fused } = shape;
  const prepared = fused ? undefined : await preparedField(gpu, field);
  const { slots, columns, status, operation, staging } = runBytes(plan, shape, prepared?.operationSize);
  const sizes: Record<string, number> = {
    slots,
    columns,
    status,
    operations: operation,
    'samples (readback)': staging,
    'status (readback)': 8,
    ...(gpu.features.has('timestamp-query') && { timestamps: 2 * 16 }),
    ...(fused ? await fusedBytes(fused) : { constants: constantBytes(plan) }),
    field: capacity * (prepared?.trajectoryBytes ?? 0),
  };
  // Nobody allocates nothing.
  const buffers = Object.fromEntries(Object.entries(sizes).filter(([, bytes]) => bytes > 0));
  const total = Object.values(buffers).reduce((sum, bytes) => sum + bytes, 0);
  return { executor: fused ? 'fused' : 'stepwise', capacity, buffers, total };
}

/** Of a fused kernel its uniform and the plan as turns; its constants are in slots. */
async function fusedBytes({
  plan: fused,
  memory,
}: NonNullable<RunShape['fused']>): Promise<Record<string, number>> {
  const { layout } = await fused.field.kernel(fused.variant);
  const turns = fusedTurns(fused.plan, {
    places: fused.variant.places,
    register: (slot) => fused.registers[slot],
    wantedAt: (slot) => Math.max(0, memory.place[slot]),
    constantAt: (n) => memory.constants + n,
  });
  const run = layout.bindings.find(({ name }) => name === 'run')!.size;
  return { run, plan: turns.length * layout.stride('turns') };
}

function constantBytes({ operations }: Plan): number {
  return operations.reduce((sum, each) => sum + (each.kind === 'constant' ? 4 * each.values.length : 0), 0);
}
