import { FewstepError } from '../errors.js';
import {
  type BoundField,
  type DivergenceBuffers,
  type Field,
  type PreparedProducts,
  preparedDivergence,
  preparedField,
} from '../field/field.js';
import { ONE, preparedProducts } from '../field/prepared-products.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { StructValue } from '../gpu/layout.js';

/**
 * How the divergence of the drift is found along a path: not at all; exactly, in closed form or by a product of the
 * Jacobian with each unit vector; or by Hutchinson's estimate v . J v with so many probes v of -1 and 1, each the same
 * along the whole path of its trajectory (FFJORD, arXiv 1810.01367). Probes are 1 to 1024, the seed a whole number.
 */
export type DivergenceMethod =
  | { kind: 'none' }
  | { kind: 'exact' }
  | { kind: 'hutchinson'; probes: number; seed: number };

/** How many divergences a method follows. */
export function divergencesOf(method: DivergenceMethod): number {
  return method.kind === 'none' ? 0 : method.kind === 'exact' ? 1 : method.probes;
}

/** Where an evaluation of the drift finds and leaves things: slots and divergences in numbers. */
export interface DriftPlace {
  state: number;
  output: number;
  /** The first slot of vectors; others follow it at `stride`, the last one being for products. */
  vectors: number;
  stride: number;
  trajectories: number;
  /** The first divergence; others follow it at `capacity`. */
  divergence: number;
  capacity: number;
  sigma: StructValue;
}

/** The drift x - D of a field and divergences of it, on one device. */
export interface PreparedDrift {
  /** Slots for vectors and products. */
  readonly vectors: number;
  /** Memory of a trajectory in one binding, bytes, besides slots and columns. */
  readonly trajectoryBytes: number;
  readonly operationSize: number;
  pack(place: DriftPlace, target: ArrayBuffer, offset: number): void;
  bind(batch: DivergenceBuffers): BoundField;
}

/**
 * Prepares the drift of a field with its divergences.
 * @throws FewstepError bad-field where the divergence needs a gradient that the field does not have, device-limit
 */
export async function prepareDrift(gpu: Gpu, field: Field, method: DivergenceMethod): Promise<PreparedDrift> {
  if (method.kind === 'none') return plainDrift(gpu, field);
  if (method.kind === 'exact' && field.prepareDivergence) return closedForm(gpu, field);
  if (!field.prepareGradient && !field.prepareProducts) {
    throw new FewstepError(
      'bad-field',
      `the divergence of the field '${field.kind}' needs a gradient, which it does not have`,
      'use a field with a gradient',
    );
  }
  return probed(gpu, await preparedProducts(gpu, field), field.dim, method);
}

async function plainDrift(gpu: Gpu, field: Field): Promise<PreparedDrift> {
  const { operationSize, pack, bind } = await preparedField(gpu, field);
  return {
    vectors: 0,
    trajectoryBytes: 0,
    operationSize,
    pack({ state, output, trajectories, sigma }, target, offset) {
      pack({ state, output, trajectories, sigma, velocity: 1, divisor: ONE }, target, offset);
    },
    bind,
  };
}

async function closedForm(gpu: Gpu, field: Field): Promise<PreparedDrift> {
  const { operationSize, pack, bind } = await preparedDivergence(gpu, field);
  return {
    vectors: 0,
    trajectoryBytes: 0,
    operationSize,
    pack({ state, output, trajectories, divergence, sigma }, target, offset) {
      pack({ state, output, trajectories, divergence, sigma }, target, offset);
    },
    bind,
  };
}

/** Of a dispatch of 'unit' or 'trace', whose uniforms are smaller than this; dynamic offsets are multiples of it. */
const SMALL = 256;

/** By products: unit vectors one after the other in one slot, or probes in a slot each. */
async function probed(
  gpu: Gpu,
  products: PreparedProducts,
  dim: number,
  method: Exclude<DivergenceMethod, { kind: 'none' }>,
): Promise<PreparedDrift> {
  const [unit, trace] = await Promise.all([gpu.kernel('divergence/unit'), gpu.kernel('divergence/trace')]);
  const exact = method.kind === 'exact';
  const count = exact ? dim : method.probes;
  const { weights } = products;
  const [driftSize, productSize] = [padded(products.driftSize), padded(products.productSize)];
  // The drift's; of each vector its product's and, exactly, that of the unit vector; of each part and vector the trace's.
  const productAt = (n: number) => driftSize + n * (productSize + SMALL);
  const unitAt = (n: number) => productAt(n) + productSize;
  const traceAt = (part: number, n: number) => productAt(count) + (part * count + n) * SMALL;
  const slots = exact ? 1 : count;
  return {
    vectors: slots + 1,
    trajectoryBytes: products.trajectoryBytes,
    operationSize: traceAt(weights.length, 0),
    pack(place, target, offset) {
      const { state, output, vectors, stride, trajectories, sigma } = place;
      const product = vectors + slots * stride;
      products.packDrift({ state, output, scratch: product, trajectories, sigma }, target, offset);
      for (let n = 0; n < count; n++) {
        const vector = vectors + (exact ? 0 : n * stride);
        const common = { state, vector, output: product, trajectories, sigma };
        products.packProduct(common, target, offset + productAt(n));
        if (exact) {
          unit.layout.pack('operation', { vector, dim, trajectories, d: n }, target, offset + unitAt(n));
        }
        for (const [part, weight] of weights.entries()) {
          const divergence = place.divergence + (exact ? 0 : n * place.capacity);
          const begins = part === 0 && (n === 0 || !exact) ? 1 : 0;
          const value = { vector, product, dim, trajectories, divergence, begins, weight };
          trace.layout.pack('operation', value, target, offset + traceAt(part, n));
        }
      }
    },
    bind(batch) {
      const { slots: buffer, operation, divergences } = batch;
      const bound = products.bind(batch);
      const units = unit.bind({ slots: buffer, operation });
      const traces = trace.bind({ slots: buffer, operation, divergences });
      return {
        encode(pass, offset, trajectories) {
          const groups = folded(Math.ceil(trajectories / 64));
          bound.drift(pass, offset, trajectories);
          for (let part = 0; part < weights.length; part++) {
            bound.begin(part, pass, offset, trajectories);
            for (let n = 0; n < count; n++) {
              if (exact) {
                pass.setPipeline(unit.pipeline);
                pass.setBindGroup(0, units, [offset + unitAt(n)]);
                pass.dispatchWorkgroups(...groups);
              }
              bound.product(part, pass, offset + productAt(n), trajectories);
              pass.setPipeline(trace.pipeline);
              pass.setBindGroup(0, traces, [offset + traceAt(part, n)]);
              pass.dispatchWorkgroups(...groups);
            }
          }
        },
        ...(bound.tell && { tell: bound.tell }),
        destroy: () => bound.destroy(),
      };
    },
  };
}

function padded(size: number): number {
  return Math.ceil(size / 256) * 256;
}
