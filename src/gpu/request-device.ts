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
 * @param options timestamps: whether to ask for timestamp queries, where the adapter has them; true by default
 * @throws what `adapter.requestDevice` is rejected with, no FewstepError: an OperationError of WebGPU's for an adapter
 *   that gave a device before, for one
 */
export async function requestDevice(
  adapter: GPUAdapter,
  { timestamps = true }: { timestamps?: boolean } = {},
): Promise<GPUDevice> {
  const features = REQUESTED_FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({
    requiredFeatures: timestamps ? features : features.filter((feature) => feature !== 'timestamp-query'),
    requiredLimits: Object.fromEntries(REQUESTED_LIMITS.map((name) => [name, adapter.limits[name]])),
  });
  matrixUnitsFrom(device, adapter.info);
  return device;
}
