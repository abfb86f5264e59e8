import { tmpdir } from 'node:os';
import { create, globals } from 'webgpu';

// The GPUBufferUsage and GPUMapMode of browsers, which the core uses.
Object.assign(globalThis, globals);

// Vulkan's loader and Mesa complain on stderr where there is no session; any folder will do.
process.env.XDG_RUNTIME_DIR ??= tmpdir();

/** Dawn's API below WebGPU; known before an adapter is asked for, because each platform has one. */
export const BACKEND =
  { linux: 'vulkan', darwin: 'metal', win32: 'd3d12' }[process.platform as string] ?? 'null';

// Dawn aborts or hangs when the object that create() returns is collected, even with its devices destroyed:
// every one is kept for the life of the process.
const retained: GPU[] = [];
const working = new Map<string, GPU>();

export interface AdapterRequest {
  /** Dawn toggles: a name enables it, a name with '-' before it disables it. */
  toggles: readonly string[];
  /** Vulkan driver manifests (ICD json files) to use instead of those the loader finds. */
  drivers?: readonly string[];
}

/** Asks Dawn for an adapter; undefined where there is none. */
export async function requestAdapter(request: AdapterRequest): Promise<GPUAdapter | undefined> {
  const key = JSON.stringify([request.toggles, request.drivers]);
  const gpu = working.get(key) ?? createInstance(request.toggles);
  // forceFallbackAdapter is no way to ask for software: it misses lavapipe in an instance's first request.
  const adapter = await withDrivers(request.drivers, () =>
    gpu.requestAdapter({ powerPreference: 'high-performance' }),
  );
  // An instance that found nothing never looks again, so only one that did is worth keeping for later calls.
  if (adapter) working.set(key, gpu);
  return adapter ?? undefined;
}

function createInstance(toggles: readonly string[]): GPU {
  const disabled = toggles.filter((toggle) => toggle.startsWith('-')).map((toggle) => toggle.slice(1));
  const enabled = toggles.filter((toggle) => !toggle.startsWith('-'));
  const options = [`backend=${BACKEND}`];
  if (enabled.length > 0) options.push(`enable-dawn-features=${enabled.join(',')}`);
  if (disabled.length > 0) options.push(`disable-dawn-features=${disabled.join(',')}`);
  const gpu = create(options);
  retained.push(gpu);
  return gpu;
}

/**
 * Runs `start` with Vulkan's loader pointed at the drivers. The loader reads the environment when Dawn makes
 * its Vulkan instance, which happens inside the first requestAdapter() before that returns: the environment
 * is put back at once, and drivers can be changed from one instance to the next.
 */
function withDrivers<T>(drivers: readonly string[] | undefined, start: () => T): T {
  if (!drivers) return start();
  const names = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']; // the second is for loaders before 1.3.207
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = drivers.join(':');
  try {
    return start();
  } finally {
    names.forEach((name, i) => {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    });
  }
}
