import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadArray, saveNpy } from '../../src/node/files.js';
import { normals } from '../../src/rng/threefry.js';
import { build, fewstep, flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-sample-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

type Options = Parameters<typeof flags>[0];
const sampling = (options: Options) => [
  'sample',
  ...flags({ field: 'ring', solver: 'ipndm-3', nfe: 6, batch: 10, ...options }),
];

/** Samples in this process and reads what was written. */
async function sampled(name: string, options: Options = {}) {
  const outcome = await inProcess(sampling({ out: at(name), ...options }));
  expect(outcome).toMatchObject({ status: 0 });
  return loadArray(at(name));
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
}

describe('the built command', () => {
  beforeAll(build);

  it('writes samples and trajectory into a new folder and prints what it did', async () => {
    const [out, trajectory] = ['new/deep/x.npy', 't.npy'];
    const options = {
      out,
      trajectory,
      seed: 3,
      grid: 'logsnr',
      'sigma-max': 40,
      afs: true,
      json: true,
    } as const;
    const [good, lists] = await Promise.all([
      fewstep(sampling(options), { cwd: folder }),
      fewstep(['solvers', '--json']),
    ]);
    expect(good.status).toBe(0);
    const report = JSON.parse(good.stdout);
    expect(report).toMatchObject({
      out,
      trajectory,
      field: { source: 'ring', kind: 'gaussian-mixture', dim: 2 },
      solver: 'ipndm-3',
      afs: true,
      grid: 'logsnr',
      nfe: 6,
      evaluations: 6,
      batch: 10,
      seed: 3,
      // So few evaluations are not worth compiling a kernel for on software.
      executor: report.adapter.software ? 'stepwise' : 'fused',
      adapter: { name: expect.any(String), driver: expect.any(String), software: expect.any(Boolean) },
      timings: { hostMs: expect.any(Number), totalMs: expect.any(Number) },
    });
    // AFS gives the first evaluation away: seven steps make six.
    expect(report.times).toHaveLength(8);
    expect([report.times[0], report.times[7]]).toEqual([40, 0.002]);

    const samples = await loadArray(at(out));
    const states = await loadArray(at(trajectory));
    expect(samples).toMatchObject({ shape: [10, 2], dtype: 'float32' });
    expect(states).toMatchObject({ shape: [8, 10, 2], dtype: 'float32' });
    expect(states.values.every(Number.isFinite)).toBe(true);
    expect(states.values.slice(-20)).toEqual(samples.values);
    expect(await readdir(at('new/deep'))).toEqual(['x.npy']);

    expect(lists.status).toBe(0);
    expect(JSON.parse(lists.stdout).length).toBeGreaterThan(20);
  });
});

describe('samples', () => {
  it('agree with the float64 reference from the same latents', async () => {
    const latents = Float64Array.from(normals(11, 0, 0, 0, 64), (value) => Math.fround(80 * value));
    await saveNpy(at('z.npy'), [32, 2], latents);
    const options = { batch: undefined, latents: at('z.npy'), solver: 'dpmpp-2m', nfe: 8 };
    const stepwise = await sampled('stepwise.npy', options);
    const reference = await sampled('reference.npy', { ...options, executor: 'reference' });
    expect(reference).toMatchObject({ shape: [32, 2], dtype: 'float64' });
    // A step shrinks noise and its rounding alike, so x carries about 2^-24 of itself per operation, and the
    // ring's field (modes 0.08 wide, 0.77 apart) amplifies that by less than 100 where it decides for a mode.
    expect(largestDifference(stepwise.values, reference.values)).toBeLessThan(8 * 100 * 2 ** -24);
  });

  it('of a sampler of the SDE agree with the float64 reference by their seed alone', async () => {
    const options = { solver: 'stochastic-heun', nfe: 8, batch: 32, seed: 5 };
    const stepwise = await sampled('noisy.npy', options);
    const reference = await sampled('noisy-reference.npy', { ...options, executor: 'reference' });
    expect(largestDifference(stepwise.values, reference.values)).toBeLessThan(8 * 100 * 2 ** -24);
  });

  it('of a sampler of the SDE from given latents have the noise of the seed', async () => {
    const latents = Float64Array.from(normals(12, 0, 0, 0, 32), (value) => Math.fround(80 * value));
    await saveNpy(at('z16.npy'), [16, 2], latents);
    const options = { batch: undefined, latents: at('z16.npy'), solver: 'ancestral', nfe: 4 };
    const run = async (seed: number | undefined) => [
      ...(await sampled('seeded.npy', { ...options, seed })).values,
    ];
    expect(await run(3)).toEqual(await run(3));
    expect(await run(3)).not.toEqual(await run(4));
    expect(await run(undefined)).toEqual(await run(0));
  });

  it('start from the noise of the seed, the same on the GPU and in the reference', async () => {
    const seeded = { seed: 5, trajectory: at('gpu-t.npy') };
    await sampled('gpu.npy', seeded);
    await sampled('cpu.npy', { ...seeded, trajectory: at('cpu-t.npy'), executor: 'reference' });
    const [gpu, cpu] = [await loadArray(at('gpu-t.npy')), await loadArray(at('cpu-t.npy'))];
    const expected = Array.from({ length: 10 }, (_, i) => [...normals(5, i, 0, 0, 2)].map((z) => 80 * z));
    expect([...cpu.values.slice(0, 20)]).toEqual(expected.flat());
    // Some roundings of float32 at the largest radius, 5.8, and sigma 80.
    expect(largestDifference(gpu.values.slice(0, 20), expected.flat())).toBeLessThan(80 * 5.8 * 2 ** -20);
  });

  it('are the same for the same seed, whatever the batch, and others for another', async () => {
    const first = await sampled('a.npy', { seed: 7 });
    const again = await sampled('b.npy', { seed: 7, batch: 700 });
    const other = await sampled('c.npy', { seed: 8 });
    expect(again.values.slice(0, 20)).toEqual(first.values);
    expect(largestDifference(other.values, first.values)).toBeGreaterThan(0.01);
  });

  it('are the same from latents in a file as from the drawn ones', async () => {
    const drawn = await sampled('drawn.npy', { seed: 9, trajectory: at('drawn-t.npy') });
    const { values } = await loadArray(at('drawn-t.npy'));
    for (const latents of [Float32Array.from(values.slice(0, 20)), values.slice(0, 20)]) {
      await saveNpy(at('latents.npy'), [10, 2], latents);
      const given = await sampled('given.npy', { batch: undefined, latents: at('latents.npy') });
      expect(given.values).toEqual(drawn.values);
    }
  });

  it("come out in the data's own units", async () => {
    const corners = ['0,100', '16,100', '0,116', '16,116'];
    await writeFile(at('corners.csv'), corners.join('\n'));
    const options = { field: at('corners.csv'), scale: true, solver: 'euler', nfe: 18, batch: 40 } as const;
    for (const executor of ['stepwise', 'fused', 'reference']) {
      const { values } = await sampled('units.npy', { ...options, executor });
      for (let i = 0; i < 40; i++) {
        const nearest = Math.min(
          ...corners.map((corner) => {
            const [x, y] = corner.split(',').map(Number);
            return Math.hypot(values[2 * i] - x, values[2 * i + 1] - y);
          }),
        );
        // It falls to a point from at most 16 away, all but sigma_min over the sigma (> 0.03) where it decides.
        expect(nearest).toBeLessThan((16 * 0.002) / 0.03);
      }
    }
  });

  it("come from a user's own WGSL, and its reference agrees", async () => {
    // D of N(1, 0.5^2) in each of two dimensions.
    await writeFile(
      at('normal.wgsl'),
      `fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> {
        let s = sigma * sigma;
        return array<f32, 2>((0.25 * x[0] + s) / (0.25 + s), (0.25 * x[1] + s) / (0.25 + s));
      }`,
    );
    await writeFile(
      at('normal.mjs'),
      `export default function (x, sigma, out) {
        for (const d of [0, 1]) out[d] = (0.25 * x[d] + sigma ** 2) / (0.25 + sigma ** 2);
      }`,
    );
    const described = { kind: 'custom', dim: 2, wgsl: 'normal.wgsl', reference: 'normal.mjs' };
    await writeFile(at('normal.json'), JSON.stringify(described));
    await saveNpy(at('few.npy'), [4, 2], Float32Array.from([-80, 40, 10, 0, 120, -30, 60, 5]));
    const options = { batch: undefined, latents: at('few.npy'), solver: 'deis-3' };
    const shader = await sampled('wgsl.npy', { ...options, field: at('normal.wgsl'), dim: 2 });
    const both = await sampled('json.npy', { ...options, field: at('normal.json') });
    const reference = await sampled('mjs.npy', {
      ...options,
      field: at('normal.json'),
      executor: 'reference',
    });
    expect(both.values).toEqual(shader.values);
    // A linear field: x at most 120 at the start, shrunk with its rounding to about 1 at the end.
    expect(largestDifference(shader.values, reference.values)).toBeLessThan(2 ** -24 * 100);
  });

  it('can be drawn with every solver of the list', async () => {
    const { stdout } = await inProcess(['solvers', '--json']);
    for (const { name, evaluationsPerStep } of JSON.parse(stdout)) {
      // There are networks for some field only, and no universal ones.
      if (name === 'bespoke-net') continue;
      const { values } = await sampled('each.npy', {
        solver: name,
        nfe: 4 * evaluationsPerStep,
        batch: 2,
        executor: 'reference',
      });
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('an unexpected error', () => {
  it('is no refusal: status 1, with the stack on request', async () => {
    await writeFile(at('throws.mjs'), 'export default () => { throw new TypeError("no luck"); };');
    await writeFile(
      at('throws.wgsl'),
      'fn denoise(x: array<f32, 1>, sigma: f32) -> array<f32, 1> { return x; }',
    );
    const described = { kind: 'custom', dim: 1, wgsl: 'throws.wgsl', reference: 'throws.mjs' };
    await writeFile(at('throws.json'), JSON.stringify(described));
    const args = sampling({ field: at('throws.json'), executor: 'reference', out: at('throws.npy') });
    const plain = await inProcess(args);
    expect(plain).toMatchObject({ status: 1, stdout: '' });
    expect(plain.stderr).toMatch(/^error: no luck\n.*FEWSTEP_DEBUG=1/m);
    expect(plain.stderr).not.toContain('throws.mjs');
    process.env.FEWSTEP_DEBUG = '1';
    try {
      expect((await inProcess(args)).stderr).toMatch(/TypeError: no luck\n\s+at .*throws\.mjs/);
    } finally {
      delete process.env.FEWSTEP_DEBUG;
    }
    expect(existsSync(at('throws.npy'))).toBe(false);
  });
});

describe('a searched grid', () => {
  it('is reported with its times and cost, and the listed times give the same samples', async () => {
    const args = { out: at('gits.npy'), grid: 'gits', trajectory: at('gits-t.npy'), json: true } as const;
    const { status, stdout } = await inProcess(sampling(args));
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ grid: 'gits', nfe: 6, evaluations: 6 });
    expect(report.search).toMatchObject({ teacher: 'ipndm-4', evaluations: 60, trajectories: 256 });
    expect(report.times).toHaveLength(7);
    expect((await loadArray(at('gits-t.npy'))).shape).toEqual([7, 10, 2]);
    const listed = await sampled('listed.npy', { grid: `explicit:${report.times.join(',')}` });
    expect((await loadArray(at('gits.npy'))).values).toEqual(listed.values);
  });

  it('is said with what the search took', async () => {
    const { stdout } = await inProcess(sampling({ out: at('gits.npy'), grid: 'gits' }));
    expect(stdout).toMatch(
      /at NFE 6, \d+ ms on .*; before that a search took [\d.]+ s: ipndm-4, 256 trajectories of 60 evaluations\n$/,
    );
    expect((await inProcess(sampling({ out: at('plain.npy') }))).stdout).not.toContain('search');
  });
});
