import { expect, test } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import { random } from '../../src/rng/random.js';
import { runUniform, sidSlots } from '../../src/sid/buffers.js';
import { type Player, sidDraw } from '../../src/sid/draws.js';
import { sidKernels } from '../../src/sid/kernels.js';
import { objectiveOf } from '../../src/sid/objective.js';
import { sidSettings } from '../../src/sid/settings.js';
import { updateUniform } from '../../src/sid/update-uniform.js';
import { gpu } from '../device.js';
import { runKernel } from '../gpu/run-kernel.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const STEP = 7;
// Past 32 bits, so that both words of the key count.
const LONG_SEED = seed + 5 * 2 ** 32;

/** What the kernels draw in a step, y being random numbers. */
async function drawn(player: Player, batch: number, dim: number) {
  const settings = sidSettings({ seed: LONG_SEED, batch });
  const config = mlpConfig({ dim, classes: 3 });
  const objective = objectiveOf(settings);
  const kernels = await sidKernels(gpu, config, objective);
  const slots = sidSlots(batch, dim);
  const source = random(seed);
  const states = Float32Array.from({ length: slots.to_generated }, () => source.normal());
  const update = updateUniform(config, settings, slots, { step: STEP, player, entry: 0 });
  const groups = [Math.ceil((batch * Math.ceil(dim / 4)) / 64), 1] as const;
  const uniforms = { run: runUniform(slots, settings, objective) };
  const kernel = player === 'fake' ? kernels.drawFake : kernels.drawGenerator;
  const buffers = { slots: states, columns: new Float32Array(2 * batch), labels: new Uint32Array(batch) };
  const run = (name: keyof typeof buffers) => runKernel(kernel, buffers, update, groups, name, uniforms);
  const columns = new Float32Array(await run('columns'));
  const noised = await runKernel(
    kernels.noise,
    { slots: states, columns },
    update,
    groups,
    'slots',
    uniforms,
  );
  const slot = (values: Float32Array, begin: number) => values.slice(begin, begin + batch * dim);
  return {
    settings,
    config,
    labels: new Uint32Array(await run('labels')),
    latents: slot(new Float32Array(await run('slots')), slots.latents),
    generated: slot(states, slots.generated),
    noisy: slot(new Float32Array(noised), slots.noisy),
    sigma: columns.slice(0, batch),
    weight: columns.slice(batch),
  };
}

test.each([1, 4, 6])(`the generator's draws on the GPU are their twin's, dim %i`, async (dim) => {
  const made = await drawn('generator', 200, dim);
  for (let trajectory = 0; trajectory < 200; trajectory++) {
    const twin = sidDraw(made.settings, made.config, { step: STEP, trajectory });
    expect(made.labels[trajectory]).toBe(twin.label);
    // Eight roundings, and a uniform number of 24 bits.
    expect(Math.abs(made.sigma[trajectory] / twin.sigma - 1)).toBeLessThan(1e-6);
    expect(Math.abs(made.weight[trajectory] * twin.sigma ** 2 - 1)).toBeLessThan(3e-6);
    for (let d = 0; d < dim; d++) {
      const at = trajectory * dim + d;
      // WGSL allows sine and cosine 2^-11 and the logarithm's root 2^-10, of a normal: 0.004 in all (test/rng).
      expect(Math.abs(made.latents[at] - twin.latents[d])).toBeLessThan(2.5 * 0.004);
      const noise = (made.noisy[at] - made.generated[at]) / made.sigma[trajectory];
      // y + sigma n is rounded to 2^-24 of its size, which counts more where sigma is small.
      const rounding = (2 ** -23 * Math.abs(made.noisy[at])) / made.sigma[trajectory];
      expect(Math.abs(noise - twin.noise[d])).toBeLessThan(0.004 + rounding);
    }
  }
});

test('latents, noise, levels and labels have their distributions and share no draws', async () => {
  const batch = 20_000;
  const [fake, made] = [await drawn('fake', batch, 2), await drawn('generator', batch, 2)];
  const mean = (values: ArrayLike<number>) =>
    Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  // Five standard deviations, which is once in 1.7 million runs.
  const within = (actual: number, expected: number, variance: number, count = batch) =>
    expect(Math.abs(actual - expected) / Math.sqrt(variance / count)).toBeLessThan(5);
  const [low, high] = [0.002, 80].map((sigma) => sigma ** (1 / 7));
  const shares = Float64Array.from(made.sigma, (sigma) => (sigma ** (1 / 7) - low) / (high - low) / 0.8);
  within(mean(shares), 1 / 2, 1 / 12);
  within(mean(shares.map((share) => share ** 2)), 1 / 3, 4 / 45);
  expect(Math.max(...shares)).toBeLessThanOrEqual(1 + 1e-5);
  // EDM's, of the fake score.
  const logs = Float64Array.from(fake.sigma, (sigma) => (Math.log(sigma) + 1.2) / 1.2);
  within(mean(logs), 0, 1);
  within(mean(logs.map((value) => value ** 2)), 1, 2);
  for (let label = 0; label < 3; label++) {
    within(mean(made.labels.map((each) => Number(each === label))), 1 / 3, 2 / 9);
  }
  const z = Float64Array.from(made.latents, (value) => value / 2.5);
  const other = Float64Array.from(fake.latents, (value) => value / 2.5);
  within(mean(z), 0, 1, 2 * batch);
  within(mean(z.map((value) => value ** 2)), 1, 2, 2 * batch);
  within(mean(z.map((value, i) => value * other[i])), 0, 1, 2 * batch);
  const noise = Float64Array.from(
    made.noisy,
    (value, i) => (value - made.generated[i]) / made.sigma[Math.floor(i / 2)],
  );
  within(mean(z.map((value, i) => value * noise[i])), 0, 1, 2 * batch);
});
