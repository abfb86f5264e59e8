import type { Gpu } from './gpu.js';

/**
 * Whether kernels should let the lanes of a subgroup tell each other what they load (shaders/batch/subgroup.wgsl):
 * software adapters with subgroups of 8, such as lavapipe. Hardware has caches that do it better.
 */
export function canBroadcast({ adapter, device, features }: Gpu): boolean {
  const { subgroupMinSize, subgroupMaxSize } = device.adapterInfo;
  return adapter.software && features.has('subgroups') && subgroupMinSize === 8 && subgroupMaxSize === 8;
}
