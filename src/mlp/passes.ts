import type { BatchBuffers } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import { LANE_GRADIENT_PART } from './lane-plan.js';
import type { Network, NetworkVariant } from './network.js';

/** What the passes of a network read and write. */
export interface NetworkBatch extends Pick<BatchBuffers, 'slots' | 'columns' | 'operation' | 'capacity'> {
  /** Labels as u32: one for all, or one per trajectory; `classes` stands for none, which is also the default. */
  labels?: GPUBuffer;
  /** Where the forward pass writes the hidden features, [capacity, HIDDEN_FEATURES]; not given, it writes none. */
  features?: GPUBuffer;
  /** Whether the parameters never change: then there is no memory for their gradient, and no such pass. */
  frozen?: boolean;
}

/** The passes that have a uniform of their own, at a dynamic offset of the operation buffer. */
export type NetworkPass = 'forward' | 'jvp' | 'vjp' | 'weightGradient';

/** Trajectories that one workgroup adds up at least, and slices of a batch at most, in the weights' gradient. */
const SLICE = 64;
const SLICES = 32;
/** Memory for the slices' sums. */
const PARTIAL_BYTES = 64 * 2 ** 20;

/**
 * The passes of a network over the buffers of one batch, compiled, allocated and bound once. jvp, vjp and the
 * weights' gradient need a forward pass over the same states before them, in the same or an earlier submit;
 * vjp also needs `transpose` since the parameters last changed, and the weights' gradient the vjp.
 */
export class NetworkPasses {
  /** c^T dD/dsigma of each trajectory, [capacity]: the other result of the vjp. */
  readonly sigmaGradient: GPUBuffer;
  /** The gradient of the parameters, [layout.size], summed over the batch; nothing where they are frozen. */
  readonly gradient: GPUBuffer;
  private readonly own: GPUBuffer[];
  private readonly groups: Record<NetworkPass | 'reduce' | 'transpose', GPUBindGroup>;

  private constructor(
    private readonly network: Network,
    batch: NetworkBatch,
    private readonly kernels: Record<NetworkPass | 'reduce' | 'transpose', Kernel>,
  ) {
    const { gpu, layout, config } = network;
    const { STORAGE, COPY_SRC } = GPUBufferUsage;
    const { capacity, slots, columns, operation, features, frozen = false } = batch;
    const tapeBytes = 4 * capacity * tapeSize(network);
    const slices = Math.ceil(capacity / this.slice(capacity));
    const learned = (bytes: number) => (frozen ? 4 : bytes);
    const tape = gpu.buffer('tape', STORAGE, tapeBytes);
    const deltas = gpu.buffer('deltas', STORAGE, learned(tapeBytes));
    const partials = gpu.buffer('partial gradients', STORAGE, learned(4 * layout.size * slices));
    this.sigmaGradient = gpu.buffer('sigma gradient', STORAGE | COPY_SRC, 4 * capacity);
    this.gradient = gpu.buffer('gradient', STORAGE | COPY_SRC, learned(4 * layout.size));
    this.own = [tape, deltas, partials, this.sigmaGradient, this.gradient];
    const noLabel = batch.labels
      ? undefined
      : gpu.buffer('no label', STORAGE, Uint32Array.of(config.classes));
    if (noLabel) this.own.push(noLabel);
    const labels = (batch.labels ?? noLabel)!;

    const { parameters, transposed } = network;
    const common = { ...network.bindings, slots, columns, operation, tape, labels };
    const forward: Record<string, GPUBuffer> = { ...common };
    if (features) forward.features = features;
    this.groups = {
      forward: kernels.forward.bind(forward),
      jvp: kernels.jvp.bind(common),
      vjp: kernels.vjp.bind({ ...common, weights: transposed, deltas, sigma_gradient: this.sigmaGradient }),
      weightGradient: kernels.weightGradient.bind({ ...common, deltas, partials }),
      reduce: kernels.reduce.bind({ operation, partials, gradient: this.gradient }),
      transpose: kernels.transpose.bind({ parameters, transposed }),
    };
  }

  static async create(network: Network, batch: NetworkBatch): Promise<NetworkPasses> {
    const variant: NetworkVariant = { taped: true, features: batch.features !== undefined };
    const [forward, jvp, vjp, weightGradient, reduce, transpose] = await Promise.all([
      network.kernel('mlp/forward', variant),
      network.kernel('mlp/jvp'),
      network.kernel('mlp/vjp', { recorded: !batch.frozen }),
      network.kernel('mlp/weight_gradient'),
      network.kernel('mlp/reduce'),
      network.kernel('mlp/transpose'),
    ]);
    return new NetworkPasses(network, batch, { forward, jvp, vjp, weightGradient, reduce, transpose });
  }

