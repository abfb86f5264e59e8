import type { FewstepError } from '../errors.js';
import { boundKernel, operationOf } from '../field/operation.js';
import type { Gpu } from '../gpu/gpu.js';
import { PassTimer } from '../gpu/timer.js';
import type { MlpModel } from './field.js';
import { Network } from './network.js';
import { NetworkPasses } from './passes.js';
import type { Precision } from './precision.js';
import type { TileUse } from './tile.js';
import type { WorkTile } from './work-tile.js';

/** What is to be timed: a pass of a network over a batch. */
export interface TileTask {
  /** 'forward' and 'together': D of states that share one sigma; 'backward': the vector-Jacobian product. */
  use: TileUse;
  trajectories: number;
  /** Default 'f32'. */
  precision?: Precision;
}

/** A pass with a tile, compiled and allocated. Its states are random. */
interface TimedTile {
  /** Does it `count` times in a row and says how long one took, milliseconds. */
  ms(count: number): Promise<number>;
  destroy(): void;
}

/** What is timed at least, milliseconds, so that a timer's steps do not count; as many dispatches at most. */
const [LEAST_MS, MOST] = [2, 64];
const ROUNDS = 5;

/**
 * How long a pass of a network takes with each tile, milliseconds: the least of several times. They are timed in turn, for
 * a GPU that was idle takes a while to reach its clock rate. A tile that this driver cannot compile takes forever.
 * @throws FewstepError shader-compilation where it can compile none
 */
export async function timeTiles(
  gpu: Gpu,
  model: MlpModel,
  tiles: readonly WorkTile[],
  task: TileTask,
): Promise<number[]> {
  // Compilers work at the same time.
  const prepared = await Promise.allSettled(tiles.map((tile) => prepareTile(gpu, model, tile, task)));
  const timed = prepared.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
  try {
    for (const each of prepared) {
      const fails = each.status === 'rejected' && (each.reason as FewstepError);
      if (fails && (fails.code !== 'shader-compilation' || !timed.some(Boolean))) throw fails;
    }
    const best = tiles.map(() => Number.POSITIVE_INFINITY);
    const counts = tiles.map(() => 1);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, each] of timed.entries()) {
        if (!each) continue;
        const ms = await each.ms(counts[i]);
        // The first time tells how often it is to be done.
        if (round > 0) best[i] = Math.min(best[i], ms);
        counts[i] = Math.min(MOST, Math.ceil(LEAST_MS / ms));
      }
    }
    return best;
  } finally {
    for (const each of timed) each?.destroy();
  }
}

async function prepareTile(
  gpu: Gpu,
  { config, parameters }: MlpModel,
  tile: WorkTile,
  { use, trajectories, precision = 'f32' }: TileTask,
): Promise<TimedTile> {
  const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
  const network = new Network(gpu, config, parameters, precision, { forward: tile, [use]: tile });
  const numbers = trajectories * config.dim;
  // Some numbers again and again: what they are does not matter, but that they are none that a GPU does faster.
  const some = Float32Array.from({ length: Math.min(2 * numbers, 2 ** 18) }, () => 2 * Math.random() - 1);
  const slots = gpu.buffer('slots', STORAGE | COPY_DST, 12 * numbers);
  for (let at = 0; at < 2 * numbers; at += some.length) {
    gpu.device.queue.writeBuffer(slots, 4 * at, some, 0, Math.min(some.length, 2 * numbers - at));
  }
  const columns = gpu.buffer('columns', STORAGE, new Float32Array(trajectories).fill(1));
  const labels = gpu.buffer('label', STORAGE, Uint32Array.of(config.classes));
  const uniforms = new ArrayBuffer(1024);
  const operation = gpu.buffer('operations', UNIFORM | COPY_DST, uniforms.byteLength);
  const one = { column: -1, scale: 0, offset: 1 };
  const common = { state: 0, output: 2 * numbers, trajectories, sigma: one };
  const evaluation = { ...common, velocity: 0, divisor: one };
  const used: { destroy(): void }[] = [slots, columns, labels, operation, network];
  const destroy = () => {
    for (const each of used) each.destroy();
  };
  const timer = new PassTimer(gpu);
  used.push(timer);
  const failed = (error: unknown): never => {
    destroy();
    throw error;
  };
  let record: (pass: GPUComputePassEncoder) => void;
  if (use === 'backward') {
    const buffers = { slots, columns, operation, labels, capacity: trajectories, frozen: true };
    const passes = await NetworkPasses.create(network, buffers).catch(failed);
    used.push(passes);
    passes.pack('forward', evaluation, uniforms, 0);
    passes.pack('vjp', { ...common, cotangent: numbers }, uniforms, 512);
    gpu.device.queue.writeBuffer(operation, 0, uniforms);
    await timed(gpu, timer, (pass) => {
      passes.transpose(pass);
      passes.forward(pass, 0, trajectories);
    });
    record = (pass) => passes.vjp(pass, 512, trajectories);
  } else {
    const kernel = await network.kernel('mlp/forward', { together: use === 'together' }).catch(failed);
    operationOf(kernel).pack(evaluation, uniforms, 0);
    gpu.device.queue.writeBuffer(operation, 0, uniforms);
    const buffers = { ...network.bindings, slots, columns, operation, matrices: network.parameters, labels };
    const bound = boundKernel(kernel, buffers, (count) => network.workgroups(use, count));
    record = (pass) => bound.encode(pass, 0, trajectories);
  }
  return {
    ms: async (count) =>
      (await timed(gpu, timer, (pass) => {
        for (let i = 0; i < count; i++) record(pass);
      })) / count,
    destroy,
  };
}

/** Milliseconds of a pass: by the GPU's clock where it has one. */
async function timed(
  gpu: Gpu,
  timer: PassTimer,
  record: (pass: GPUComputePassEncoder) => void,
): Promise<number> {
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass(timer.begin());
  record(pass);
  pass.end();
  timer.end(encoder);
  const begin = performance.now();
  gpu.device.queue.submit([encoder.finish()]);
  await gpu.settle(gpu.device.queue.onSubmittedWorkDone());
  const wall = performance.now() - begin;
  return (await timer.read()) ?? wall;
}
