import type { Gpu } from '../gpu/gpu.js';
import type { ShaderVariant } from '../gpu/link.js';

/** How a workgroup shares out its work, and what follows from it for the kernels of one direction of a network. */
export interface WorkPlan extends Required<Pick<ShaderVariant, 'conditions' | 'constants'>> {
  /** Trajectories of a workgroup. */
  trajectories: number;
  invocations: number;
  /** Workgroup memory that the kernels declare at most. */
  bytes: number;
}

/** Whether a device's limits leave room for such workgroups. */
export function fits({ limits }: Gpu, { invocations, bytes }: WorkPlan): boolean {
  return (
    invocations <= limits.maxComputeInvocationsPerWorkgroup &&
    invocations <= limits.maxComputeWorkgroupSizeX &&
    bytes <= limits.maxComputeWorkgroupStorageSize
  );
}
