import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fingerprintOf } from '../src/execute/fingerprint.js';
import { sameField } from '../src/field/fingerprint.js';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
import { slicedReference } from '../src/metrics/distribution-reference.js';
import { quantile } from '../src/metrics/quantile.js';
import { type MlpModel, mlpField } from '../src/mlp/field.js';
import { loadField } from '../src/node/field/load.js';
import { loadGenerator } from '../src/node/generator.js';
import { loadModel } from '../src/node/model.js';
import { problemByName } from '../src/problem/registry.js';
import { random } from '../src/rng/random.js';
import { sampleReference } from '../src/sample-reference.js';
import { planOfGenerator } from '../src/sid/generator.js';
import type { Plan } from '../src/solver/plan.js';

const folder = fileURLToPath(new URL('../models/', import.meta.url));
const files = readdirSync(folder).flatMap((file) => /^(.*)\.safetensors$/.exec(file)?.[1] ?? []);
const generators = files.filter((name) => name.endsWith('-one-step'));
const names = files.filter((name) => !generators.includes(name));
const readme = readFileSync(`${folder}README.md`, 'utf8');

test.each(names)('%s was made by the command that the README states', async (name) => {
  const { training, config } = await loadModel(`${folder}${name}.safetensors`);
  const command = readme.split('\n').find((line) => line.includes(`--out ${name}.safetensors`))!;
  expect(command).toContain(`--steps ${training!.steps} `);
  expect(command).toContain(`--width ${config.width} --layers ${config.layers} `);
  const { scale } = config.embedding;
  expect(/--embedding-scale ([\d.]+) /.exec(command)?.[1] ?? '1').toBe(String(scale));
  expect(readFileSync(`${folder}${name}.log`, 'utf8')).toContain(`after ${training!.steps} steps`);
});

test.each(generators)(
  '%s was made by the command that the README states, from the model beside it',
  async (name) => {
    const { record, teacher, sigma } = await loadGenerator(`${folder}${name}.safetensors`);
    const { settings } = record!;
    const command = readme.split('\n').find((line) => line.includes(`--out ${name}.safetensors`))!;
    expect(command).toContain(`--teacher ${record!.teacher} --steps ${settings.steps} `);
    expect(Number(/--batch (\d+) /.exec(command)?.[1] ?? 256)).toBe(settings.batch);
    expect(readFileSync(`${folder}${name}.log`, 'utf8')).toContain(`best of ${settings.steps} steps`);
    const own = await fingerprintOf(await loadField(`${folder}${record!.teacher}`));
    expect(sameField(own, teacher)).toBe(true);
    expect(sigma).toBe(2.5);
  },
);

test.each(generators)(
  'with one evaluation %s is within 1.5 times the distance of Heun with 18',
  async (name) => {
    const generator = await loadGenerator(`${folder}${name}.safetensors`);
    const { parameters } = await loadModel(`${folder}${generator.record!.teacher}`);
    const model = { ...generator, parameters };
    const { dim } = generator.config;
    // Fewer than were compared on a GPU: float64 takes a while.
    const draw = async (of: MlpModel, how: { solver: string; nfe: number } | { plan: Plan }, seed: number) =>
      (await sampleReference({ field: mlpField(of), ...how, batch: 400, seed })).samples;
    const accurate = await draw(model, { solver: 'ipndm-3', nfe: 18 }, 1);
    const reference = slicedReference(accurate, dim);
    const own = reference.compare(await draw(generator, { plan: planOfGenerator(generator) }, 2));
    const usual = reference.compare(await draw(model, { solver: 'heun', nfe: 18 }, 3));
    expect(own.slicedWasserstein / usual.slicedWasserstein).toBeLessThan(1.5);
  },
);

/** Root mean square of D - D* over that of D* - x, on noised draws of the problem. */
async function relativeError(name: string, sigma: number): Promise<number> {
  const { mixture, sample, dim } = problemByName(name);
  const [learned, exact] = [await loadField(`${folder}${name}.safetensors`), gaussianMixture(mixture)];
  const source = random(7);
  const states = sample(500, 11).map((value) => value + sigma * source.normal());
  const [d, truth] = [new Float64Array(dim), new Float64Array(dim)];
  let [error, size] = [0, 0];
  for (let row = 0; row < states.length; row += dim) {
    const x = states.subarray(row, row + dim);
    learned.denoise!(x, sigma, d);
    exact.denoise!(x, sigma, truth);
    for (let i = 0; i < dim; i++) {
      error += (d[i] - truth[i]) ** 2;
      size += (truth[i] - x[i]) ** 2;
    }
  }
  return Math.sqrt(error / size);
}

test.each(['two-moons', 'pinwheel'])('%s has learned the exact field', async (name) => {
  expect(await relativeError(name, 0.3)).toBeLessThan(0.1);
  expect(await relativeError(name, 1)).toBeLessThan(0.03);
  expect(await relativeError(name, 20)).toBeLessThan(0.02);
});

test('digits come out as ink on paper, in the units of the data', async () => {
  const field = await loadField(`${folder}digits.safetensors`);
  const { samples } = await sampleReference({ field, solver: 'unipc-3', nfe: 40, batch: 12, seed: 3 });
  // Of the real digits' pixels a quarter are 0, half at most 1, a fifth at least 12, a tenth 15 or 16.
  expect(Math.abs(quantile(samples, 0.25))).toBeLessThan(1);
  expect(quantile(samples, 0.5)).toBeLessThan(3);
  expect(quantile(samples, 0.8)).toBeGreaterThan(9);
  expect(Math.abs(quantile(samples, 0.9) - 15)).toBeLessThan(2);
});
