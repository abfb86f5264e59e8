import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A Vulkan driver as its manifest (ICD json) declares it. */
export interface VulkanDriver {
  /** Path of the manifest. */
  manifest: string;
  /** The library that it names. */
  library: string;
}

// Container runtimes put NVIDIA's driver here, where Vulkan's loader does not look by itself.
const EXTRA_FOLDERS = ['/usr/local/nvidia/share/vulkan/icd.d', '/usr/local/nvidia/vulkan/icd.d'];

/** The drivers that Vulkan's loader would find: those that the environment names, else its search path. */
export function vulkanDrivers(env: Record<string, string | undefined> = process.env): VulkanDriver[] {
  const named = env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES;
  const places = named ? split(named) : [...split(env.VK_ADD_DRIVER_FILES), ...searchPath(env)];
  return unique(places.flatMap(manifestsIn)).flatMap(readManifest);
}

/** Drivers for real GPUs in places that the loader does not search. */
export function strayDrivers(): VulkanDriver[] {
  return EXTRA_FOLDERS.flatMap(manifestsIn).flatMap(readManifest);
}

/** The folders of the loader's documented search order on Linux. */
function searchPath(env: Record<string, string | undefined>): string[] {
  const home = env.HOME || homedir();
  const bases = [
    env.XDG_CONFIG_HOME || join(home, '.config'),
    ...split(env.XDG_CONFIG_DIRS || '/etc/xdg'),
    '/usr/local/etc',
    '/etc',
    env.XDG_DATA_HOME || join(home, '.local/share'),
    ...split(env.XDG_DATA_DIRS),
    '/usr/local/share',
    '/usr/share',
  ];
  return unique(bases).map((base) => join(base, 'vulkan/icd.d'));
}

function split(paths: string | undefined): string[] {
  return (paths ?? '').split(delimiter).filter((path) => path !== '');
}

/** A manifest itself, or every manifest of a folder. */
function manifestsIn(path: string): string[] {
  if (path.endsWith('.json')) return [path];
  try {
    return readdirSync(path)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(path, name));
  } catch {
    return [];
  }
}

function readManifest(manifest: string): VulkanDriver[] {
  try {
    const text = readFileSync(manifest, 'utf8');
    const { library_path: library } = (JSON.parse(text) as { ICD: { library_path: string } }).ICD;
    return [{ manifest, library }];
  } catch {
    return [];
  }
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}
