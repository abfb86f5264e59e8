import { boundKernel, operationOf } from '../field/operation.js';
import type { Gpu } from '../gpu/gpu.js';
import { PassTimer } from '../gpu/timer.js';
import type { MlpModel } from './field.js';
import { Network } from './network.js';
import { NetworkPasses } from './passes.js';
import type { Precision } from './precision.js';
import type { Tile, TileUse } from './tile.js';

/** What is timed at least, milliseconds, so that a timer's steps do not count; as many dispatches at most. */
const [LEAST_MS, MOST] = [2, 64];

/**
 * How long a pass of a network takes with a tile, milliseconds: the least of three times. The states are random.
 * @param use 'forward' and 'together': D of states that share one sigma; 'backward': the vector-Jacobian product
 */
export async function timeTile(
  gpu: Gpu,
  { config, parameters }: MlpModel,
  tile: Tile,
  use: TileUse,
  trajectories: number,
  precision: Precision = 'f32',
): Promise<number> {
  const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
  const network = new Network(gpu, config, parameters, precision, tile);
  const numbers = trajectories * config.dim;
  const states = Float32Array.from({ length: 2 * numbers }, () => 2 * Math.random() - 1);
  const slots = gpu.buffer('slots', STORAGE | COPY_DST, 12 * numbers);
  gpu.device.queue.writeBuffer(slots, 0, states);
  const columns = gpu.buffer('columns', STORAGE, new Float32Array(trajectories).fill(1));
  const labels = gpu.buffer('label', STORAGE, Uint32Array.of(config.classes));
  const uniforms = new ArrayBuffer(1024);
  const operation = gpu.buffer('operations', UNIFORM | COPY_DST, uniforms.byteLength);
  const one = { column: -1, scale: 0, offset: 1 };
  const common = { state: 0, output: 2 * numbers, trajectories, sigma: one };
  const evaluation = { ...common, velocity: 0, divisor: one };
  const used: { destroy(): void }[] = [slots, columns, labels, operation];
  let record: (pass: GPUComputePassEncoder) => void;
  if (use === 'backward') {
    const passes = await NetworkPasses.create(network, {
      slots,
      columns,
      operation,
      labels,
      capacity: trajectories,
      frozen: true,
    });
    passes.pack('forward', evaluation, uniforms, 0);
    passes.pack('vjp', { ...common, cotangent: numbers }, uniforms, 512);
    gpu.device.queue.writeBuffer(operation, 0, uniforms);
    await timed(gpu, (pass) => {
      passes.transpose(pass);
      passes.forward(pass, 0, trajectories);
    });
    record = (pass) => passes.vjp(pass, 512, trajectories);
    used.push(passes);
  } else {
    const kernel = await network.kernel('mlp/forward', { together: use === 'together' });
    operationOf(kernel).pack(evaluation, uniforms, 0);
    gpu.device.queue.writeBuffer(operation, 0, uniforms);
    const { parameters: weights, frequencies } = network;
    const bound = boundKernel(
      kernel,
      { slots, columns, operation, weights, frequencies, labels },
      network.tileRows(use),
    );
    record = (pass) => bound.encode(pass, 0, trajectories);
  }
  try {
    const ms = (count: number) =>
      timed(gpu, (pass) => {
        for (let i = 0; i < count; i++) record(pass);
      });
    await ms(1); // compiles
    const count = Math.min(MOST, Math.ceil(LEAST_MS / (await ms(1))));
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) best = Math.min(best, (await ms(count)) / count);
    return best;
  } finally {
    for (const each of used) each.destroy();
    network.destroy();
  }
}

/** Milliseconds of a pass: by the GPU's clock where it has one. */
async function timed(gpu: Gpu, record: (pass: GPUComputePassEncoder) => void): Promise<number> {
  const timer = new PassTimer(gpu);
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass(timer.begin());
  record(pass);
  pass.end();
  timer.end(encoder);
  const begin = performance.now();
  gpu.device.queue.submit([encoder.finish()]);
  await gpu.settle(gpu.device.queue.onSubmittedWorkDone());
  const wall = performance.now() - begin;
  const own = await timer.read();
  timer.destroy();
  return own ?? wall;
}
