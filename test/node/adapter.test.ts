import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { Gpu } from '../../src/gpu/gpu.js';
import { type AdapterKind, deviceChoice, kindsFor, openDevice } from '../../src/node/adapter.js';
import { prove } from '../../src/node/doctor.js';
import { findSwiftShader } from '../../src/node/swiftshader.js';

const opened: GPUDevice[] = [];
async function open(options: Parameters<typeof openDevice>[0]) {
  const found = await openDevice(options);
  opened.push(found.device);
  return found;
}
async function works(device: AdapterKind): Promise<boolean> {
  return open({ device }).then(
    () => true,
    () => false,
  );
}
const hasHardware = await works('hardware');
const hasLavapipe = await works('lavapipe');
const hasSwiftShader = (await findSwiftShader()) !== undefined;

afterEach(() => vi.unstubAllEnvs());
afterAll(() => {
  for (const device of opened) device.destroy();
});

describe('the choice of an adapter', () => {
  it('tries hardware, then lavapipe, then SwiftShader', () => {
    expect(kindsFor('auto')).toEqual(['hardware', 'lavapipe', 'swiftshader']);
    expect(kindsFor('software')).toEqual(['lavapipe', 'swiftshader']);
    expect(kindsFor('hardware')).toEqual(['hardware']);
  });

  it("is the caller's, else FEWSTEP_DEVICE's, else auto", () => {
    vi.stubEnv('FEWSTEP_DEVICE', 'swiftshader');
    expect(deviceChoice()).toBe('swiftshader');
    expect(deviceChoice('hardware')).toBe('hardware');
    vi.stubEnv('FEWSTEP_DEVICE', '');
    expect(deviceChoice()).toBe('auto');
  });

  it('names the nearest for a name that does not exist', () => {
    vi.stubEnv('FEWSTEP_DEVICE', 'hardwear');
    expect(() => deviceChoice()).toThrow(
      expect.objectContaining({ code: 'unknown-name', remedy: expect.stringContaining("'hardware'") }),
    );
  });

  it('hardware fails loudly where there is none', async ({ skip }) => {
    skip(hasHardware, 'this machine has a GPU');
    await expect(openDevice({ device: 'hardware' })).rejects.toMatchObject({
      code: 'no-adapter',
      message: expect.stringContaining('hardware'),
      remedy: expect.stringContaining('fewstep doctor'),
    });
  });

  it('opens the best there is', async () => {
    const { adapter } = await open({ device: 'auto' });
    expect(adapter.kind).toBe(hasHardware ? 'hardware' : hasLavapipe ? 'lavapipe' : 'swiftshader');
    expect(adapter.software).toBe(!hasHardware);
  });

  it('falls to SwiftShader where the system has no driver', async ({ skip }) => {
    skip(!hasSwiftShader, 'SwiftShader is not installed');
    vi.stubEnv('VK_DRIVER_FILES', '/nonexistent/icd.json');
    vi.stubEnv('VK_ICD_FILENAMES', undefined);
    const { adapter } = await open({ device: 'software' });
    expect(adapter.kind).toBe('swiftshader');
    // The loader's environment is as it was: a child process would not inherit the driver.
    expect(process.env.VK_DRIVER_FILES).toBe('/nonexistent/icd.json');
    expect(process.env.VK_ICD_FILENAMES).toBeUndefined();
  });
});

describe.each([
  ['hardware', hasHardware],
  ['lavapipe', hasLavapipe],
  ['swiftshader', hasSwiftShader],
] as const)('%s', (kind, there) => {
  it('computes, with more than the default limits', async ({ skip }) => {
    skip(!there, `no ${kind} adapter on this machine`);
    const { device, adapter } = await open({ device: kind });
    expect(adapter).toMatchObject({ kind, software: kind !== 'hardware' });
    expect(device.limits.maxComputeWorkgroupStorageSize).toBeGreaterThan(16384);
    expect(await prove(new Gpu(device, adapter))).toMatchObject({ correct: true });
  });

  it('is opened beside a device of another kind', async ({ skip }) => {
    skip(!there, `no ${kind} adapter on this machine`);
    const first = await open({ device: kind });
    await open({ device: 'auto' });
    expect(await prove(new Gpu(first.device, first.adapter))).toMatchObject({ correct: true });
  });
});

describe('options', () => {
  it('keeps timestamps whole by default, and leaves them out on request', async () => {
    const timed = await open({});
    expect(timed.adapter.toggles).toContain('-timestamp_quantization');
    const untimed = await open({ timestamps: false });
    expect(untimed.device.features.has('timestamp-query')).toBe(false);
    expect(untimed.adapter.toggles).not.toContain('-timestamp_quantization');
  });

  it('lets the caller overrule a toggle', async () => {
    const { adapter } = await open({ toggles: ['timestamp_quantization', 'skip_validation'] });
    expect(adapter.toggles).toContain('timestamp_quantization');
    expect(adapter.toggles).toContain('skip_validation');
    expect(adapter.toggles).not.toContain('-timestamp_quantization');
  });

  it('takes toggles from the environment where the caller names none', async () => {
    vi.stubEnv('FEWSTEP_TOGGLES', 'disable_robustness,timestamp_quantization');
    const { adapter } = await open({});
    expect(adapter.toggles).toEqual(['allow_unsafe_apis', 'disable_robustness', 'timestamp_quantization']);
  });
});
