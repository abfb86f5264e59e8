import { expect, test } from 'vitest';
import { measureCell } from '../../bench/solvers/cell.js';
import { rowsOf } from '../../bench/solvers/rows.js';
import { runBenchmark } from '../../bench/solvers/run.js';
import { Students } from '../../bench/solvers/students.js';
import { subjectOfField, subjectOfProblem } from '../../bench/solvers/subject.js';
import { solveReference } from '../../src/execute/reference.js';
import { customField } from '../../src/field/custom.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { distributionReference } from '../../src/metrics/distribution-reference.js';
import { problemFromData } from '../../src/problem/problem.js';
import { problemByName } from '../../src/problem/registry.js';
import { normals } from '../../src/rng/threefry.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { measure, SMALL } from './suite.js';

const seed = freshSeed();
const GRID = ['polynomial:7'];
/** Not a constant, which WGSL would refuse: all bits of the exponent over those of a number. */
const NAN = 'bitcast<f32>(bitcast<u32>(sigma) | 0x7fc00000u)';
const ring = subjectOfProblem(problemByName('ring'));

test('every cell makes exactly its NFE, and two-stage solvers with AFS make the odd ones', async () => {
  const solvers = ['euler', 'heun', 'dpm-solver-2', 'unipc-2'];
  const rows = rowsOf(solvers, ['polynomial:7', 'logsnr'], [false, true]);
  const { cells, failures, complete } = await measure([ring], { rows, nfe: [3, 4], exactNfe: 16 });
  expect({ failures, complete }).toEqual({ failures: [], complete: true });
  for (const cell of cells) expect(cell.evaluations).toBe(cell.nfe);
  const of = (solver: string) =>
    cells
      .filter((cell) => cell.solver === solver && cell.grid === 'logsnr')
      .map(({ afs, nfe }) => `${nfe}${afs ? ' AFS' : ''}`);
  expect(of('euler')).toEqual(['3', '4', '3 AFS', '4 AFS']);
  expect(of('unipc-2')).toEqual(of('euler'));
  expect(of('heun')).toEqual(['4', '3 AFS']);
  expect(of('dpm-solver-2')).toEqual(of('heun'));
});

test('errors are those of two solves in float64', async () => {
  const field = gaussianMixture(randomMixture(seed, 2, 4, 'per-component'));
  const { cells } = await measure([subjectOfField('mixture', field)], {
    rows: rowsOf(['heun'], GRID, [false]),
    nfe: [6],
    seeds: [seed],
  });
  const latents = Array.from({ length: SMALL.batch }, (_, i) => [...normals(seed, i, 0, 0, 2)]).flat();
  const ends = (solver: string, nfe: number) =>
    solveReference(field, planFor({ solver, nfe }), { latents: latents.map((value) => 80 * value) }).samples;
  const [approximate, exact] = [ends('heun', 6), ends('rk4', 800)];
  const errors = Array.from({ length: SMALL.batch }, (_, i) =>
    Math.hypot(approximate[2 * i] - exact[2 * i], approximate[2 * i + 1] - exact[2 * i + 1]),
  ).sort((a, b) => a - b);
  const [{ error }] = cells;
  // What float32 and the exact solve are off by, 1e-5 and less, beside errors of 0.1 and more.
  const mean = errors.reduce((sum, value) => sum + value) / errors.length;
  expect(Math.abs(error!.mean / mean - 1)).toBeLessThan(1e-3);
  expect(Math.abs(error!.median / ((errors[31] + errors[32]) / 2) - 1)).toBeLessThan(1e-3);
  // Position 0.95 x 63 = 59.85.
  expect(Math.abs(error!.p95 / (0.15 * errors[59] + 0.85 * errors[60]) - 1)).toBeLessThan(1e-3);
  for (const [middle, [low, high]] of [
    [error!.mean, error!.meanInterval],
    [error!.median, error!.medianInterval],
  ] as const) {
    expect(low).toBeLessThan(middle);
    expect(high).toBeGreaterThan(middle);
  }
});

