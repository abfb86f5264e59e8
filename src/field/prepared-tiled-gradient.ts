import { FewstepError } from '../errors.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { BoundField, GradientBuffers, PreparedGradient } from './field.js';
import type { MixtureSpec } from './mixture.js';
import { operationOf, shared } from './operation.js';
import { conditionsOf, evenSpan, LANES_BATCH, shardsOf, uploadComponents } from './prepared-mixture.js';

/** Components per tile of mixture_tiled_vjp.wgsl: segments are whole tiles of it. */
const TILE = 64;
/** A segment is at least four tiles, because joining it costs as much as a few components. */
const SHORTEST_SEGMENT = 4 * TILE;
/** Segments per shard at most. Not by the batch: its split may not change a result's bits. */
const SEGMENTS = 16;
/** Bytes of partial sums at most; a larger batch comes in spans of trajectories. */
const RECORDS = 2 ** 26;

/** A shard on the device: its buffers, and which segments it has. */
interface Shard {
  data: Record<string, GPUBuffer>;
  first: number;
  segments: number;
  /** In a segment. */
  components: number;
}

/** Vec4 of a state that a lane holds at a time where lanes take trajectories by themselves. */
const SPAN = 16;

/**
 * Uploads a mixture of any dimension and number of components and compiles its streamed vector-Jacobian product:
 * shaders/field/mixture_tiled_vjp.wgsl, or mixture_lanes_vjp.wgsl, for each shard, then mixture_joined_vjp.wgsl.
 * @param lanes whether lanes take trajectories by themselves; not with standard deviations per dimension
 * @throws FewstepError device-limit where one trajectory's partial sums do not fit a binding
 */
export async function prepareTiledGradient(
  gpu: Gpu,
  spec: MixtureSpec,
  lanes = false,
): Promise<PreparedGradient> {
  const conditions = conditionsOf(spec);
  const quads = Math.ceil(spec.dim / 4);
  const vectors = conditions.per_dimension ? 3 : 2;
  const constants = { DIM: spec.dim, QUADS: quads, VECTORS: vectors };
  // Standard deviations per dimension take as much workgroup memory as the means: fewer trajectories fit.
  const batch = lanes ? LANES_BATCH : conditions.per_dimension ? 4 : 16;
  const [tiled, joined] = await Promise.all([
    lanes
      ? gpu.kernel('field/mixture_lanes_vjp', {
          conditions,
          constants: { ...constants, SPAN: evenSpan(quads, SPAN) },
        })
      : gpu.kernel('field/mixture_tiled_vjp', { conditions, constants: { ...constants, BATCH: batch } }),
    gpu.kernel('field/mixture_joined_vjp', { conditions, constants }),
  ]);
  const shards: Shard[] = [];
  let segments = 0;
  for (const [first, last] of shardsOf(gpu, spec, 4 * quads)) {
    const tiles = Math.ceil((last - first) / SEGMENTS / TILE);
    const components = Math.max(SHORTEST_SEGMENT, tiles * TILE);
    const count = Math.ceil((last - first) / components);
    const data = uploadComponents(gpu, spec, first, last, 4 * quads);
    shards.push({ data, first: segments, segments: count, components });
    segments += count;
  }
  const bytes = segments * (3 + vectors * quads) * 16;
  const room = Math.min(RECORDS, gpu.limits.maxStorageBufferBindingSize);
  if (bytes > room) {
    throw new FewstepError(
      'device-limit',
      `a gradient of ${spec.weights.length} components in ${spec.dim} dimensions keeps ${bytes} bytes a trajectory; ${gpu.adapter.name} binds ${room}`,
      'use fewer rows or features, or train a network on the data and use its field',
    );
  }
  return {
    ...operationOf(tiled),
    bind(buffers: GradientBuffers): BoundField {
      const span = Math.min(buffers.capacity, Math.floor(room / bytes));
      const records = gpu.buffer('partial sums', GPUBufferUsage.STORAGE, span * bytes);
      const owned = [records];
      const spans = Array.from({ length: Math.ceil(buffers.capacity / span) }, (_, index) => {
        const groups = shards.map((shard) => {
          const value = {
            trajectory: index * span,
            trajectories: span,
            segment: shard.first,
            segments: shard.segments,
            all_segments: segments,
            components: shard.components,
          };
          const uniform = gpu.buffer('span', GPUBufferUsage.UNIFORM, tiled.layout.pack('span', value));
          owned.push(uniform);
          const names = { ...shared(buffers), records, span: uniform };
          return { ...names, ...shard.data, sigma_gradient: buffers.sigmaGradient };
        });
        return {
          first: index * span,
          shards: groups.map((group) => tiled.bind(group)),
          join: joined.bind(groups[0]),
        };
      });
      return {
        encode(pass, offset, trajectories) {
          for (const { first, shards: groups, join } of spans) {
            const count = Math.min(span, trajectories - first);
            if (count <= 0) break;
            pass.setPipeline(tiled.pipeline);
            for (const [index, group] of groups.entries()) {
              pass.setBindGroup(0, group, [offset]);
              pass.dispatchWorkgroups(...folded(Math.ceil(count / batch) * shards[index].segments));
            }
            pass.setPipeline(joined.pipeline);
            pass.setBindGroup(0, join, [offset]);
            pass.dispatchWorkgroups(...folded(count));
          }
        },
        destroy() {
          for (const buffer of owned) buffer.destroy();
        },
      };
    },
  };
}
