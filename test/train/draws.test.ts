import { expect, test } from 'vitest';
import { VP_EPSILON, VpTime } from '../../src/grid/vp-time.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { type Prediction, translation } from '../../src/process/prediction.js';
import { random } from '../../src/rng/random.js';
import { slotStride } from '../../src/train/buffers.js';
import { drawOf } from '../../src/train/draws.js';
import { trainingKernels } from '../../src/train/kernels.js';
import { levelTable } from '../../src/train/level-table.js';
import {
  LOSS_PROCESSES,
  LOSSES,
  type TrainingSettings,
  trainingSettings,
  type WeightingName,
} from '../../src/train/settings.js';
import { stepUniform } from '../../src/train/step-uniform.js';
import { gpu } from '../device.js';
import { runKernel } from '../gpu/run-kernel.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const ROWS = 29;
const STREAM = 40;
const CONVENTION = { process: 'vp-linear', prediction: 'velocity' } as const;

/** What the kernel draws in step 7. */
async function drawn(given: Partial<TrainingSettings>, dim: number) {
  // Past 32 bits, so that both words of the key count.
  const settings = trainingSettings({ seed: seed + 5 * 2 ** 32, ...given });
  const convention = given.loss === 'prediction' ? CONVENTION : undefined;
  const config = mlpConfig({ dim, classes: 3, convention });
  const levels = levelTable(config, settings);
  const { batch } = settings;
  const numbers = random(seed);
  const data = Float32Array.from({ length: ROWS * dim }, () => numbers.normal());
  const rowLabels = Uint32Array.from({ length: ROWS }, (_, row) => row % 3);
  const { 'train/draw': kernel } = await trainingKernels(gpu, config, settings);
  const stride = slotStride(batch, dim);
  const buffers = {
    slots: new Float32Array(2 * stride),
    columns: new Float32Array(2 * batch),
    data,
    row_labels: rowLabels,
    labels: new Uint32Array(batch),
    ...(levels && { levels }),
  };
  const uniform = stepUniform(config, settings, { step: 7, entry: 0, stream: STREAM });
  const groups = [Math.ceil((batch * Math.ceil(dim / 4)) / 64), 1] as const;
  const read = (name: string) => runKernel(kernel, buffers, uniform, groups, name);
  const states = new Float32Array(await read('slots'));
  const columns = new Float32Array(await read('columns'));
  return {
    settings,
    config,
    levels,
    data,
    rowLabels,
    clean: states.slice(0, batch * dim),
    noisy: states.slice(stride, stride + batch * dim),
    sigma: columns.slice(0, batch),
    weight: columns.slice(batch),
    labels: new Uint32Array(await read('labels')),
  };
}

const CASES = LOSSES.flatMap((loss) => LOSS_PROCESSES.map((process) => ({ loss, process })))
  .filter(({ loss, process }) => loss.startsWith('score-sde') || process === 've-geometric')
  .flatMap((given) => [1, 4, 6].map((dim) => ({ ...given, dim })));

test.each(CASES)(
  `batches of $loss, $process, on the GPU are their twin's, dim $dim`,
  async ({ dim, ...given }) => {
    const batch = 200;
    const made = await drawn({ ...given, batch }, dim);
    for (let trajectory = 0; trajectory < batch; trajectory++) {
      const place = { step: 7, trajectory, stream: STREAM };
      const { settings, config, levels } = made;
      const twin = drawOf(settings, config.sigmaData, { rows: ROWS, dim }, place, levels);
      // WGSL allows sine and cosine 2^-11 and the logarithm's root 2^-10, of a normal: 0.004 in all (test/rng), times
      // 1.2 in EDM's ln sigma, and twice that in a weight that falls as 1 / sigma^2.
      expect(Math.abs(made.sigma[trajectory] / twin.sigma - 1)).toBeLessThan(0.005);
      expect(Math.abs(made.weight[trajectory] / twin.weight - 1)).toBeLessThan(0.01);
      expect(made.labels[trajectory]).toBe(twin.unlabelled ? 3 : made.rowLabels[twin.row]);
      for (let d = 0; d < dim; d++) {
        const at = trajectory * dim + d;
        expect(made.clean[at]).toBe(made.data[twin.row * dim + d]);
        const noise = (made.noisy[at] - made.clean[at]) / made.sigma[trajectory];
        // x = y + sigma n is rounded to 2^-23 of |y|, which counts more where sigma is small.
        const rounding = 2 ** -22 / made.sigma[trajectory];
        expect(Math.abs(noise - twin.noise[d])).toBeLessThan(0.004 + 8 * rounding);
      }
    }
  },
);

test('rows, labels, noise levels and noise have their distributions', async () => {
  const batch = 50_000;
  const dim = 2;
  const made = await drawn({ loss: 'edm', batch, labelDrop: 0.3 }, dim);
  const mean = (values: ArrayLike<number>) =>
    Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  // Five standard deviations, which is once in 1.7 million runs.
  const within = (actual: number, expected: number, variance: number, count = batch) =>
    expect(Math.abs(actual - expected) / Math.sqrt(variance / count)).toBeLessThan(5);
  const logs = Float64Array.from(made.sigma, (sigma) => (Math.log(sigma) + 1.2) / 1.2);
  within(mean(logs), 0, 1);
  within(mean(logs.map((value) => value ** 2)), 1, 2);
  const noise = Float64Array.from(
    made.noisy,
    (x, i) => (x - made.clean[i]) / made.sigma[Math.floor(i / dim)],
  );
  within(mean(noise), 0, 1, 2 * batch);
  within(mean(noise.map((value) => value ** 2)), 1, 2, 2 * batch);
  // Neither the noise nor the level depends on the other, nor one number of the noise on the next.
  within(mean(noise.filter((_, i) => i % 2 === 0).map((value, i) => value * logs[i])), 0, 1);
  within(mean(noise.filter((_, i) => i % 2 === 0).map((value, i) => value * noise[2 * i + 1])), 0, 1);
  within(mean(made.labels.map((label) => Number(label === 3))), 0.3, 0.3 * 0.7);
  for (let row = 0; row < ROWS; row++) {
    const share = mean(
      Array.from({ length: batch }, (_, i) => Number(made.clean[i * dim] === made.data[row * dim])),
    );
    within(share, 1 / ROWS, (1 / ROWS) * (1 - 1 / ROWS));
  }
});

