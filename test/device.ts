import { afterAll } from 'vitest';
import { Gpu } from '../src/gpu/gpu.js';
import { openDevice } from '../src/node/adapter.js';

const { device, adapter } = await openDevice();

/** The device of this test file, chosen as the commands choose it; FEWSTEP_DEVICE picks another. */
export const gpu = new Gpu(device, adapter);

afterAll(() => gpu.destroy());