  /**
   * Writes a pass's uniform: struct Evaluate of field/evaluate.wgsl, Push of mlp/jvp.wgsl, Pull of field/pull.wgsl
   * without its column, or Gradient of mlp/gradient.wgsl without its slice.
   */
  pack(pass: NetworkPass, value: StructValue, target: ArrayBuffer, offset: number): void {
    const own: StructValue =
      pass === 'weightGradient'
        ? { slice: this.slice(value.trajectories as number) }
        : pass === 'vjp'
          ? { sigma_column: 0 }
          : {};
    this.kernels[pass].layout.pack('operation', { ...value, ...own }, target, offset);
  }

  /** Records D or the velocity, the tape, and the features where the batch has them. */
  forward(pass: GPUComputePassEncoder, offset: number, trajectories: number): void {
    this.dispatchTiles(pass, 'forward', offset, trajectories);
  }

  /** Records the derivative of D along a slot of tangents and dsigma. */
  jvp(pass: GPUComputePassEncoder, offset: number, trajectories: number): void {
    this.dispatchTiles(pass, 'jvp', offset, trajectories);
  }

  /** Records the gradients with respect to x and sigma, and the deltas. */
  vjp(pass: GPUComputePassEncoder, offset: number, trajectories: number): void {
    this.dispatchTiles(pass, 'vjp', offset, trajectories);
  }

  /** Records the gradient of the parameters, from the deltas of the last vjp. */
  weightGradient(pass: GPUComputePassEncoder, offset: number, trajectories: number): void {
    const slices = Math.ceil(trajectories / this.slice(trajectories));
    pass.setPipeline(this.kernels.weightGradient.pipeline);
    pass.setBindGroup(0, this.groups.weightGradient, [offset]);
    pass.dispatchWorkgroups(gradientParts(this.network), slices);
    pass.setPipeline(this.kernels.reduce.pipeline);
    pass.setBindGroup(0, this.groups.reduce, [offset]);
    pass.dispatchWorkgroups(...folded(Math.ceil(this.network.layout.size / 4 / 64)));
  }

  /** Records the copy of the parameters that vjp reads. */
  transpose(pass: GPUComputePassEncoder): void {
    pass.setPipeline(this.kernels.transpose.pipeline);
    pass.setBindGroup(0, this.groups.transpose);
    pass.dispatchWorkgroups(...folded(Math.ceil(this.network.transposedQuads / 64)));
  }

  /** Bytes on the device, the network's own left out. */
  get allocated(): number {
    return this.own.reduce((sum, { size }) => sum + size, 0);
  }

  destroy(): void {
    for (const buffer of this.own) buffer.destroy();
  }

  private dispatchTiles(
    pass: GPUComputePassEncoder,
    name: 'forward' | 'jvp' | 'vjp',
    offset: number,
    trajectories: number,
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], [offset]);
    const use = name === 'vjp' ? 'backward' : 'forward';
    pass.dispatchWorkgroups(...this.network.workgroups(use, trajectories));
  }

  /** Trajectories in a slice: it depends on the network and the batch alone, as the sums' order must. */
  private slice(trajectories: number): number {
    const slices = Math.min(SLICES, Math.max(1, Math.floor(PARTIAL_BYTES / (4 * this.network.layout.size))));
    return Math.max(SLICE, Math.ceil(trajectories / slices));
  }
}

/** Numbers that a tape keeps of one trajectory: mlp/shape.wgsl. */
export function tapeSize({ config: { dim, width, layers, embedding } }: Network): number {
  return layers * width + Math.ceil(dim / 4) * 4 + embedding.size;
}

/** Workgroups that share out all matrices: part_of of mlp/weight_gradient.wgsl, or of that in mlp/lanes. */
function gradientParts({ layout, lanes }: Network): number {
  const parts = (rows: number, columns: number) => {
    const quads = lanes
      ? LANE_GRADIENT_PART.quads
      : ([8, 16, 32].find((count) => columns / 4 <= count) ?? 64);
    const inputs = lanes ? LANE_GRADIENT_PART.inputs : (16 * 64) / quads;
    return Math.ceil(rows / inputs) * Math.ceil(columns / 4 / quads);
  };
  const matrices = layout.layers.map(({ weight, time }) =>
    parts(Math.ceil(weight.rows / 4) * 4 + time.rows + 1, weight.stride),
  );
  const labels = layout.labels ? parts(layout.labels.rows, layout.labels.stride) : 0;
  return matrices.reduce((sum, count) => sum + count, labels);
}
