import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
import { quantile } from '../src/metrics/quantile.js';
import { loadField } from '../src/node/field/load.js';
import { loadModel } from '../src/node/model.js';
import { random } from '../src/problem/random.js';
import { problemByName } from '../src/problem/registry.js';
import { sampleReference } from '../src/sample-reference.js';

const folder = fileURLToPath(new URL('../models/', import.meta.url));
const names = readdirSync(folder).flatMap((file) => /^(.*)\.safetensors$/.exec(file)?.[1] ?? []);
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