test.each(LOSS_PROCESSES)(
  `times of the process '%s' are even, and weights its likelihood's`,
  async (process) => {
    const [sigmaMin, sigmaMax, batch] = [0.01, 50, 20_000];
    const range = { sigmaMin, sigmaMax, batch, process };
    const { sigma, weight } = await drawn({ ...range, loss: 'score-sde-likelihood' }, 1);
    const vp = new VpTime(sigmaMin, sigmaMax);
    const span = Math.log(sigmaMax / sigmaMin);
    const sigmaOf = (time: number) =>
      process === 'vp-linear' ? vp.sigma(time) : sigmaMin * Math.exp(span * time);
    const timeOf = (value: number) =>
      process === 'vp-linear' ? vp.time(value) : Math.log(value / sigmaMin) / span;
    const first = process === 'vp-linear' ? VP_EPSILON : 0;
    const shares = Float64Array.from(sigma, (value) => (timeOf(value) - first) / (1 - first)).sort();
    // Kolmogorov and Smirnov's distance of n draws stays below 2.5 / sqrt(n) in all but 1 of 130,000 runs.
    const distance = shares.reduce(
      (most, share, i) => Math.max(most, Math.abs(share - (i + 0.5) / batch)),
      0,
    );
    expect(distance * Math.sqrt(batch)).toBeLessThan(2.5);
    // d sigma^2 / dt / sigma^4, the slope by central differences.
    for (const [i, value] of sigma.entries()) {
      const time = timeOf(value);
      const slope = (sigmaOf(time + 1e-6) ** 2 - sigmaOf(time - 1e-6) ** 2) / 2e-6;
      expect((weight[i] * value ** 4) / slope).toBeCloseTo(1, 3);
    }
    const plain = await drawn({ ...range, loss: 'score-sde' }, 1);
    expect(plain.sigma).toEqual(sigma);
    for (const [i, value] of sigma.entries()) expect(plain.weight[i] * value ** 2).toBeCloseTo(1, 5);
  },
);

const CONVENTIONS = processes.flatMap(({ name }) => [
  { process: name, weighting: 'prediction' as const, prediction: 'velocity' as const },
  { process: name, weighting: 'likelihood' as const, prediction: 'eps' as const },
]);

test.each(CONVENTIONS)(
  'times of $process are even from sigma 0.002 on, and weights its $weighting',
  ({ process: name, prediction, weighting }) => {
    const settings = trainingSettings({ seed, loss: 'prediction', weighting });
    const levels = levelTable({ convention: { process: name, prediction } }, settings)!;
    const process = parseProcess(name);
    const [first, last] = [process.timeOf(0.002), process.range.max];
    const shares: number[] = [];
    for (let trajectory = 0; trajectory < 5000; trajectory++) {
      const place = { step: 0, trajectory, stream: STREAM };
      const { sigma, weight } = drawOf(settings, 1, { rows: ROWS, dim: 1 }, place, levels);
      const time = process.timeOf(sigma);
      shares.push((time - first) / (last - first));
      // Where times hardly move sigma, linear interpolation of ln sigma over them is exact to 3e-4, the weight, which is
      // up to sigma^-4, to four times that; the first of 16,384 steps is not so even.
      if (shares[trajectory] < 3 / 16384) continue;
      const rise = 1e-4 * (last - first) * Math.min(1, time, (last - time) / (last - first));
      const slope = (process.sigma(time + rise) ** 2 - process.sigma(time - rise) ** 2) / (2 * rise);
      const { out } = translation(process, prediction, sigma);
      const expected = weighting === 'likelihood' ? slope / sigma ** 4 : 1 / out ** 2;
      expect(Math.abs(weight / expected - 1), `sigma ${sigma}`).toBeLessThan(0.01);
    }
    shares.sort((a, b) => a - b);
    const distance = shares.reduce((most, share, i) => Math.max(most, Math.abs(share - (i + 0.5) / 5000)), 0);
    // As above.
    expect(distance * Math.sqrt(5000)).toBeLessThan(2.5);
  },
);

test('weights of a score are those of its noise, and min-snr has its bound', () => {
  const table = (prediction: Prediction, weighting: WeightingName) =>
    levelTable(
      { convention: { process: 'sub-vp', prediction } },
      trainingSettings({ loss: 'prediction', weighting }),
    )!;
  expect(table('score', 'prediction')).toEqual(table('eps', 'prediction'));
  const snr = table('v', 'min-snr').filter((_, i) => i % 2 === 1);
  expect(snr[0]).toBeCloseTo(Math.log(5), 6);
  expect(snr.at(-1)).toBeCloseTo(-2 * Math.log(parseProcess('sub-vp').sigma(1)), 6);
});
