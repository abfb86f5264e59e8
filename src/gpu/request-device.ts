import { isPromise, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { matrixUnitsFrom, SUBGROUP_MATRIX } from './matrix-units.js';

/** Raised to what the adapter has: WebGPU's defaults are far below what kernels can use. */
export const REQUESTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Requested where the adapter has them. */
export const REQUESTED_FEATURES = ['timestamp-query', 'shader-f16', 'subgroups', SUBGROUP_MATRIX] as const;

/**
 * A device with everything of an adapter that kernels can use; one with WebGPU's defaults works too, but has less room.
 * @param adapter what `navigator.gpu.requestAdapter()` came to, null where it found none
 * @param options timestamps: whether to ask for timestamp queries, where the adapter has them; true by default
 * @throws FewstepError no-adapter for none, bad-argument for what is no adapter; besides, what `adapter.requestDevice`
 *   is rejected with, no FewstepError: an OperationError of WebGPU's for an adapter that gave a device before, for one
 */
export async function requestDevice(
  adapter: GPUAdapter | null | undefined,
  { timestamps = true }: { timestamps?: boolean } = {},
): Promise<GPUDevice> {
  if (!adapter) {
    throw new FewstepError(
      'no-adapter',
      'there is no GPU adapter: requestAdapter() found none',
      "use a browser with WebGPU, and allow it hardware acceleration; in Node use openDevice of 'fewstep/node'",
    );
  }
  if (typeof adapter.requestDevice !== 'function') {
    throw new FewstepError(
      'bad-argument',
      `the adapter is ${shown(adapter)}, not a GPUAdapter`,
      isPromise(adapter) ? 'await it' : 'give what navigator.gpu.requestAdapter() comes to',
    );
  }
  const features = REQUESTED_FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({
    requiredFeatures: timestamps ? features : features.filter((feature) => feature !== 'timestamp-query'),
    requiredLimits: Object.fromEntries(REQUESTED_LIMITS.map((name) => [name, adapter.limits[name]])),
  });
  matrixUnitsFrom(device, adapter.info);
  return device;
}
