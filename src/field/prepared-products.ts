import type { Gpu } from '../gpu/gpu.js';
import { type Field, type PreparedProducts, preparedField, preparedGradient } from './field.js';

/** The divisor of a velocity that is the drift, as struct Scalar. */
export const ONE = { column: -1, scale: 0, offset: 1 };

const products = new WeakMap<Gpu, WeakMap<Field, Promise<PreparedProducts>>>();

/**
 * A field's drift and products of its Jacobian on a device, uploaded and compiled once: its own ones, or its
 * vector-Jacobian products.
 * @throws FewstepError bad-field where the field has no gradient, device-limit
 */
export function preparedProducts(gpu: Gpu, field: Field): Promise<PreparedProducts> {
  const ofDevice = products.get(gpu) ?? new WeakMap<Field, Promise<PreparedProducts>>();
  products.set(gpu, ofDevice);
  const result = ofDevice.get(field) ?? field.prepareProducts?.(gpu) ?? byGradient(gpu, field);
  ofDevice.set(field, result);
  return result;
}

/** v^T J is as good as J v where only v . J v is wanted. */
async function byGradient(gpu: Gpu, field: Field): Promise<PreparedProducts> {
  const [evaluation, gradient] = await Promise.all([preparedField(gpu, field), preparedGradient(gpu, field)]);
  return {
    weights: [1],
    trajectoryBytes: 4 * field.dim,
    driftSize: evaluation.operationSize,
    productSize: gradient.operationSize,
    packDrift({ state, output, trajectories, sigma }, target, offset) {
      evaluation.pack({ state, output, trajectories, sigma, velocity: 1, divisor: ONE }, target, offset);
    },
    packProduct({ state, vector, output, trajectories, sigma }, target, offset) {
      gradient.pack(
        { state, cotangent: vector, output, trajectories, sigma, sigma_column: 0 },
        target,
        offset,
      );
    },
    bind(batch) {
      const sigmaGradient = gpu.buffer('gradients to sigma', GPUBufferUsage.STORAGE, 4 * batch.capacity);
      const [drift, product] = [evaluation.bind(batch), gradient.bind({ ...batch, sigmaGradient })];
      return {
        ...(drift.tell && {
          tell(conditions) {
            drift.tell!(conditions);
            product.tell!(conditions);
          },
        }),
        drift: drift.encode,
        begin() {},
        product: (_, pass, offset, trajectories) => product.encode(pass, offset, trajectories),
        destroy() {
          drift.destroy();
          product.destroy();
          sigmaGradient.destroy();
        },
      };
    },
  };
}
