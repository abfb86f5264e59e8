import { isObject, isPromise, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';

const FROM_NODE = 'const { device, adapter } = await openDevice(); const gpu = new Gpu(device, adapter)';

/** Whether it is a `Gpu`, also one of another copy of fewstep. */
export function isGpu(given: unknown): boolean {
  return isObject(given) && typeof given.kernel === 'function' && isDevice(given.device);
}

/** @throws FewstepError bad-argument unless it is a `Gpu` */
export function checkGpu(given: unknown): void {
  if (isGpu(given)) return;
  const remedy = isDevice(given) ? 'wrap the device: new Gpu(device)' : `give a Gpu: ${FROM_NODE}`;
  throw new FewstepError('bad-argument', `the GPU is ${named(given)}, not a Gpu`, awaited(given) ?? remedy);
}

/** @throws FewstepError bad-argument unless it is a GPUDevice */
export function checkDevice(given: unknown): void {
  if (isDevice(given)) return;
  const opened = isObject(given) && isDevice(given.device);
  throw new FewstepError(
    'bad-argument',
    `a Gpu needs a GPUDevice, and got ${opened && !isGpu(given) ? 'an object that has one' : named(given)}`,
    awaited(given) ?? `in Node write ${FROM_NODE}; in a browser new Gpu(await requestDevice(adapter))`,
  );
}

function isDevice(given: unknown): boolean {
  return isObject(given) && typeof given.createBuffer === 'function';
}

function named(given: unknown): string {
  if (isDevice(given)) return 'a GPUDevice';
  return isGpu(given) ? 'a Gpu' : shown(given);
}

function awaited(given: unknown): string | undefined {
  return isPromise(given) ? 'await it' : undefined;
}
