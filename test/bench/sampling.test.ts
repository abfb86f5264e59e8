import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { called, prepared } from '../../bench/sampling/contestants.js';
import { exportSubjects } from '../../bench/sampling/export.js';
import { samplingPlan } from '../../bench/sampling/plans.js';
import { relativeDifference } from '../../bench/sampling/relative-difference.js';
import { repeatInTurn } from '../../bench/sampling/repeat.js';
import { type SamplingRow, timesOver } from '../../bench/sampling/row.js';
import { samplingSubjects } from '../../bench/sampling/subjects.js';
import { samplingTable } from '../../bench/sampling/table.js';
import { solveReference } from '../../src/execute/reference.js';
import { polynomial } from '../../src/grid/grid.js';
import { parseSafetensors } from '../../src/io/safetensors.js';
import { saveNpy } from '../../src/node/files.js';
import { nfeOf } from '../../src/solver/plan.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-sampling-'));
afterAll(() => rm(folder, { recursive: true }));

const subjects = await samplingSubjects({ quick: true, software: true });
const euler = solverByName('euler').plan(polynomial().times(10));

test('small batches come first, and hardware alone gets the large ones', async () => {
  const batches = async (quick: boolean, software: boolean) =>
    (await samplingSubjects({ quick, software })).map((subject) => subject.batches);
  const usual = [[16384], [2048], [262144], [16384]];
  expect(await batches(false, true)).toEqual(usual);
  expect(await batches(true, true)).toEqual(usual.map(([batch]) => [batch / 8]));
  expect(await batches(true, false)).toEqual(usual);
  for (const [i, sizes] of (await batches(false, false)).entries()) {
    expect(sizes[0]).toBe(usual[i][0]);
    expect(sizes[1]).toBeGreaterThan(10 * sizes[0]);
  }
});

test('given data take the place of random numbers, scaled', async () => {
  const file = join(folder, 'data.npy');
  await saveNpy(file, [3, 2], Float64Array.of(0, 4, 8, 2, 6, 4));
  const [, data] = await samplingSubjects({ quick: true, software: true, data: { file } });
  expect(data).toMatchObject({ name: 'data, 2-D, 3 rows', flops: 5 * 3 * 2, field: { dim: 2 } });
  expect([...data.field.mixture!.means]).toEqual([-1, 0, 1, -0.5, 0.5, 0]);
});

test('what is exported is the field, and its end points are those of the reference', async () => {
  const few = subjects.filter(({ id }) => id !== 'data'); // in float64 it takes long
  await exportSubjects(gpu, few, [euler], folder);
  const listing = JSON.parse(await readFile(join(folder, 'subjects.json'), 'utf8'));
  expect(listing.times).toEqual({ euler: euler.times });
  expect(listing.subjects.map(({ id }: { id: string }) => id)).toEqual(['mixture', 'narrow', 'wide']);
  for (const [i, { field, source }] of few.entries()) {
    const { file, dim, batches } = listing.subjects[i];
    expect({ dim, batches }).toEqual({ dim: field.dim, batches: few[i].batches });
    const { tensors } = parseSafetensors(await readFile(join(folder, file)), file);
    const count = 8 * dim;
    const latents = tensors.get('latents')!.values.subarray(0, count);
    const { samples } = solveReference(field, euler, { latents });
    expect(relativeDifference(tensors.get('euler')!.values.subarray(0, count), samples)).toBeLessThan(1e-4);
    if (source.kind === 'mixture') expect(tensors.get('means')!.values).toEqual(source.spec.means);
    else {
      const { width, embedding } = source.config;
      expect(tensors.get('layers.0.weight')!.shape).toEqual([dim, width]);
      expect(tensors.get('frequencies')!.shape).toEqual([embedding.size / 2]);
    }
  }
});

test('contestants are timed in turn, with as many solves as fill a repeat', async () => {
  const runs: string[] = [];
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  const fake = (by: string, ms: number) => ({
    by,
    async run(count: number) {
      runs.push(by);
      now += ms * count;
      return ms;
    },
    destroy() {},
  });
  const repetition = { repeats: 5, repeatMs: 8, enoughMs: 1e6 };
  const [quick, slow] = await repeatInTurn([fake('quick', 0.5), fake('slow', 10)], repetition);
  expect(runs.slice(-8)).toEqual(Array(4).fill(['quick', 'slow']).flat());
  expect(quick).toMatchObject({ count: 8, repeats: 5, ms: [0.5, 0.5, 0.5] });
  expect(slow).toMatchObject({ count: 1, repeats: 5, gpuMs: [10, 10, 10] });
  const [enough] = await repeatInTurn([fake('slow', 10)], { ...repetition, enoughMs: 1 });
  expect(enough.repeats).toBe(3);
  clock.mockRestore();
});

test('solvers that learn are sampled at the same NFE, AMED with its network asked on the way', async () => {
  for (const { field } of [subjects[0], subjects[2]]) {
    for (const name of ['euler', 'amed', 'bespoke']) {
      const { plan, predictor } = samplingPlan(name, field, 10);
      expect(nfeOf(plan), name).toBe(10);
      expect(predictor?.config.reads).toBe(
        name === 'amed' ? (field.features ? 'hidden' : 'state') : undefined,
      );
      const contestant = await prepared(gpu, field, plan, { batch: 16, executor: 'stepwise', predictor });
      await contestant.run(1);
      contestant.destroy();
    }
  }
  expect(() => samplingPlan('amde', subjects[0].field, 10)).toThrow(/unknown solver 'amde'/);
});

test('rows compare contestants at the same work alone', async () => {
  const { id, name, field } = subjects[0];
  const batch = 64;
  const contestants = [
    await prepared(gpu, field, euler, { batch, executor: 'stepwise' }),
    await prepared(gpu, field, euler, { batch, executor: 'fused' }),
    called(gpu, field, euler, { batch }),
  ];
  const figures = await repeatInTurn(contestants, { repeats: 1, repeatMs: 0, enoughMs: 0 });
  const rows: SamplingRow[] = contestants.map(({ by }, i) => ({
    ...{ id, name, solver: 'euler', nfe: 10, batch, by, ...figures[i] },
    ...{ trajectoriesPerSecond: 1, flops: 1 },
  }));
  for (const contestant of contestants) contestant.destroy();
  expect(rows.map(({ by }) => by)).toEqual(['stepwise', 'fused', 'solve']);
  expect(timesOver(rows, rows[1], 'stepwise')).toBe(rows[0].ms[1] / rows[1].ms[1]);
  expect(timesOver(rows, { ...rows[1], batch: 65 }, 'stepwise')).toBeUndefined();
  expect(timesOver(rows, rows[1], 'tfjs')).toBeUndefined();
  const failures = [{ name, solver: 'euler', batch, by: 'tfjs', message: 'it is another' }];
  expect(samplingTable(rows, failures, 1)).toContain(`failed: tfjs, ${name}, euler, batch 64: it is another`);
});
