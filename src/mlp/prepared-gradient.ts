import type { PreparedGradient } from '../field/field.js';
import { operationOf, shared } from '../field/operation.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import type { FieldNetwork } from './field.js';
import type { Network } from './network.js';
import { tapeSize } from './passes.js';
import { derivativePrecision } from './precision.js';
import { runLabels } from './run-labels.js';
import { tunedNetwork } from './tuned-network.js';

/** Where the forward pass finds its uniform, in bytes after that of the product: dynamic offsets are multiples of it. */
const FORWARD = 256;

/**
 * The vector-Jacobian product of a network as a field: a forward pass that keeps the tape, its D going to the output
 * slot for a moment, and the way back. A guided field takes both twice, with its label and with none: its product is
 * guidance times the first and 1 - guidance times the second.
 */
export async function prepareMlpGradient(
  gpu: Gpu,
  { config, parameters, labels, guidance, precision }: FieldNetwork,
): Promise<PreparedGradient> {
  const network = await tunedNetwork(
    gpu,
    config,
    parameters,
    ['forward', 'backward'],
    derivativePrecision(precision),
  );
  const guided = guidance !== 1;
  const [forward, vjp, transpose] = await Promise.all([
    network.kernel('mlp/forward', { taped: true }),
    network.kernel('mlp/vjp', { guided }),
    network.kernel('mlp/transpose'),
  ]);
  runTranspose(network, transpose);
  const { transposed } = network;
  const upload = ({ labels, ...value }: Branch) => ({
    labelsOfRun: runLabels(gpu, labels),
    branch: guided && gpu.buffer('branch', GPUBufferUsage.UNIFORM, vjp.layout.pack('branch', value)),
  });
  const branches = branchesOf(network, labels, guidance).map(upload);
  const product = operationOf(vjp);
  const evaluation = operationOf(forward);
  return {
    operationSize: FORWARD + evaluation.operationSize,
    pack(value, target, offset) {
      product.pack(value, target, offset);
      evaluation.pack(evaluationOf(value), target, offset + FORWARD);
    },
    bind(batch) {
      const { STORAGE } = GPUBufferUsage;
      const tape = gpu.buffer('tape', STORAGE, 4 * batch.capacity * tapeSize(network));
      const parts = gpu.buffer('parts', STORAGE, guided ? 4 * batch.capacity * (config.dim + 1) : 4);
      const common = { ...shared(batch), ...network.bindings, tape };
      const pulled = { weights: transposed, sigma_gradient: batch.sigmaGradient, parts };
      const runs = branches.map(({ labelsOfRun }) => labelsOfRun(batch));
      const groups = branches.map(({ branch }, i) => ({
        forward: forward.bind({ ...common, labels: runs[i].buffer }),
        vjp: vjp.bind({ ...common, ...pulled, ...(branch && { branch }) }),
      }));
      // The first branch is the labelled one.
      const [{ tell }] = runs;
      return {
        ...(tell && { tell }),
        encode(pass, offset, trajectories) {
          for (const group of groups) {
            pass.setPipeline(forward.pipeline);
            pass.setBindGroup(0, group.forward, [offset + FORWARD]);
            pass.dispatchWorkgroups(...network.workgroups('forward', trajectories));
            pass.setPipeline(vjp.pipeline);
            pass.setBindGroup(0, group.vjp, [offset]);
            pass.dispatchWorkgroups(...network.workgroups('backward', trajectories));
          }
        },
        destroy() {
          tape.destroy();
          parts.destroy();
          for (const run of runs) run.destroy();
        },
      };
    },
  };
}

/** One network of a guided field, as struct Branch of mlp/vjp.wgsl, and the labels that it takes, by condition. */
type Branch = { labels: readonly number[]; weight: number; last: number };

function branchesOf({ config }: Network, labels: readonly number[], guidance: number): Branch[] {
  if (guidance === 1) return [{ labels, weight: 1, last: 1 }];
  return [
    { labels, weight: guidance, last: 0 },
    { labels: [config.classes], weight: 1 - guidance, last: 1 },
  ];
}

/** A product's uniform as that of the evaluation of D before it. */
function evaluationOf({ state, output, trajectories, sigma }: StructValue): StructValue {
  return { state, output, trajectories, sigma, velocity: 0, divisor: sigma };
}

function runTranspose({ gpu, parameters, transposed, transposedQuads }: Network, kernel: Kernel): void {
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.bind({ parameters, transposed }));
  pass.dispatchWorkgroups(...folded(Math.ceil(transposedQuads / 64)));
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
}
