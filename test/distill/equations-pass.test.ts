import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { expect, test } from 'vitest';
import { EquationsPass, type EquationsSize } from '../../src/distill/training/equations-pass.js';
import { random } from '../../src/rng/random.js';
import { gpu } from '../device.js';
import { smallGpu } from '../gpu/small-gpu.js';
import { freshSeed } from '../seed.js';

const STEP = 2e-3;
const seed = freshSeed();

/** The equations of end points on the device, which are taken in two parts. */
async function equationsOf(size: EquationsSize, ends: Float32Array, endpoints: Float32Array) {
  const { COPY_SRC } = GPUBufferUsage;
  const pass = await EquationsPass.create(gpu, size);
  const before = 64; // numbers that are of something else
  const slots = gpu.buffer(
    'ends',
    COPY_SRC,
    Float32Array.from([...new Float32Array(before).fill(9), ...ends]),
  );
  const status = gpu.buffer('status', COPY_SRC, Uint32Array.of(~3, 5));
  const submit = () => {
    const encoder = gpu.device.createCommandEncoder();
    const half = size.dim * Math.floor(ends.length / size.dim / 2);
    pass.take(encoder, { slots, start: before }, 0, half);
    pass.take(encoder, { slots, start: before + half }, half, ends.length - half);
    pass.record(encoder, (target) => encoder.copyBufferToBuffer(status, 0, target, 0, 8));
    gpu.device.queue.submit([encoder.finish()]);
  };
  try {
    pass.compareWith(endpoints.map((x) => x + 1));
    submit();
    await pass.read();
    // The second time with nothing left of the first.
    pass.compareWith(endpoints);
    submit();
    return await pass.read();
  } finally {
    pass.destroy();
    slots.destroy();
    status.destroy();
  }
}

/** The weighted derivatives and, last, the weighted errors of end points, in float64. */
function columnsOf(
  { batch, dim, moved, softening }: EquationsSize,
  ends: Float32Array,
  endpoints: Float32Array,
) {
  const numbers = batch * dim;
  const errors = Float64Array.from(endpoints, (x, i) => ends[i] - x);
  const squares = Array.from({ length: batch }, (_, b) =>
    errors.subarray(b * dim, (b + 1) * dim).reduce((sum, error) => sum + error ** 2, softening),
  );
  const mean = (of: (square: number) => number) => squares.reduce((sum, s) => sum + of(s) / batch, 0);
  const weights = squares.map((s) => 1 / (batch * mean(Math.sqrt) * Math.sqrt(s)) + 1 / (2 * batch * s));
  const rooted = (of: (i: number) => number) =>
    Float64Array.from(errors, (_, i) => Math.sqrt(weights[Math.floor(i / dim)]) * of(i));
  const derivatives = Array.from({ length: moved }, (_, p) =>
    rooted((i) => (ends[(p + 1) * numbers + i] - ends[i]) / STEP),
  );
  const loss = Math.log(mean(Math.sqrt)) + mean(Math.log) / 4;
  return {
    columns: [...derivatives, rooted((i) => errors[i])],
    loss,
    meanError: mean((s) => Math.sqrt(s - softening)),
  };
}

const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);

