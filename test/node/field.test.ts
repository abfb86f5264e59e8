import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { empirical } from '../../src/field/empirical.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { writeNpy } from '../../src/io/npy.js';
import { loadField } from '../../src/node/field/load.js';
import { problems } from '../../src/problem/registry.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-field-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** D at one point, which tells fields apart. */
function denoised({ dim, denoise }: Field): number[] {
  const out = new Float64Array(dim);
  const x = Float64Array.from({ length: dim }, (_, d) => 0.3 - 0.1 * d);
  denoise!(x, 0.7, out);
  return [...out];
}

const rows = [
  [0, 10, 5],
  [4, 2, 6],
  [8, 0, 7],
];
await writeFile(at('points.csv.gz'), gzipSync(new TextEncoder().encode(`a,b,c\n${rows.join('\n')}\n`)));
await writeFile(at('points.npy'), writeNpy([3, 3], Float64Array.from(rows.flat())));

describe('loadField', () => {
  it.each(Object.keys(problems))('knows the built-in problem %s', async (name) => {
    const { dim, mixture } = problems[name]();
    const field = await loadField(name);
    expect(field).toMatchObject({ kind: 'gaussian-mixture', dim });
    expect(denoised(field)).toEqual(denoised(gaussianMixture(mixture)));
  });

  it('reads a mixture, its stds as numbers or per dimension', async () => {
    const mixture = {
      weights: [1, 3],
      means: [
        [0, 1],
        [1, -1],
      ],
    };
    for (const stds of [
      [0.2, 0.3],
      [
        [0.2, 0.4],
        [0.3, 0.1],
      ],
    ]) {
      await writeFile(at('mixture.json'), JSON.stringify({ kind: 'gaussian-mixture', ...mixture, stds }));
      const field = await loadField(at('mixture.json'));
      expect(denoised(field)).toEqual(denoised(gaussianMixture({ ...mixture, stds })));
    }
  });

  it('takes the exact field of a data file, of the chosen columns and width', async () => {
    const all = await loadField(at('points.npy'));
    expect(all).toMatchObject({ kind: 'empirical', dim: 3, scaling: undefined });
    expect(denoised(all)).toEqual(denoised(empirical(rows.flat(), 3)));
    const some = await loadField(at('points.csv.gz'), { columns: 'c,a', bandwidth: 2 });
    expect(denoised(some)).toEqual(denoised(empirical([5, 0, 6, 4, 7, 8], 2, 2)));
  });

  it('scales data on request, and the width is of the scaled data', async () => {
    const field = await loadField(at('points.csv.gz'), { columns: '0-1', bandwidth: 0.1, scale: true });
    expect(field.scaling).toEqual({ offset: 5, scale: 5 });
    const scaled = [-1, 1, -0.2, -0.6, 0.6, -1];
    for (const [d, value] of denoised(empirical(scaled, 2, 0.1)).entries())
      expect(denoised(field)[d]).toBeCloseTo(value, 12);
  });

  it('finds the data of a description beside it, wherever one stands', async () => {
    await mkdir(at('fields'), { recursive: true });
    const described = {
      kind: 'empirical',
      data: '../points.csv.gz',
      columns: '0-1',
      bandwidth: 0.1,
      scale: true,
    };
    await writeFile(at('fields/data.json'), JSON.stringify(described));
    const direct = await loadField(at('points.csv.gz'), { columns: '0-1', bandwidth: 0.1, scale: true });
    const field = await loadField(at('fields/data.json'));
    expect(field.scaling).toEqual(direct.scaling);
    expect(denoised(field)).toEqual(denoised(direct));
  });

  it('takes a file whose name says nothing for data', async () => {
    await writeFile(at('points'), rows.join('\n'));
    expect(denoised(await loadField(at('points')))).toEqual(denoised(empirical(rows.flat(), 3)));
  });
});
