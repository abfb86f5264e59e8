import { expect, test } from 'vitest';
import { copyCeiling, multiplyAddCeiling } from '../../bench/adapter/ceiling.js';
import { copyKernelSubject, copySubject } from '../../bench/adapter/copy-rate.js';
import { countLasting } from '../../bench/adapter/count-lasting.js';
import { dispatchOverhead } from '../../bench/adapter/dispatch-overhead.js';
import { measureBandwidth } from '../../bench/adapter/measure-bandwidth.js';
import { slotSizes } from '../../bench/updates/slot-sizes.js';
import { UPDATES, type UpdateCase, UpdateSlots } from '../../bench/updates/subjects.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { precisionsOf } from '../../src/mlp/precision.js';
import { SOLVER_STREAM } from '../../src/rng/streams.js';
import { normals } from '../../src/rng/threefry.js';
import type { Operation } from '../../src/solver/plan.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';

const [DIM, TRAJECTORIES, SLOTS] = [4, 48, 9];

/** What each is to do with slots 0, 1, 2 and so on, in float64; columns hold numbers from 1/2 to 1. */
function expected(operation: Operation, slots: Float32Array[], i: number): [least: number, most: number] {
  const row = Math.floor(i / DIM);
  switch (operation.kind) {
    case 'combine': {
      const sum = operation.terms.reduce((total, { coefficient, slot }) => {
        return total + (coefficient as number) * slots[slot][i];
      }, 0);
      return [sum, sum];
    }
    case 'euler-at': {
      const change = 1e-4 * slots[operation.velocity][i];
      const state = slots[operation.state][i];
      if (typeof operation.at === 'number') return [state + change, state + change];
      const ends = [state + change / 4, state + change];
      return [Math.min(...ends), Math.max(...ends)];
    }
    case 'noise': {
      const drawn = normals(1, row, operation.draw, SOLVER_STREAM, DIM)[i % DIM];
      const sum = slots[operation.state][i] + operation.scale * drawn;
      return [sum, sum];
    }
    default:
      throw new Error(operation.kind);
  }
}

test.each(UPDATES)('what is timed as $name is that', async (update: UpdateCase) => {
  const state = await UpdateSlots.create(gpu, DIM, TRAJECTORIES, SLOTS);
  const subject = await state.subject(update);
  const before = await Promise.all(Array.from({ length: SLOTS }, (_, slot) => state.read(slot)));
  const encoder = gpu.device.createCommandEncoder();
  subject.record(encoder, 1);
  gpu.device.queue.submit([encoder.finish()]);
  const inputs = Array.from({ length: update.inputs }, (_, slot) => slot);
  const operation = update.operation(inputs, update.inputs);
  const result = await state.read(update.inputs);
  for (const [i, value] of result.entries()) {
    const [least, most] = expected(operation, before, i);
    expect(value).toBeGreaterThan(least - 2e-6);
    expect(value).toBeLessThan(most + 2e-6);
  }
  expect(new Set(result).size).toBeGreaterThan(DIM * TRAJECTORIES * 0.9);
  expect(subject.bytes).toBe(
    4 * DIM * TRAJECTORIES * (update.inputs + 1) + 4 * TRAJECTORIES * update.columns,
  );
  expect(await state.broken()).toBe(0);
  subject.destroy();
  state.destroy();
});

test('slots are filled with numbers of their own', async () => {
  const state = await UpdateSlots.create(gpu, DIM, TRAJECTORIES, SLOTS);
  const all = await Promise.all(Array.from({ length: SLOTS }, (_, slot) => state.read(slot)));
  expect(new Set(all.flatMap((slot) => [...slot])).size).toBeGreaterThan(SLOTS * DIM * TRAJECTORIES * 0.99);
  state.destroy();
});

test('updates and copies are timed in turn, with their rate from their median', async () => {
  const state = await UpdateSlots.create(gpu, DIM, TRAJECTORIES, SLOTS);
  const subjects = [
    copySubject(gpu, 4096, 2),
    await copyKernelSubject(gpu, 4096, 2),
    await state.subject(UPDATES[0]),
  ];
  const rows = await measureBandwidth(gpu, subjects, { repeats: 3, repeatMs: 1 });
  expect(rows.map(({ name }) => name)).toEqual(['copy (command)', 'copy (kernel)', 'euler']);
  expect(rows[0].bytes).toBe(8192);
  for (const { bytes, wallMs, gpuMs, bytesPerSecond } of rows) {
    expect(wallMs[0]).toBeGreaterThan(0);
    expect(wallMs[2]).toBeGreaterThanOrEqual(wallMs[0]);
    expect(bytesPerSecond * (gpuMs ?? wallMs)[1]).toBeCloseTo(1000 * bytes, 3);
  }
  for (const each of [...subjects, state]) each.destroy();
});

test.each([
  {
    binding: 2 ** 31,
    software: false,
    quick: false,
    sizes: [
      [64, 14],
      [256, 8],
    ],
  },
  { binding: 2 ** 31, software: false, quick: true, sizes: [[64, 14]] },
  { binding: 2 ** 30, software: false, quick: false, sizes: [[64, 14]] },
  { binding: 2 ** 30, software: true, quick: false, sizes: [[64, 14]] },
  { binding: 2 ** 27, software: true, quick: false, sizes: [[16, 8]] },
])('slots fill a binding of $binding bytes', ({ binding, software, quick, sizes }) => {
  const limits = { maxStorageBufferBindingSize: binding, maxBufferSize: 2 ** 32 - 1 };
  const found = slotSizes({ adapter: { software }, limits } as Gpu, quick);
  expect(found.map(({ slotBytes, slots }) => [slotBytes / 2 ** 20, slots])).toEqual(sizes);
});

test('an adapter without room for slots is refused', () => {
  const limits = { maxStorageBufferBindingSize: 4 * 2 ** 20, maxBufferSize: 2 ** 30 };
  expect(() => slotSizes({ adapter: { software: false }, limits } as Gpu, false)).toThrow('1 MiB');
});

test('a count is found by what more of them take', async () => {
  const asked: number[] = [];
  const time = (count: number) => {
    asked.push(count);
    return Promise.resolve(0.5 + 0.01 * count); // half a millisecond of submit
  };
  const count = await countLasting(20, time);
  expect(0.5 + 0.01 * count).toBeGreaterThan(10);
  expect(0.5 + 0.01 * count).toBeLessThan(25);
  expect(asked.length).toBeLessThan(10);
  expect(await countLasting(20, time, 100)).toBe(100);
  expect(await countLasting(20, () => Promise.resolve(1000))).toBe(1);
});

test(
  'ceilings and overhead are found',
  async () => {
    for (const precision of precisionsOf(gpu)) {
      expect(await multiplyAddCeiling(gpu, 1, precision), precision).toBeGreaterThan(1e6);
    }
    expect(await copyCeiling(gpu, 1)).toBeGreaterThan(1e6);
    const { submitUs, wallUs, encodeUs } = await dispatchOverhead(gpu, 2, 10);
    for (const [least] of [submitUs, wallUs, encodeUs]) expect(least).toBeGreaterThan(0);
  },
  SLOW,
);
