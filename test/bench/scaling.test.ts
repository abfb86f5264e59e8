import { expect, test } from 'vitest';
import { randomMixture, randomNetwork } from '../../bench/random-fields.js';
import { allocatedBytes } from '../../bench/scaling/allocated-bytes.js';
import { measureLatency } from '../../bench/scaling/latency.js';
import { measureScaling } from '../../bench/scaling/rows.js';
import { measureStartup } from '../../bench/scaling/startup.js';
import { polynomial } from '../../src/grid/grid.js';
import type { NodeAdapterDescription } from '../../src/node/adapter.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';

const plan = solverByName('euler').plan(polynomial().times(3));

test(
  'a batch is timed with and without the way to the host, and its memory is as predicted',
  async () => {
    // On software 'auto' leaves so few evaluations stepwise.
    const executor = gpu.adapter.software ? 'stepwise' : 'fused';
    for (const field of [randomMixture(3, 4), randomNetwork(2, 32).field]) {
      const subject = { name: 'it', field, batch: 30 };
      const row = await measureScaling(gpu, subject, plan, { repeats: 3, repeatMs: 1 });
      expect(row).toMatchObject({ field: 'it', dim: field.dim, batch: 30, nfe: 3, executor });
      expect(row.callMs[0]).toBeGreaterThanOrEqual(row.solveMs[0]);
      expect(row.preparedMs[0]).toBeGreaterThan(0);
      expect(row.trajectoriesPerSecond * row.callMs[1]).toBeCloseTo(30_000, 6);
      expect(row.preparedPerSecond * row.preparedMs[1]).toBeCloseTo(30_000, 6);
      expect(row.memory.measured).toBe(row.memory.predicted);
      expect(row.memory.measured).toBeGreaterThan(30 * field.dim * 4);
    }
  },
  SLOW,
);

test(
  'latencies are of one trajectory, by either executor',
  async () => {
    for (const executor of ['fused', 'stepwise'] as const) {
      const subject = { name: 'it', field: randomMixture(3, 4) };
      const row = await measureLatency(gpu, subject, plan, executor, 6);
      expect(row).toMatchObject({ field: 'it', nfe: 3, executor, solves: 6 });
      for (const { median, p95 } of [row.call, row.solve, row.prepared]) {
        expect(median).toBeGreaterThan(0);
        expect(p95).toBeGreaterThanOrEqual(median);
      }
      expect(row.call.median).toBeGreaterThanOrEqual(row.solve.median);
    }
  },
  SLOW,
);

test('bytes are counted while they are there', async () => {
  const { COPY_DST } = GPUBufferUsage;
  const counted = await allocatedBytes(gpu, async () => {
    const first = gpu.buffer('first', COPY_DST, 100);
    const second = gpu.buffer('second', COPY_DST, 50);
    first.destroy();
    first.destroy();
    const third = gpu.buffer('third', COPY_DST, 40);
    second.destroy();
    third.destroy();
  });
  expect(counted).toEqual({ made: 192, peak: 152 });
  const after = gpu.buffer('not counted', COPY_DST, 8);
  after.destroy();
  expect(counted.made).toBe(192);
});

test('the command line is started with an empty and with a filled cache', async () => {
  const rows = await measureStartup((gpu.adapter as NodeAdapterDescription).kind, 1);
  expect(rows.map(({ cache }) => cache)).toEqual(['none', 'none', 'cold', 'warm', 'cold', 'warm']);
  for (const { repeats, ms } of rows) {
    expect(repeats).toBe(1);
    expect(ms[0]).toBeGreaterThan(0);
  }
  expect(rows[2].command).toContain('--nfe 5 --batch 1');
}, 120_000);
