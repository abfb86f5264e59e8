import { afterAll, expect, test } from 'vitest';
import { Gpu } from '../../src/gpu/gpu.js';
import { openDevice } from '../../src/node/adapter.js';
import { expectRefusal } from '../refusal.js';

// A device of its own, which these tests break.
const { device, adapter } = await openDevice();
const gpu = new Gpu(device, adapter);
afterAll(() => gpu.destroy());

const settled = async () => {
  const buffer = gpu.buffer('probe', GPUBufferUsage.COPY_SRC, new Float32Array([1, 2]));
  return [...new Float32Array(await gpu.read(buffer))];
};
const waiting = () => (gpu as unknown as { waiting: Set<unknown> }).waiting.size;

test("a call of one's own that WebGPU refuses is heard, until it is cleared", async () => {
  expect(await settled()).toEqual([1, 2]);
  device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  for (let again = 0; again < 2; again++) {
    await expectRefusal(settled, 'device-limit', /WebGPU refused/, /error scope.*clearError/);
  }
  gpu.clearError();
  expect(await settled()).toEqual([1, 2]);
});

test('nothing is kept of those who waited, and those who wait hear of a loss', async () => {
  for (let again = 0; again < 3; again++) await settled();
  await new Promise((resume) => setTimeout(resume));
  expect(waiting()).toBe(0);
  const never = expectRefusal(() => gpu.settle(new Promise(() => {})), 'device-lost', /was lost/);
  device.destroy();
  await never;
  await expectRefusal(() => gpu.settle(new Promise(() => {})), 'device-lost', /was lost/);
});
