import { createRequire } from 'node:module';
import { FewstepError } from '../errors.js';
import { Gpu } from '../gpu/gpu.js';
import { REQUESTED_FEATURES, REQUESTED_LIMITS } from '../gpu/request-device.js';
import {
  ADAPTER_KINDS,
  type AdapterKind,
  type DeviceChoice,
  deviceChoice,
  kindsFor,
  type NodeAdapterDescription,
  openDevice,
} from './adapter.js';
import { adviceFor } from './advice.js';
import { strayDrivers, type VulkanDriver, vulkanDrivers } from './vulkan-drivers.js';

/** The proof that an adapter computes: y = a x + y on the device against float64. */
export interface Proof {
  /** Numbers that were computed. */
  count: number;
  /** Largest |device - exact| over the error that two roundings to float32 may make; at most 1 is right. */
  worst: number;
  correct: boolean;
  /** Wall time, compiling included. */
  milliseconds: number;
}

/** One kind of adapter on this machine. */
export interface AdapterReport {
  kind: AdapterKind;
  /** Whether it gave a device whose results are right. */
  works: boolean;
  /** These four where it gave a device. Limits and features are those that kernels use, by their WebGPU names. */
  adapter?: NodeAdapterDescription;
  limits?: Record<string, number>;
  features?: string[];
  proof?: Proof;
  /** Why it does not work, and what to do about it. */
  problem?: string;
  advice?: string[];
}

/** What there is on this machine to compute with: what `fewstep doctor` shows. */
export interface DoctorReport {
  /** Whether an adapter that `choice` allows computes right. */
  works: boolean;
  choice: DeviceChoice;
  /** The kind that `choice` opens, or null where none works. */
  chosen: AdapterKind | null;
  /** Node's names of platform and architecture, and the versions of Node and of npm's webgpu. */
  system: { platform: string; arch: string; node: string; webgpu: string };
  /** Vulkan's, on Linux, whether or not they work. */
  drivers: VulkanDriver[];
  /** Of every kind, in the order in which 'auto' tries them. */
  adapters: AdapterReport[];
}

/**
 * Tries every kind of adapter, runs one kernel on each, and says which one `choice` would open.
 * @param choice by default the environment's FEWSTEP_DEVICE, else 'auto'
 * @throws FewstepError unknown-name where FEWSTEP_DEVICE is no choice. Adapters that fail are reported, not thrown
 */
export async function examine(choice: DeviceChoice = deviceChoice()): Promise<DoctorReport> {
  const adapters: AdapterReport[] = [];
  for (const kind of ADAPTER_KINDS) adapters.push(await examineKind(kind));
  const chosen = kindsFor(choice).find((kind) =>
    adapters.some((found) => found.kind === kind && found.works),
  );
  const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
  return {
    works: chosen !== undefined,
    choice,
    chosen: chosen ?? null,
    system: { platform: process.platform, arch: process.arch, node: process.versions.node, webgpu: version },
    drivers: [...vulkanDrivers(), ...strayDrivers()],
    adapters,
  };
}

async function examineKind(kind: AdapterKind): Promise<AdapterReport> {
  try {
    const { device, adapter } = await openDevice({ device: kind });
    const gpu = new Gpu(device, adapter);
    try {
      const proof = await prove(gpu);
      return {
        kind,
        works: proof.correct,
        adapter,
        limits: Object.fromEntries(REQUESTED_LIMITS.map((name) => [name, device.limits[name]])),
        features: REQUESTED_FEATURES.filter((feature) => device.features.has(feature)),
        proof,
        ...(proof.correct ? {} : { problem: 'its results are wrong', advice: ['update its driver'] }),
      };
    } finally {
      gpu.destroy();
    }
  } catch (error) {
    if (!(error instanceof FewstepError)) throw error;
    const advice = error.code === 'no-adapter' ? adviceFor(kind) : [error.remedy];
    return { kind, works: false, problem: error.message, advice };
  }
}

/** Runs shaders/doctor/axpy.wgsl on numbers of both signs and many magnitudes. */
export async function prove(gpu: Gpu, count = 4096): Promise<Proof> {
  const a = Math.fround(-1.7);
  const x = Float32Array.from({ length: count }, (_, i) => Math.sin(i) * 2 ** ((i % 41) - 20));
  const y = Float32Array.from({ length: count }, (_, i) => Math.cos(3 * i) * 2 ** ((i % 37) - 18));

  const started = performance.now();
  const kernel = await gpu.kernel('doctor/axpy');
  const { STORAGE, UNIFORM, COPY_SRC } = GPUBufferUsage;
  const buffers = {
    scale: gpu.buffer('scale', UNIFORM, kernel.layout.pack('scale', { a, count })),
    x: gpu.buffer('x', STORAGE, x),
    y: gpu.buffer('y', STORAGE | COPY_SRC, y),
  };
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.bind(buffers));
  pass.dispatchWorkgroups(Math.ceil(count / 64));
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
  const result = new Float32Array(await gpu.read(buffers.y));
  const milliseconds = performance.now() - started;

  // The product and the sum are each rounded to float32 (or once, fused): half a unit in the last place of each.
  const rounding = 2 ** -24;
  let worst = 0;
  for (let i = 0; i < count; i++) {
    const product = a * x[i];
    const exact = product + y[i];
    const allowed = rounding * (Math.abs(product) + Math.abs(exact) + rounding * Math.abs(product));
    const error = Math.abs(result[i] - exact) / allowed;
    worst = Math.max(worst, error); // NaN stays
  }
  return { count, worst, correct: worst <= 1, milliseconds };
}
