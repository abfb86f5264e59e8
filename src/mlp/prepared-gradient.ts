import { FewstepError } from '../errors.js';
import type { PreparedGradient } from '../field/field.js';
import { operationOf, shared } from '../field/operation.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import type { MlpModel } from './field.js';
import { Network } from './network.js';
import { tapeSize } from './passes.js';
import type { Tile } from './tile.js';

/** Where the forward pass finds its uniform, in bytes after that of the product: dynamic offsets are multiples of it. */
const FORWARD = 256;

/**
 * The vector-Jacobian product of a network as a field: a forward pass that keeps the tape, its D going to the output
 * slot for a moment, and the way back.
 * @throws FewstepError bad-field for a guided field
 */
export async function prepareMlpGradient(
  gpu: Gpu,
  { config, parameters }: MlpModel,
  label: number,
  guidance: number,
): Promise<PreparedGradient> {
  if (guidance !== 1) {
    throw new FewstepError(
      'bad-field',
      `no gradient of a network with guidance ${guidance}`,
      'leave the guidance at 1, or train the solver on the labelled network alone',
    );
  }
  const network = new Network(gpu, config, parameters);
  const [forward, vjp, transpose] = await Promise.all([
    network.kernel('mlp/forward', { taped: true }),
    network.kernel('mlp/vjp'),
    network.kernel('mlp/transpose'),
  ]);
  runTranspose(network, transpose);
  const { frequencies, transposed } = network;
  const labels = gpu.buffer('label', GPUBufferUsage.STORAGE, Uint32Array.of(label));
  const product = operationOf(vjp);
  const evaluation = operationOf(forward);
  return {
    operationSize: FORWARD + evaluation.operationSize,
    pack(value, target, offset) {
      product.pack(value, target, offset);
      evaluation.pack(evaluationOf(value), target, offset + FORWARD);
    },
    bind(batch) {
      const tape = gpu.buffer('tape', GPUBufferUsage.STORAGE, 4 * batch.capacity * tapeSize(network));
      const common = { ...shared(batch), frequencies, tape, labels };
      const forwardGroup = forward.bind({ ...common, weights: network.parameters });
      const vjpGroup = vjp.bind({ ...common, weights: transposed, sigma_gradient: batch.sigmaGradient });
      return {
        encode(pass, offset, trajectories) {
          const groups = ({ rows, groups }: Tile) => folded(Math.ceil(trajectories / (rows * groups)));
          pass.setPipeline(forward.pipeline);
          pass.setBindGroup(0, forwardGroup, [offset + FORWARD]);
          pass.dispatchWorkgroups(...groups(network.forwardTile));
          pass.setPipeline(vjp.pipeline);
          pass.setBindGroup(0, vjpGroup, [offset]);
          pass.dispatchWorkgroups(...groups(network.backwardTile));
        },
        destroy: () => tape.destroy(),
      };
    },
  };
}

/** A product's uniform as that of the evaluation of D before it. */
function evaluationOf({ state, output, trajectories, sigma }: StructValue): StructValue {
  return { state, output, trajectories, sigma, velocity: 0, divisor: sigma };
}

function runTranspose({ gpu, parameters, transposed }: Network, kernel: Kernel): void {
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.bind({ parameters, transposed }));
  pass.dispatchWorkgroups(...folded(Math.ceil(transposed.size / 16 / 64)));
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
}
