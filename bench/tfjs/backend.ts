import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { relativeDifference } from '../sampling/relative-difference.js';

export const TFJS_PACKAGES = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu'];

/** Further apart than that, two libraries do not compute the same: WGSL's cos alone may be off by 2^-11. */
const TOLERANCE = 1e-3;

/** Lets TensorFlow.js work on this very device, so that both are timed on one adapter. */
export async function startTfjs({ device }: Gpu): Promise<void> {
  // The backend asks whether there is a navigator.gpu, and takes the device that it is given.
  const navigator = { gpu: {}, userAgent: 'Node.js' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, device.adapterInfo));
  if (!(await tf.setBackend('webgpu'))) throw new Error('its WebGPU backend does not start on this device');
}

/** TensorFlow.js submits when something is read: one number of the last result. It waits as our own work does. */
export async function finished(gpu: Gpu, last: tf.Tensor): Promise<void> {
  const number = tf.slice(last, [0, 0], [1, 1]);
  await gpu.settle(number.data());
  number.dispose();
}

/**
 * How far the results of another library are from fewstep's: |theirs - ours| / |ours|.
 * @throws Error where they are not the same
 */
export function checkedDifference(what: string, theirs: ArrayLike<number>, ours: Float32Array): number {
  const difference = relativeDifference(theirs, ours);
  if (difference < TOLERANCE) return difference;
  throw new Error(`its ${what} is ${difference.toExponential(1)} away from fewstep's: it computes another`);
}
