import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { flipsOf, nearest } from '../../../bench/learned/flips.js';
import { truthOf } from '../../../bench/learned/truth.js';
import { empirical } from '../../../src/field/empirical.js';
import { gaussianMixture } from '../../../src/field/gaussian-mixture.js';
import { problemByName } from '../../../src/problem/registry.js';
import { random } from '../../../src/rng/random.js';
import { hostField } from '../../field/fixtures.js';
import { expectRefusal } from '../../refusal.js';
import { freshSeed } from '../../seed.js';

const seed = freshSeed();
const folder = await mkdtemp(join(tmpdir(), 'fewstep-truth-'));
afterAll(() => rm(folder, { recursive: true }));

test('the nearest anchor is that of the least distance', () => {
  const [dim, count] = [5, 12];
  const source = random(seed, 1);
  const draw = (rows: number) => Float64Array.from({ length: rows * dim }, () => source.normal());
  const [points, samples] = [draw(count), draw(40)];
  const found = nearest(samples, { what: 'components', points }, dim);
  expect(found).toHaveLength(40);
  for (const [row, anchor] of found.entries()) {
    const distances = Array.from({ length: count }, (_, k) =>
      Math.hypot(...Array.from({ length: dim }, (_, d) => samples[row * dim + d] - points[k * dim + d])),
    );
    expect(distances[anchor]).toBe(Math.min(...distances));
  }
  const classes = Array.from({ length: count }, (_, k) => k % 3);
  const named = nearest(samples, { what: 'classes', points, classes }, dim);
  expect([...named]).toEqual([...found].map((point) => point % 3));
});

test('a flip is an end point at another anchor than the exact one; errors are of the others', () => {
  const errors = Float64Array.of(1, 10, 3, 100);
  const flips = flipsOf(Int32Array.of(0, 1, 2, 2), Int32Array.of(0, 2, 2, 1), errors);
  expect(flips).toEqual({ share: 0.5, meanWithout: 2 });
  expect(flipsOf(Int32Array.of(1), Int32Array.of(0), errors.subarray(0, 1))).toEqual({
    share: 1,
    meanWithout: Infinity,
  });
});

test('the data behind a mixture are its draws and its components, behind a data set its rows', async () => {
  const ring = problemByName('ring');
  const truth = (await truthOf(gaussianMixture(ring.mixture)))!;
  expect(truth.draw!(3, 7)).toEqual(ring.sample(3, 7));
  expect(truth.anchors).toEqual({ what: 'components', points: ring.mixture.means });
  const rows = Float64Array.of(0, 1, 2, 3);
  expect((await truthOf(empirical(rows, 2)))!.anchors).toEqual({ what: 'data points', points: rows });
});

test('data may be named, in their own units and with classes; of other fields nothing is known', async () => {
  const field = { ...hostField(2, () => {}), scaling: { offset: 10, scale: 5 } };
  expect(await truthOf(field)).toBeUndefined();
  const problem = (await truthOf(field, { data: 'two-moons' }))!;
  expect(problem.anchors.points).toEqual(problemByName('two-moons').mixture.means);
  const path = join(folder, 'points.csv');
  await writeFile(path, 'x,y,name\n5,10,b\n15,20,a\n10,5,b\n');
  const truth = (await truthOf(field, { data: path, dataColumns: 'x,y', dataLabels: 'name' }))!;
  expect([...truth.samples]).toEqual([-1, 0, 1, 2, 0, -1]);
  expect(truth.draw).toBeUndefined();
  expect(truth.anchors).toEqual({ what: 'classes', points: truth.samples, classes: [0, 1, 0] });
  await expectRefusal(() => truthOf(field, { data: 'mixture-64' }), 'bad-shape', /mixture-64 has rows of 64/);
  await expectRefusal(
    () => truthOf(field, { dataColumns: '0-1' }),
    'bad-argument',
    /says something about --data/,
  );
});
