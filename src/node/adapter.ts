import { readFileSync } from 'node:fs';
import { FewstepError, unknownName } from '../errors.js';
import { keepChoicesWith } from '../gpu/choices.js';
import { type AdapterDescription, describeAdapter } from '../gpu/gpu.js';
import { requestDevice } from '../gpu/request-device.js';
import { restWith } from '../gpu/rest.js';
import { adviceFor } from './advice.js';
import { choicesFile } from './choices-file.js';
import { BACKEND, requestAdapter } from './dawn.js';
import { sleepWhile } from './sleep.js';
import { findSwiftShader, mapLoader } from './swiftshader.js';
import { strayDrivers, vulkanDrivers } from './vulkan-drivers.js';

/** What stands behind an adapter, in the order in which 'auto' tries them. */
export const ADAPTER_KINDS = ['hardware', 'lavapipe', 'swiftshader'] as const;
/** 'hardware', or one of the software adapters: Mesa's 'lavapipe', 'swiftshader'. */
export type AdapterKind = (typeof ADAPTER_KINDS)[number];

/** 'auto' allows every kind of adapter, 'software' all but hardware. */
export type DeviceChoice = 'auto' | 'software' | AdapterKind;
/** All values of `DeviceChoice`, for help pages and for checks of one's own options. */
export const DEVICE_CHOICES: readonly DeviceChoice[] = [
  'auto',
  'hardware',
  'software',
  'lavapipe',
  'swiftshader',
];

/** An adapter as Node found it: what stored figures name. */
export interface NodeAdapterDescription extends AdapterDescription {
  /** Dawn's API below WebGPU: 'vulkan', 'metal' or 'd3d12'. */
  backend: string;
  kind: AdapterKind;
}

/** Which adapter is opened, and how. */
export interface OpenOptions {
  /** Default: the environment's FEWSTEP_DEVICE, else 'auto'. */
  device?: DeviceChoice;
  /**
   * Dawn toggles beyond those that fewstep sets: a name enables it, a name with '-' before it disables it. Default: those
   * that the environment's FEWSTEP_TOGGLES names, with commas between.
   */
  toggles?: readonly string[];
  /** Timestamp queries in whole nanoseconds, where the adapter has them. Default true. */
  timestamps?: boolean;
}

/** What `new Gpu(device, adapter)` takes. */
export interface OpenedDevice {
  device: GPUDevice;
  adapter: NodeAdapterDescription;
}

// Dawn shows what is experimental only so; a device still has nothing but the features that are asked for.
const EXPERIMENTAL_TOGGLES = ['allow_unsafe_apis'];

// Dawn blocks shader-f16 on NVIDIA without the first; ggml's production set, see its ggml-webgpu.cpp.
const NVIDIA_TOGGLES = ['vulkan_enable_f16_on_nvidia', 'use_vulkan_memory_model'];

/**
 * Opens a GPU device in Node. Hardware comes first, then Mesa's lavapipe, then SwiftShader; a choice other
 * than 'auto' and 'software' never falls back to something else.
 *
 * @throws FewstepError 'unknown-name' for a choice that does not exist, 'no-adapter' when nothing of that
 *   choice works here, with what to install
 */
export async function openDevice(options: OpenOptions = {}): Promise<OpenedDevice> {
  const { timestamps = true } = options;
  const toggles = merge(
    [...EXPERIMENTAL_TOGGLES, ...(timestamps ? ['-timestamp_quantization'] : [])],
    options.toggles ?? chosenToggles(),
  );
  const found = await findAdapter(deviceChoice(options.device), toggles);
  const { adapter, description } = found;
  try {
    const device = await requestDevice(adapter, { timestamps });
    if (description.software) restWith(device, sleepWhile);
    else keepChoicesWith(device, await choicesFile(description));
    return { device, adapter: description };
  } catch (cause) {
    throw new FewstepError(
      'no-adapter',
      `${description.name} (${description.driver}) gave no device: ${(cause as Error).message}`,
      'update the GPU driver, or choose the device software',
      { cause },
    );
  }
}

/** The choice to use: the caller's, else FEWSTEP_DEVICE's, else 'auto'. */
export function deviceChoice(choice: string = process.env.FEWSTEP_DEVICE || 'auto'): DeviceChoice {
  if (!DEVICE_CHOICES.includes(choice as DeviceChoice)) throw unknownName('device', choice, DEVICE_CHOICES);
  return choice as DeviceChoice;
}

