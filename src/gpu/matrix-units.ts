import type { Gpu } from './gpu.js';

/** Dawn's feature; WGSL enables it by the same name with underscores. */
export const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;

/** What an adapter's matrix units multiply at a time: [m, k] by [k, n] numbers of float16, with sums in float32. */
export interface MatrixUnits {
  m: number;
  n: number;
  k: number;
  /** Invocations that do so together. */
  subgroup: number;
}

/** What Dawn says of an adapter with such units. */
interface MatrixAdapterInfo extends GPUAdapterInfo {
  subgroupMatrixConfigs?: {
    componentType: string;
    resultComponentType: string;
    M: number;
    N: number;
    K: number;
  }[];
}

const infos = new WeakMap<GPUDevice, MatrixAdapterInfo>();

/** Says what a device's matrix units are like by its adapter's info: in Node (webgpu 0.6.2) the device's own has none. */
export function matrixUnitsFrom(device: GPUDevice, info: GPUAdapterInfo): void {
  infos.set(device, info);
}

/** The largest of those that a device may use; undefined where it has none. */
export function matrixUnits({ device, features }: Gpu): MatrixUnits | undefined {
  const {
    subgroupMinSize,
    subgroupMaxSize,
    subgroupMatrixConfigs = [],
  } = infos.get(device) ?? (device.adapterInfo as MatrixAdapterInfo);
  // Kernels count on whole subgroups of a size that is known.
  if (!features.has(SUBGROUP_MATRIX) || subgroupMinSize !== subgroupMaxSize) return undefined;
  const [largest] = [...subgroupMatrixConfigs]
    .filter(
      ({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32',
    )
    .sort((one, other) => other.M * other.N * other.K - one.M * one.N * one.K);
  return largest && { m: largest.M, n: largest.N, k: largest.K, subgroup: subgroupMaxSize };
}
