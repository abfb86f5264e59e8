/**
 * Evaluations per second and achieved FLOP/s of the network's passes, beside the adapter's own multiply-add ceiling
 * in the same run. Build and run: `npx esbuild bench/mlp.ts --bundle --platform=node --format=esm
 * --packages=external --loader:.wgsl=text --outfile=dist/bench-mlp.js && node dist/bench-mlp.js`; FEWSTEP_DEVICE
 * chooses the adapter.
 */
import { Gpu } from '../src/gpu/gpu.js';
import { type MlpConfig, mlpConfig } from '../src/mlp/config.js';
import { Network } from '../src/mlp/network.js';
import { initialParameters } from '../src/mlp/parameters.js';
import { NetworkPasses } from '../src/mlp/passes.js';
import { openDevice } from '../src/node/adapter.js';
import { multiplyAddCeiling, timed } from './ceiling.js';

const REPEATS = 5;
/** Bytes from one pass's uniform to the next. */
const STRIDE = 256;

const { device, adapter } = await openDevice();
const gpu = new Gpu(device, adapter);
console.log(`${adapter.name} (${adapter.driver}), ${adapter.software ? 'software' : 'hardware'}`);
for (const [dim, width, batch] of [
  [64, 256, 16384],
  [2, 64, 262144],
]) {
  await measure(mlpConfig({ dim, width, layers: 3 }), adapter.software ? batch / 16 : batch);
}
gpu.destroy();
process.exit(0);

/** Multiply-adds that one evaluation needs, the time embedding's included. */
function multiplyAdds({ dim, width, layers, embedding }: MlpConfig): number {
  const time = embedding.size;
  return (dim + time) * width + (layers - 1) * (width + time) * width + (width + time) * dim;
}

async function measure(config: MlpConfig, batch: number): Promise<void> {
  const { dim, width, layers } = config;
  const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
  const network = new Network(gpu, config, initialParameters(config, 1));
  const slot = Math.ceil((batch * dim) / 64) * 64;
  const slots = gpu.buffer('slots', STORAGE, 4 * 3 * slot);
  const columns = gpu.buffer('columns', STORAGE, new Float32Array(batch).fill(1));
  const operation = gpu.buffer('operations', UNIFORM | COPY_DST, 5 * STRIDE);
  const passes = await NetworkPasses.create(network, { slots, columns, operation, capacity: batch });

  const uniforms = new ArrayBuffer(5 * STRIDE);
  const same = { offset: 1, scale: 0, column: -1 };
  const each = { offset: 0, scale: 1, column: 0 };
  const common = { state: 0, output: 2 * slot, trajectories: batch };
  const evaluate = { ...common, velocity: 0, divisor: same };
  passes.pack('forward', { ...evaluate, sigma: same }, uniforms, 0);
  passes.pack('forward', { ...evaluate, sigma: each }, uniforms, STRIDE);
  passes.pack('jvp', { ...common, tangent: slot, sigma: each, sigma_tangent: each }, uniforms, 2 * STRIDE);
  passes.pack('vjp', { ...common, cotangent: slot, sigma: each }, uniforms, 3 * STRIDE);
  passes.pack('weightGradient', { state: 0, trajectories: batch, sigma: each }, uniforms, 4 * STRIDE);
  gpu.device.queue.writeBuffer(operation, 0, uniforms);

  console.log(`\n${[dim, ...new Array(layers).fill(width), dim].join('-')}, batch ${batch}`);
  const runs: [string, (pass: GPUComputePassEncoder) => void][] = [
    ['forward, one sigma', (pass) => passes.forward(pass, 0, batch)],
    ['forward, sigma each', (pass) => passes.forward(pass, STRIDE, batch)],
    ['jvp', (pass) => passes.jvp(pass, 2 * STRIDE, batch)],
    ['vjp', (pass) => passes.vjp(pass, 3 * STRIDE, batch)],
    ['weight gradient', (pass) => passes.weightGradient(pass, 4 * STRIDE, batch)],
  ];
  for (const [name, record] of runs) {
    await timed(gpu, record); // compiles
    let [ms, ceiling] = [Infinity, 0];
    for (let i = 0; i < REPEATS; i++) {
      ceiling = Math.max(ceiling, await multiplyAddCeiling(gpu, 1));
      ms = Math.min(ms, await timed(gpu, record));
    }
    const rate = (1000 * batch) / ms;
    const flops = 2 * multiplyAdds(config) * rate;
    const share = ((100 * flops) / ceiling).toFixed(0);
    console.log(
      `${name.padEnd(20)} ${rate.toExponential(2)} trajectories/s  ${(flops / 1e9).toFixed(1)} GFLOP/s  ` +
        `${share} % of ${(ceiling / 1e9).toFixed(1)}`,
    );
  }
  passes.destroy();
  network.destroy();
  for (const buffer of [slots, columns, operation]) buffer.destroy();
}
