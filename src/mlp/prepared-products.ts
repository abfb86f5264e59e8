import type { BoundProducts, PreparedProducts } from '../field/field.js';
import { boundKernel, operationOf, shared } from '../field/operation.js';
import { ONE } from '../field/prepared-products.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { FieldNetwork } from './field.js';
import { tapeSize } from './passes.js';
import { derivativePrecision } from './precision.js';
import { runLabels } from './run-labels.js';
import { tunedNetwork } from './tuned-network.js';

/** Bytes between the uniforms of a drift: that of the drift, then that of a part's own forward pass. */
const PART = 256;

/**
 * The drift of a network as a field and Jacobian-vector products: one forward pass whose tape serves all products, each
 * of which costs as much as another one. A guided field's Jacobian is the sum of two, each of which needs a tape of its
 * own: its drift costs four forward passes.
 */
export async function prepareMlpProducts(
  gpu: Gpu,
  { config, parameters, labels, guidance, precision }: FieldNetwork,
): Promise<PreparedProducts> {
  const network = await tunedNetwork(gpu, config, parameters, ['forward'], derivativePrecision(precision));
  const guided = guidance !== 1;
  const [forward, jvp, mixed] = await Promise.all([
    network.kernel('mlp/forward', { taped: true }),
    network.kernel('mlp/jvp'),
    guided ? network.kernel('mlp/forward', { guided }) : undefined,
  ]);
  const { STORAGE, UNIFORM } = GPUBufferUsage;
  const labelsOfRuns = (guided ? [labels, [config.classes]] : [labels]).map((own) => runLabels(gpu, own));
  const scale = gpu.buffer('guidance', UNIFORM, Float32Array.of(guidance));
  const evaluation = operationOf(forward);
  const product = operationOf(jvp);
  return {
    weights: guided ? [guidance, 1 - guidance] : [1],
    trajectoryBytes: 4 * tapeSize(network),
    driftSize: PART + evaluation.operationSize,
    productSize: product.operationSize,
    packDrift({ state, output, scratch, trajectories, sigma }, target, offset) {
      const common = { state, trajectories, sigma, velocity: 1, divisor: ONE };
      evaluation.pack({ ...common, output }, target, offset);
      evaluation.pack({ ...common, output: scratch }, target, offset + PART);
    },
    packProduct({ state, vector, output, trajectories, sigma }, target, offset) {
      const still = { column: -1, scale: 0, offset: 0 };
      product.pack(
        { state, tangent: vector, output, trajectories, sigma, sigma_tangent: still },
        target,
        offset,
      );
    },
    bind(batch): BoundProducts {
      const tape = gpu.buffer('tape', STORAGE, 4 * batch.capacity * tapeSize(network));
      const common = { ...shared(batch), ...network.bindings, tape };
      const bound = (kernel: Kernel, own: Record<string, GPUBuffer> = {}) =>
        boundKernel(kernel, { ...common, ...own }, (count) => network.workgroups('forward', count));
      const runs = labelsOfRuns.map((labelsOfRun) => labelsOfRun(batch));
      const parts = runs.map(({ buffer }) => bound(forward, { labels: buffer }));
      // Without guidance the drift leaves the tape that the products need.
      const drift = mixed ? bound(mixed, { labels: runs[0].buffer, guidance: scale }) : parts[0];
      const push = bound(jvp);
      // The first part is the labelled one.
      const [{ tell }] = runs;
      return {
        ...(tell && { tell }),
        drift: drift.encode,
        begin(part, pass, offset, trajectories) {
          if (guided) parts[part].encode(pass, offset + PART, trajectories);
        },
        product: (_, ...call) => push.encode(...call),
        destroy() {
          tape.destroy();
          for (const run of runs) run.destroy();
        },
      };
    },
  };
}
