import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { nfeOf } from '../../src/solver/plan.js';
import { planOfTable, type SolverTable, tableOf } from '../../src/solver/table.js';
import { encodeTable } from '../../src/solver/table-file.js';
import { latents } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { everyPlan } from '../solver/table-fixtures.js';

const seed = freshSeed();
const [BATCH, DIM] = [7, 2];
const mixture = {
  weights: [1, 2, 3],
  means: [
    [-1, 0.5],
    [1, 0],
    [0.3, -1.2],
  ],
  stds: [0.3, 0.2, 0.5],
};
const mean = [0.25, -0.5];

/** One that begins and goes on by way of the mean. */
const byMean: SolverTable = {
  solver: 'by way of the mean',
  sigmaMax: 80,
  sigmaMin: 0.1,
  times: [9, 2],
  rows: [
    [0.11, 0.89],
    [0.02, 0.3, 0.68],
    [0.001, 0, 0.2, 0.8],
  ],
};

const numpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

test.skipIf(!numpy)('NumPy samples with every table as the reference does', () => {
  const cases = [
    ...everyPlan(seed, 4).map(({ name, plan }) => ({
      name,
      plan,
      text: encodeTable({ table: tableOf(plan) }),
    })),
    { name: byMean.solver, plan: planOfTable(byMean, mean), text: encodeTable({ table: byMean, mean }) },
  ].map((each) => ({ ...each, x: latents(seed, BATCH, DIM, each.plan.times[0]) }));
  const input = {
    mixture,
    tables: cases.map(({ text }) => JSON.parse(text)),
    latents: cases.map(({ x }) =>
      Array.from({ length: BATCH }, (_, i) => [...x.subarray(i * DIM, (i + 1) * DIM)]),
    ),
  };
  const { stdout, stderr } = spawnSync(
    'python3',
    [
      '-B',
      fileURLToPath(new URL('mixture.py', import.meta.url)),
      fileURLToPath(new URL('../../examples', import.meta.url)),
    ],
    { input: JSON.stringify(input), encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const results: { samples: number[][]; calls: number }[] = JSON.parse(stdout);
  expect(results).toHaveLength(cases.length);
  for (const [i, { name, plan, x }] of cases.entries()) {
    const { samples } = solveReference(gaussianMixture(mixture), plan, { latents: x });
    const actual = results[i].samples.flat();
    expect(actual).toHaveLength(samples.length);
    const scale = Math.max(1, ...samples.map(Math.abs));
    for (const [j, value] of samples.entries()) {
      expect(Math.abs(actual[j] - value) / scale, `${name}, number ${j}`).toBeLessThan(1e-9);
    }
    expect(results[i].calls, name).toBe(nfeOf(plan));
  }
});
