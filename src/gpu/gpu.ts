import { FewstepError } from '../errors.js';
import { checkDevice } from './check.js';
import { compileKernel, type Kernel } from './kernel.js';
import type { ShaderVariant } from './link.js';
import { restOf } from './rest.js';
import type { ShaderName } from './shaders.js';

/** The adapter behind a device, as every stored figure names it. */
export interface AdapterDescription {
  /** What a person calls it, such as 'NVIDIA H200' or 'llvmpipe (LLVM 19.1.7, 256 bits)'. */
  name: string;
  /** As WebGPU's GPUAdapterInfo has them. */
  vendor: string;
  architecture: string;
  /** Driver and its version, as the adapter states it. */
  driver: string;
  /** Whether the work is done by a CPU. */
  software: boolean;
  /** Dawn toggles that differ from its defaults. */
  toggles: string[];
}

/** Describes the adapter of a device that the caller made, from what WebGPU says of it. */
export function describeAdapter(info: GPUAdapterInfo, toggles: string[] = []): AdapterDescription {
  const name = info.device || info.description || info.architecture || 'unknown adapter';
  return {
    name,
    vendor: info.vendor,
    architecture: info.architecture,
    driver: info.description,
    software: info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(`${name} ${info.architecture}`),
    toggles,
  };
}

/** What fields were asked. */
export interface FieldWork {
  /** Of all trajectories. */
  evaluations: number;
  /** Products with the Jacobian of D. */
  products: number;
}

/**
 * A GPUDevice with what fewstep keeps per device: compiled kernels, and the errors that WebGPU would
 * otherwise raise where nobody listens. Whatever waits for a device may throw these: device-lost, out-of-memory, and
 * device-limit for a call that WebGPU refused.
 */
export class Gpu {
  readonly adapter: AdapterDescription;
  /** What plans asked of fields so far, of all trajectories: evaluations, and products with the Jacobian. */
  readonly work: FieldWork = { evaluations: 0, products: 0 };
  private readonly kernels = new Map<string, Promise<Kernel>>();
  private failure: FewstepError | undefined;
  private loss: FewstepError | undefined;
  /** Who is told of the device's loss: all that wait now. A promise that they raced with would keep each of them. */
  private readonly waiting = new Set<(loss: FewstepError) => void>();

  /**
   * @param adapter as `openDevice` describes it; by default what the device says of its adapter
   * @throws FewstepError bad-argument for what is no GPUDevice
   */
  constructor(
    readonly device: GPUDevice,
    adapter?: AdapterDescription,
  ) {
    checkDevice(device);
    this.adapter = adapter ?? describeAdapter(device.adapterInfo);
    device.addEventListener('uncapturederror', (event) => {
      this.failure ??= deviceError((event as GPUUncapturedErrorEvent).error);
    });
    device.lost.then((info) => {
      this.loss = new FewstepError(
        'device-lost',
        `the GPU device was lost: ${info.message || info.reason}`,
        'run again; if it happens again, use a smaller batch, or a software adapter',
      );
      for (const tell of this.waiting) tell(this.loss);
    });
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  get features(): GPUSupportedFeatures {
    return this.device.features;
  }

  /** Kernels compiled so far. Some drivers compile only when a kernel first runs, which a timing has to know. */
  get compiled(): number {
    return this.kernels.size;
  }

  /**
   * A kernel by the name of its file; compiled once per variant, also for concurrent callers.
   * @throws FewstepError shader-compilation
   */
  kernel(name: ShaderName, variant: ShaderVariant = {}): Promise<Kernel> {
    const key = JSON.stringify([name, variant.conditions, variant.constants, variant.modules]);
    let kernel = this.kernels.get(key);
    if (!kernel) {
      kernel = compileKernel(this.device, name, variant);
      this.kernels.set(key, kernel);
    }
    return kernel;
  }

  /**
   * A buffer of so many bytes, or with some content. Sizes are rounded up to 4 bytes.
   * @throws FewstepError device-limit where it is larger than the device allows
   */
  buffer(
    label: string,
    usage: GPUBufferUsageFlags,
    content: number | ArrayBuffer | ArrayBufferView,
  ): GPUBuffer {
    const bytes = typeof content === 'number' ? undefined : asBytes(content);
    // No more than that: kernels take the number of components from the size.
    const size = Math.max(4, Math.ceil((bytes?.byteLength ?? (content as number)) / 4) * 4);
    if (size > this.limits.maxBufferSize) {
      throw new FewstepError(
        'device-limit',
        `buffer '${label}' needs ${size} bytes; ${this.adapter.name} allows ${this.limits.maxBufferSize}`,
        'use a smaller batch or data set',
      );
    }
    const { maxStorageBufferBindingSize: most } = this.limits;
    if (usage & GPUBufferUsage.STORAGE && size > most) {
      throw new FewstepError(
        'device-limit',
        `buffer '${label}' needs ${size} bytes; a binding of ${this.adapter.name} has at most ${most}`,
        'use a smaller batch or data set',
      );
    }
    const buffer = this.device.createBuffer({ label, size, usage, mappedAtCreation: bytes !== undefined });
    if (bytes) {
      new Uint8Array(buffer.getMappedRange()).set(bytes);
      buffer.unmap();
    }
    return buffer;
  }

  /**
   * Waits for `work`, or fails with the device's first error, or with its loss.
   * @throws FewstepError device-limit, out-of-memory, device-lost, or what `work` is rejected with
   */
  async settle<T>(work: Promise<T>): Promise<T> {
    restOf(this.device)?.(work);
    try {
      const result = await this.unlessLost(work);
      if (this.failure) throw this.failure;
      return result;
    } catch (error) {
      throw this.failure ?? error;
    }
  }

  /**
   * Forgets an error that WebGPU raised, which otherwise everything that waits for this device fails with from then on:
   * for who shares the device, and knows that the error was a call of their own.
   */
  clearError(): void {
    this.failure = undefined;
  }

  private unlessLost<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.loss) reject(this.loss);
      this.waiting.add(reject);
      work.then(resolve, reject).then(() => this.waiting.delete(reject));
    });
  }

  /**
   * Copies `size` bytes of `buffer` to the host; the buffer needs COPY_SRC.
   * @param offset where they begin, bytes
   * @throws FewstepError as `settle`
   */
  async read(buffer: GPUBuffer, size = buffer.size, offset = 0): Promise<ArrayBuffer> {
    const staging = this.device.createBuffer({
      label: `${buffer.label} (readback)`,
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    try {
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
      this.device.queue.submit([encoder.finish()]);
      await this.settle(staging.mapAsync(GPUMapMode.READ));
      return staging.getMappedRange().slice(0);
    } finally {
      staging.destroy();
    }
  }

  /** Destroys the device. */
  destroy(): void {
    this.device.destroy();
  }
}

function asBytes(content: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(content)
    ? new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
    : new Uint8Array(content);
}

function deviceError(error: GPUError): FewstepError {
  return /memory/i.test(error.constructor.name) || /out of memory/i.test(error.message)
    ? new FewstepError(
        'out-of-memory',
        `the GPU is out of memory: ${error.message}`,
        'use a smaller batch; a program that goes on calls gpu.clearError() before',
      )
    : new FewstepError(
        'device-limit',
        `WebGPU refused: ${error.message}`,
        'this is a fault in fewstep: report it; or a call of your own on the same device: then wrap that in an error scope, ' +
          'and go on after gpu.clearError()',
      );
}