test.each([
  { batch: 4, dim: 1, moved: 1 },
  { batch: 32, dim: 2, moved: 7 },
  { batch: 12, dim: 31, moved: 30 },
  { batch: 32, dim: 64, moved: 105 },
  { batch: 8, dim: 1500, moved: 10 },
])(
  '$moved numbers moved, $batch trajectories in $dim-D: the products of all columns are those of float64',
  async ({ batch, dim, moved }) => {
    const source = random(seed, moved);
    const numbers = batch * dim;
    const endpoints = Float32Array.from({ length: numbers }, () => source.normal());
    // Errors and derivatives of very different sizes, one number that changes nothing.
    const errors = Array.from({ length: batch }, () => 10 ** (-4 * source.uniform()));
    const slopes = Array.from({ length: moved }, (_, p) => (p === 3 ? 0 : 10 ** (2 - 4 * source.uniform())));
    const own = endpoints.map((x, i) => x + errors[Math.floor(i / dim)] * source.normal());
    const ends = new Float32Array((moved + 1) * numbers);
    ends.set(own);
    for (const [p, slope] of slopes.entries()) {
      ends.set(
        own.map((x) => x + STEP * slope * source.normal()),
        (p + 1) * numbers,
      );
    }
    const size = { batch, dim, moved, step: STEP, softening: 1e-6 };
    const { matrix, gradient, loss, meanError, status } = await equationsOf(size, ends, endpoints);
    expect(status).toEqual({ step: 3, trajectories: 5 });
    const expected = columnsOf(size, ends, endpoints);
    // Squares and logarithms in float32.
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5 * (1 + Math.abs(expected.loss)));
    expect(Math.abs(meanError / expected.meanError - 1)).toBeLessThan(1e-5);
    const { columns } = expected;
    const norms = columns.map((column) => Math.sqrt(product(column, column)));
    // A number is rounded by at most half a unit, a column of N by sqrt(N) times that; weights are of float32.
    const rounded = columns.map(
      (column) => (Math.sqrt(numbers) * Math.max(...column.map(Math.abs))) / 2 ** 20,
    );
    for (let p = 0; p <= moved; p++) {
      for (let q = 0; q < moved; q++) {
        const got = p < moved ? matrix[p * moved + q] : gradient[q];
        const bound = rounded[p] * norms[q] + norms[p] * rounded[q] + rounded[p] * rounded[q];
        const off = Math.abs(got - product(columns[p], columns[q]));
        expect(off).toBeLessThanOrEqual(1.01 * bound + 4e-6 * norms[p] * norms[q]);
      }
    }
  },
);

test('columns that only rounding tells apart have products without an eigenvalue below 0', async () => {
  const size = { batch: 32, dim: 20, moved: 24, step: STEP, softening: 1e-12 };
  const source = random(seed, 99);
  const numbers = size.batch * size.dim;
  const endpoints = Float32Array.from({ length: numbers }, () => source.normal());
  const own = endpoints.map((x) => x + 1e-4 * source.normal());
  const common = Float32Array.from({ length: numbers }, () => source.normal());
  const ends = new Float32Array((size.moved + 1) * numbers);
  ends.set(own);
  for (let p = 0; p < size.moved; p++) {
    const share = source.normal();
    ends.set(
      own.map((x, i) => x + STEP * share * common[i]),
      (p + 1) * numbers,
    );
  }
  const { matrix } = await equationsOf(size, ends, endpoints);
  const eigenvalues = new EigenvalueDecomposition(Matrix.from1DArray(24, 24, matrix), {
    assumeSymmetric: true,
  }).realEigenvalues;
  // Of sums in float32 the least was -1e-11 to -3e-11 of the greatest on lavapipe.
  expect(Math.min(...eigenvalues)).toBeGreaterThan(-1e-13 * Math.max(...eigenvalues));
});

test('sums are exact: the same in whatever order the trajectories stand', async () => {
  const size = { batch: 64, dim: 33, moved: 6, step: STEP, softening: 1e-6 };
  const { batch, dim, moved } = size;
  const source = random(seed, 7);
  // All are off by the same, so that weights do not depend on the order, and derivatives of one sign, so that sums grow.
  const own = Float32Array.from({ length: dim }, () => source.between(0.5, 1));
  const all = Array.from({ length: batch }, () =>
    Array.from({ length: moved }, () => own.map((x) => x + STEP * source.between(0.5, 1))),
  );
  const endsOf = (trajectories: typeof all) =>
    Float32Array.from([
      ...trajectories.flatMap(() => [...own]),
      ...Array.from({ length: moved }, (_, p) => trajectories.flatMap((one) => [...one[p]])).flat(),
    ]);
  const endpoints = new Float32Array(batch * dim);
  const forwards = await equationsOf(size, endsOf(all), endpoints);
  expect(await equationsOf(size, endsOf(all.toReversed()), endpoints)).toEqual(forwards);
});

test('derivatives that no binding holds are refused', async () => {
  const size = { batch: 32, dim: 64, moved: 7, step: STEP, softening: 1e-6 };
  const bytes = 4 * 32 * 64 * 8;
  (await EquationsPass.create(smallGpu(bytes), size)).destroy();
  await expect(EquationsPass.create(smallGpu(bytes - 4), size)).rejects.toMatchObject({
    code: 'device-limit',
    message: expect.stringContaining(`take ${bytes} bytes`),
    remedy: expect.stringContaining('smaller batch'),
  });
});