test('samplers of the SDE have distances at their NFE, which fall, and no end-point error', async () => {
  const rows = rowsOf(['ancestral', 'stochastic-heun'], GRID, [false]);
  const { cells } = await measure([ring], { rows, nfe: [4, 40], exactNfe: 16, batch: 512 });
  expect(cells.map(({ solver, nfe, evaluations }) => [solver, nfe, evaluations])).toEqual([
    ['ancestral', 4, 4],
    ['ancestral', 40, 40],
    ['stochastic-heun', 4, 4],
    ['stochastic-heun', 40, 40],
  ]);
  for (const cell of cells) expect(cell.error).toBeUndefined();
  for (const i of [0, 2]) {
    expect(cells[i + 1].distances.slicedWasserstein).toBeLessThan(cells[i].distances.slicedWasserstein / 2);
  }
});

test('the exact flow is far more accurate than what is compared with it, and ends in the distribution', async () => {
  const { cells, problems } = await measure([ring, subjectOfProblem(problemByName('two-moons'))]);
  for (const { name, exact, exactDistances, floor } of problems) {
    const errors = cells.filter((cell) => cell.problem === name).map((cell) => cell.error!.median);
    expect(errors).toHaveLength(6);
    expect(exact.halved.median).toBeLessThan(Math.min(...errors) / 30);
    expect(exact.float64!.median).toBeLessThan(Math.min(...errors) / 30);
    expect(exact.halved.max).toBeGreaterThanOrEqual(exact.halved.p95);
    // As far from the truth as other true draws of the same number are, where solvers end at several times that.
    const wide = cells.find((cell) => cell.problem === name && cell.solver === 'heun' && cell.nfe === 4)!;
    expect(exactDistances.slicedWasserstein).toBeLessThan(3 * floor.slicedWasserstein);
    expect(wide.distances.slicedWasserstein).toBeGreaterThan(3 * floor.slicedWasserstein);
  }
});

test('a seed gives the same figures to the last bit, another one others', async () => {
  const figures = async (seeds: number[]) => {
    const { cells } = await measure([ring], { seeds, exactNfe: 16 });
    return cells.map(({ timing: _, ...rest }) => rest);
  };
  const [first, again] = [await figures([3, 4]), await figures([3, 4])];
  expect(again).toEqual(first);
  expect(first.map((cell) => cell.seed)).toEqual([...Array(6).fill(3), ...Array(6).fill(4)]);
  for (const [i, cell] of first.slice(0, 6).entries())
    expect(cell.error!.mean).not.toBe(first[i + 6].error!.mean);
});

test('a cell that diverges is a failure with its reason, and the others stay', async () => {
  const level = planFor({ solver: 'euler', nfe: 3 }).times[1];
  const wgsl = `fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> {
    return array<f32, 2>(x[0] / 2, select(x[1] / 2, ${NAN}, abs(sigma - ${level}) < 0.01));
  }`;
  const field = customField({ dim: 2, wgsl });
  const { cells, failures, problems, complete } = await measure([subjectOfField('field', field)], {
    rows: rowsOf(['euler', 'ipndm-3'], GRID, [false]),
    nfe: [3, 4],
    exactNfe: 16,
  });
  expect(complete).toBe(true);
  expect(cells.map(({ solver, nfe }) => [solver, nfe])).toEqual([
    ['euler', 4],
    ['ipndm-3', 4],
  ]);
  expect(failures).toEqual(
    ['euler', 'ipndm-3'].map((solver) => ({
      problem: 'field',
      solver,
      grid: 'polynomial:7',
      afs: false,
      nfe: 3,
      seed: 0,
      message: expect.stringMatching(/^NaN or infinity in 64 of 64 trajectories, first in step 2/),
    })),
  );
  // A field of one's own: no float64 form, no true draws; nothing is drawn of what diverged.
  const [{ exact, standIn, pictures }] = problems;
  expect([exact.float64, standIn]).toEqual([undefined, true]);
  expect(pictures.map(({ row, nfe }) => [row, nfe])).toEqual([
    ['exact', 16],
    ['euler', 4],
    ['ipndm-3', 4],
  ]);
});

test('an exact flow that breaks ends the run with its name', async () => {
  const wgsl = `fn denoise(x: array<f32, 1>, sigma: f32) -> array<f32, 1> { return array<f32, 1>(${NAN}); }`;
  const run = measure([subjectOfField('mine.wgsl', customField({ dim: 1, wgsl }))], { exactNfe: 8 });
  await expect(run).rejects.toMatchObject({
    code: 'not-finite',
    message: expect.stringMatching(/^exact flow of mine\.wgsl: NaN or infinity in 4096 of 4096/),
  });
});