function chosenToggles(): string[] {
  return (process.env.FEWSTEP_TOGGLES ?? '').split(',').filter((toggle) => toggle !== '');
}

/** The kinds of adapter that a choice allows, in the order in which they are tried. */
export function kindsFor(choice: DeviceChoice): readonly AdapterKind[] {
  if (choice === 'auto') return ADAPTER_KINDS;
  if (choice === 'software') return ['lavapipe', 'swiftshader'];
  return [choice];
}

interface FoundAdapter {
  adapter: GPUAdapter;
  description: NodeAdapterDescription;
}

async function findAdapter(choice: DeviceChoice, toggles: readonly string[]): Promise<FoundAdapter> {
  const kinds = kindsFor(choice);
  for (const kind of kinds) {
    const found = await probe[kind](toggles);
    if (found) return found;
  }
  const wanted = choice === 'auto' ? 'GPU adapter' : `${choice} adapter`;
  throw new FewstepError(
    'no-adapter',
    `no ${wanted} works on this machine`,
    `${[...new Set(kinds.flatMap(adviceFor))].join('; or ')}; \`fewstep doctor\` shows what there is`,
  );
}

/** How each kind is looked for. */
const probe: Record<AdapterKind, (toggles: readonly string[]) => Promise<FoundAdapter | undefined>> = {
  async hardware(toggles) {
    // Without any driver Dawn would only complain on stderr.
    const system = BACKEND !== 'vulkan' || vulkanDrivers().length > 0;
    const stray = strayDrivers().map(({ manifest }) => manifest);
    return (
      (system && (await askHardware(toggles))) ||
      (stray.length > 0 && (await askHardware(toggles, stray))) ||
      undefined
    );
  },

  async lavapipe(toggles) {
    const driver = vulkanDrivers().find(({ library }) => library.includes('vulkan_lvp'));
    return driver && ask('lavapipe', toggles, [driver.manifest]);
  },

  async swiftshader(toggles) {
    const swiftShader = await findSwiftShader();
    if (!swiftShader) return undefined;
    mapLoader(swiftShader.loader);
    return ask('swiftshader', toggles, [swiftShader.driver]);
  },
};

async function askHardware(
  toggles: readonly string[],
  drivers?: readonly string[],
): Promise<FoundAdapter | undefined> {
  const found = await ask('hardware', toggles, drivers);
  return found?.description.vendor === 'nvidia'
    ? ask('hardware', merge(NVIDIA_TOGGLES, toggles), drivers)
    : found;
}

/** Asks for an adapter of one kind, once more with a Vulkan loader of our own where the system has none. */
async function ask(
  kind: AdapterKind,
  toggles: readonly string[],
  drivers?: readonly string[],
): Promise<FoundAdapter | undefined> {
  let adapter = await requestAdapter({ toggles, drivers });
  if (!adapter && BACKEND === 'vulkan' && !loaderIsMapped()) {
    const swiftShader = await findSwiftShader();
    if (!swiftShader) return undefined;
    mapLoader(swiftShader.loader);
    adapter = await requestAdapter({ toggles, drivers });
  }
  if (!adapter) return undefined;
  const description = describe(adapter.info, toggles);
  return description.kind === kind ? { adapter, description } : undefined;
}

/** Whether a Vulkan loader is in this process, after Dawn has tried to load the system's. */
function loaderIsMapped(): boolean {
  return readFileSync('/proc/self/maps', 'utf8').includes('/libvulkan.so');
}

function describe(info: GPUAdapterInfo, toggles: readonly string[]): NodeAdapterDescription {
  const { name, software, ...rest } = describeAdapter(info, [...toggles]);
  const emulated = /swiftshader/i.test(`${name} ${info.architecture}`) ? 'swiftshader' : 'lavapipe';
  const kind = software ? emulated : 'hardware';
  // Dawn writes a device's name as a slug, with a dash for the closing bracket.
  return { ...rest, name: name.replace(/-+$/, ''), software, backend: BACKEND, kind };
}

/** `toggles` after those of `defaults` that it does not mention. */
function merge(defaults: readonly string[], toggles: readonly string[] = []): string[] {
  const plain = (toggle: string) => toggle.replace(/^-/, '');
  const mentioned = new Set(toggles.map(plain));
  return [...defaults.filter((toggle) => !mentioned.has(plain(toggle))), ...toggles];
}
