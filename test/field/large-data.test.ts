import { expect, test } from 'vitest';
import { solve } from '../../src/execute/solve.js';
import { empirical } from '../../src/field/empirical.js';
import { random } from '../../src/rng/random.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { perTrajectory } from '../../src/solver/plan.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';
import { EPSILON } from './rounding.js';

const [ROWS, DIM] = [60_000, 784];
const seed = freshSeed();

/** Values in [-1, 1] that fall along the rows, so that data which a kernel leaves out are missed in the mean. */
function generate(): Float32Array {
  const values = new Float32Array(ROWS * DIM);
  let state = (seed | 1) >>> 0;
  for (let i = 0; i < values.length; i++) {
    // xorshift32, Marsaglia 2003
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = state * 2 ** -32 + 0.5 - i / values.length;
  }
  return values;
}

/** 9 s on lavapipe and 23 s on SwiftShader with two busy cores, in 1.1 GB; a slower machine may take longer. */
const TIMEOUT = 180_000;

test(
  '60,000 x 784, more than a binding holds by default, is denoised as in float64',
  async () => {
    const points = generate();
    expect(points.byteLength).toBeGreaterThan(128 * 2 ** 20);
    const field = empirical(points, DIM);
    // Far out, where every row counts alike, and near one of the last rows, where few do.
    const sigmas = [80, 3];
    const source = random(seed, 1);
    const near = (ROWS - 100) * DIM;
    const x = Float64Array.from({ length: 2 * DIM }, (_, i) =>
      Math.fround(points[near + (i % DIM)] + sigmas[Math.floor(i / DIM)] * source.normal()),
    );

    const b = new PlanBuilder([80, 0.002]);
    b.reach(b.denoised(b.start, perTrajectory(0)));
    const { samples, evaluations } = await solve(gpu, field, b.finish('D'), {
      latents: { values: x },
      columns: sigmas,
    });
    expect(evaluations).toBe(1);

    const expected = new Float64Array(DIM);
    for (const [row, sigma] of sigmas.entries()) {
      const state = x.subarray(row * DIM, (row + 1) * DIM);
      field.denoise!(state, sigma, expected);
      // A logit is a sum of 784 squares, four at a time, each of a difference that was rounded; its error moves D by
      // at most itself times twice the distance between rows, which is below 2. Then D is a sum over all tiles.
      const size = state.reduce((sum, value) => sum + (Math.abs(value) + 1) ** 2, 0) / (2 * sigma ** 2);
      const logit = EPSILON * (DIM / 4 + 8) * size;
      const bound = 4 * logit + EPSILON * (ROWS / 64 + 80);
      expect(bound).toBeLessThan(0.05);
      const errors = expected.map((value, d) => Math.abs(value - samples[row * DIM + d]));
      expect(Math.max(...errors), `sigma ${sigma}`).toBeLessThan(bound);
    }
  },
  TIMEOUT,
);
