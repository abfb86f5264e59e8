import { existsSync } from 'node:fs';
import { FewstepError } from '../../src/errors.js';
import { vulkanDrivers } from '../../src/node/vulkan-drivers.js';
import type { StatisticNames } from './compiled.js';

/** A driver of Mesa that compiles for GPUs that are not there. */
export interface CompilingDriver {
  /** Part of its file's name. */
  file: string;
  /** The GPU, by the driver's own name, and what tells it to the driver. */
  family: { usual: string; variable: string };
  /** Where a drm-shim of Mesa has to stand in for the kernel's part of the driver: what builds it besides that tool. */
  shim?: string;
  statistics: StatisticNames;
}

export const DRIVERS = {
  radeon: {
    file: 'vulkan_radeon',
    family: { usual: 'navi31', variable: 'RADV_FORCE_FAMILY' },
    statistics: {
      registers: 'VGPRs',
      spilled: 'Spilled VGPRs',
      scratch: 'Scratch size',
      shared: 'LDS size',
      waves: 'Subgroups per SIMD',
      instructions: 'Instructions',
      cycles: 'Latency',
    },
  },
  intel: {
    file: 'vulkan_intel.',
    family: { usual: 'adl', variable: 'INTEL_STUB_GPU_PLATFORM' },
    shim: 'intel',
    statistics: {
      registers: 'Max live registers',
      spilled: 'Spill Count',
      scratch: 'Scratch Memory Size',
      shared: 'Workgroup Memory Size',
      instructions: 'Instruction Count',
      cycles: 'Cycle Count',
    },
  },
  nouveau: {
    file: 'vulkan_nouveau',
    family: { usual: '172', variable: 'NOUVEAU_CHIPSET' },
    shim: 'nouveau -Dgallium-drivers=nouveau',
    statistics: {
      registers: 'Number of GPRs',
      spilled: 'Spills to memory',
      scratch: 'SLM size',
      waves: 'Max warps/SM',
      instructions: 'Instruction count',
      cycles: 'Static cycle count',
    },
  },
} satisfies Record<string, CompilingDriver>;

export type DriverName = keyof typeof DRIVERS;

/** What is compiled for. */
export interface CompilingTarget {
  family: string;
  /** Path of the drm-shim library. */
  shim?: string;
  /** Lanes of all subgroups. */
  subgroup?: number;
}

/** What of its environment makes a process use a driver alone, with a GPU that is not there. */
export function driverEnvironment(
  name: DriverName,
  { family, shim, subgroup }: CompilingTarget,
): Record<string, string> {
  const driver: CompilingDriver = DRIVERS[name];
  const installed = vulkanDrivers().find(({ library }) => library.includes(driver.file));
  if (!installed) {
    throw new FewstepError(
      'no-adapter',
      `Mesa’s driver ${name} is not on this machine`,
      'install Mesa: `sudo apt install mesa-vulkan-drivers` (Debian 12’s has no nouveau)',
    );
  }
  if (driver.shim && !shim) {
    throw new FewstepError(
      'bad-argument',
      `the driver ${name} compiles for a GPU that is not there by a drm-shim of Mesa’s sources only`,
      `name it by --shim: \`meson setup build -Dtools=drm-shim,${driver.shim}\`, ` +
        `then \`ninja -C build\` makes lib${name}_noop_drm_shim.so`,
    );
  }
  if (shim !== undefined && !existsSync(shim)) {
    throw new FewstepError(
      'bad-argument',
      `there is no file ${shim}`,
      'name the library that Mesa’s build made',
    );
  }
  if (driver.shim && subgroup !== undefined) {
    throw new FewstepError(
      'bad-argument',
      `the driver ${name} has the subgroups it has`,
      'give --subgroup with --driver radeon alone',
    );
  }
  return {
    VK_DRIVER_FILES: installed.manifest,
    VK_ICD_FILENAMES: installed.manifest,
    MESA_SHADER_CACHE_DISABLE: 'true',
    [driver.family.variable]: family,
    ...(driver.shim ? { LD_PRELOAD: shim! } : { NULL_DEVICE: '1', RADV_DEBUG: 'nocache' }),
    ...(subgroup !== undefined && { NULL_DEVICE_SUBGROUP: String(subgroup) }),
  };
}