test('errors of scaled data are in the units of the data', async () => {
  const problem = problemFromData('points', [0, 0, 1, 1, -1, 0.5], 3, 2, 0.1);
  const suite = { exactNfe: 16, nfe: [4] };
  const plain = await measure([subjectOfProblem(problem)], suite);
  const scaled = await measure([subjectOfProblem(problem, { offset: 100, scale: 8 })], suite);
  for (const [i, cell] of scaled.cells.entries()) {
    const { error, distances } = plain.cells[i];
    expect(cell.error!.mean / error!.mean).toBeCloseTo(8, 9);
    expect(cell.error!.medianInterval[1] / error!.medianInterval[1]).toBeCloseTo(8, 9);
    expect(cell.distances.slicedWasserstein / distances.slicedWasserstein).toBeCloseTo(8, 9);
    expect(cell.distances.energy / distances.energy).toBeCloseTo(8, 9);
    expect(cell.distances.frechet / distances.frechet).toBeCloseTo(64, 9);
  }
  const [a, b] = [plain.problems[0], scaled.problems[0]];
  expect(b.exact.halved.max / a.exact.halved.max).toBeCloseTo(8, 9);
  expect(b.floor.frechet / a.floor.frechet).toBeCloseTo(64, 9);
  expect(b.scaling).toEqual({ offset: 100, scale: 8 });
});

test('images have a batch of their own, of two or more', async () => {
  const images = problemFromData('images', [0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0], 3, 4, 0.1, [2, 2]);
  for (const imageBatch of [2, 8]) {
    const { problems } = await measure([subjectOfProblem(images)], { imageBatch, nfe: [4], exactNfe: 8 });
    expect(problems[0].batch).toBe(imageBatch);
    expect(problems[0].pictures).toHaveLength(4);
    for (const picture of problems[0].pictures) expect(picture.samples).toHaveLength(4 * imageBatch);
  }
});

test('pictures are taken also where the usual solvers and NFE are not in the run', async () => {
  const rows = rowsOf(['rk4', 'ab-2'], ['logsnr'], [true, false]);
  const { problems } = await measure([ring], { rows, nfe: [3, 8, 12], exactNfe: 8 });
  const shown = problems[0].pictures.map(({ row, nfe }) => `${row} ${nfe}`);
  expect(shown).toEqual(['exact 8', 'rk4 · logsnr 8', 'ab-2 · logsnr 8']);
});

test('a run that is stopped keeps the finished cells', async () => {
  const controller = new AbortController();
  const saved: number[] = [];
  const measured = await runBenchmark({
    gpu,
    subjects: [ring, subjectOfProblem(problemByName('two-moons'))],
    suite: { ...SMALL, exactNfe: 8 },
    range: DEFAULT_RANGE,
    onProgress: (done, total) => {
      expect(total).toBe(12);
      if (done === 8) controller.abort(new Error('stop'));
    },
    onProblem: async ({ cells }) => void saved.push(cells.length),
    signal: controller.signal,
  });
  expect(measured.complete).toBe(false);
  expect(measured.problems.map(({ name }) => name)).toEqual(['ring', 'two-moons']);
  expect(saved).toEqual([6]);
  expect(measured.cells).toHaveLength(9); // the one at hand was finished
});

test('a run for which kernels are compiled is not timed', async () => {
  // With no kernel yet.
  const own = new Gpu(gpu.device, gpu.adapter);
  const { field, truth } = ring;
  const [row] = rowsOf(['ancestral'], GRID, [false]);
  const { learning: settings, bespoke, batch } = SMALL;
  const given = { gpu: own, field, range: DEFAULT_RANGE };
  const students = new Students({ ...given, settings, bespoke, training: false, unit: 1 });
  const { timing } = await measureCell(
    {
      ...{ ...given, students, problem: 'ring', batch, seed: 0, unit: 1, timingMs: 0 },
      endpoints: new Float32Array(2 * batch),
      reference: distributionReference(truth!(200, 1), 2),
    },
    row,
    4,
  );
  expect(timing.repeats).toBe(1);
  expect(own.work.evaluations).toBe(2 * batch * 4);
});
