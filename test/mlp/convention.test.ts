import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { type MlpConfig, mlpConfig } from '../../src/mlp/config.js';
import { type Convention, ConventionTable } from '../../src/mlp/convention.js';
import { mlpField } from '../../src/mlp/field.js';
import { preconditioning } from '../../src/mlp/precondition.js';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { PREDICTIONS, translation } from '../../src/process/prediction.js';
import { defineProcess } from '../../src/process/process.js';
import { tabulate } from '../../src/process/tabulated.js';
import { random } from '../../src/rng/random.js';
import { sample } from '../../src/sample.js';
import { sampleReference } from '../../src/sample-reference.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { hostField } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { type Case, randomCase, relativeError, runInFloat64, runOnGpu, SLOW } from './fixtures.js';

const seed = freshSeed();
const BATCH = 48;
/** Rows that are compared together: neighbours in sigma, whose results are of one size. */
const BAND = 12;

const conventions = processes.flatMap(({ name }) =>
  PREDICTIONS.map((prediction) => ({ process: name, prediction })),
);

/** exp(-2 t^2), with a noise of its own, of times from 0 to 3. */
const own = defineProcess({
  name: 'own',
  range: { min: 0, max: 3 },
  alphaBar: (t) => Math.exp((-2 * t * t) / 9),
  betaBar: (t) => (100 * t ** 3) / (1 + t),
});

function configOf(convention: Convention): MlpConfig {
  return mlpConfig({ dim: 3, width: 32, layers: 2, classes: 2, sigmaData: 0.7, convention });
}

/** Noise levels from 0.002 to 80 in turn, and states as they occur there. */
function caseOf(config: MlpConfig): Case {
  const given = randomCase(config, BATCH, seed);
  const sigma = Float32Array.from({ length: BATCH }, (_, i) => 0.0021 * 38000 ** (i / (BATCH - 1)));
  const { sigmaData, dim } = config;
  const x = given.x.map((value, i) => {
    const before = Math.hypot(given.sigma[Math.floor(i / dim)], sigmaData);
    return (value / before) * Math.hypot(sigma[Math.floor(i / dim)], sigmaData);
  });
  return { ...given, x, sigma, sigmaTangent: given.sigmaTangent.map((value, i) => value * sigma[i]) };
}

describe.each(conventions)('$process, $prediction', ({ process: name, prediction }) => {
  const convention = { process: name, prediction };
  const process = parseProcess(name);

  test('D is what the translation says, and slopes are its differences', () => {
    const draw = random(seed);
    const sigmaData = draw.between(0.3, 2);
    const { at, slope } = bound(new ConventionTable(convention, sigmaData));
    for (let i = 0; i < 200; i++) {
      const sigma = Math.exp(draw.between(Math.log(0.0021), Math.log(79)));
      const truth = translation(process, prediction, sigma);
      const found = at(sigma);
      // A score is the network's output over beta-bar.
      const out = prediction === 'score' ? truth.out / process.betaBar(truth.time) : truth.out;
      expect(Math.abs(found.skip - truth.skip)).toBeLessThan(1e-8);
      expect(Math.abs(found.out - out)).toBeLessThan(1e-8 * Math.abs(out));
      // x / sqrt(sigma^2 + sd^2) is x_t over its own standard deviation.
      const spread = Math.hypot(process.alphaBar(truth.time) * sigmaData, process.betaBar(truth.time));
      expect(Math.abs((found.input * spread) / truth.input - 1)).toBeLessThan(1e-8);
      const { min, max } = process.range;
      const noise = name.startsWith('ve') ? Math.log(sigma) / 4 : (truth.time - min) / (max - min);
      expect(Math.abs(found.noise - noise)).toBeLessThan(1e-8);
      const h = 1e-4 * sigma;
      const [above, below, sloped] = [at(sigma + h), at(sigma - h), slope(sigma)];
      for (const entry of ['skip', 'out', 'input', 'noise'] as const) {
        const difference = (above[entry] - below[entry]) / (2 * h);
        // The third derivative costs 1e-8, rounding 1e-16 / 1e-4, the piecewise cubic 1e-9 / 1e-4 at most.
        expect(Math.abs(sloped[entry] - difference) * sigma).toBeLessThan(
          2e-5 * (1 + Math.abs(found[entry])),
        );
      }
    }
  });

  test(
    'D, both products and every gradient on the GPU are those of float64',
    async () => {
      await checkBands(caseOf(configOf(convention)));
    },
    SLOW,
  );

  test('an exact field turned into the prediction and back is that field, and samples so', () => {
    const draw = random(seed);
    const exact = gaussianMixture({
      weights: [1, 2],
      means: [
        [-1, 0.5],
        [1, 0],
      ],
      stds: [0.3, 0.5],
    });
    const { at } = bound(new ConventionTable(convention, 0.7));
    const throughPrediction = hostField(2, (x, sigma, out) => {
      const time = process.timeOf(sigma);
      const [alpha, beta] = [process.alphaBar(time), process.betaBar(time)];
      const slope = process.g2(time) / (2 * alpha * beta);
      exact.denoise!(x, sigma, out);
      const { skip, out: factor } = at(sigma);
      for (let d = 0; d < 2; d++) {
        // What a perfect network predicts: of the posterior means of x_0 and of eps, by the definitions.
        const [clean, eps] = [out[d], (x[d] - out[d]) / sigma];
        const predicted = {
          eps,
          x0: clean,
          v: alpha * eps - beta * clean,
          score: -eps, // over beta-bar: what the network says before that
          velocity: process.f(time) * alpha * (clean + sigma * eps) + slope * alpha * eps,
        }[prediction];
        out[d] = skip * x[d] + factor * predicted;
      }
    });
    const [D, again] = [new Float64Array(2), new Float64Array(2)];
    for (let i = 0; i < 50; i++) {
      const sigma = Math.exp(draw.between(Math.log(0.0021), Math.log(79)));
      const x = Float64Array.from({ length: 2 }, () => Math.hypot(sigma, 1) * draw.normal());
      exact.denoise!(x, sigma, D);
      throughPrediction.denoise!(x, sigma, again);
      // What is tabulated is off by 1e-8 at most, as the test above says.
      for (let d = 0; d < 2; d++) expect(Math.abs(again[d] - D[d])).toBeLessThan(1e-7 * (1 + Math.abs(x[d])));
    }
    const plan = planFor({ solver: 'dpmpp-2m', nfe: 10 });
    for (let i = 0; i < 5; i++) {
      const latents = Float64Array.from({ length: 2 }, () => 80 * draw.normal());
      const [truth, samples] = [exact, throughPrediction].map(
        (field) => solveReference(field, plan, { latents }).samples,
      );
      // Far below this solver's own error, of some 1e-2.
      expect(relativeError(samples, truth)).toBeLessThan(1e-6);
    }
  });
});

test(
  `a process of one's own, from a table, is computed alike`,
  async () => {
    await checkBands(caseOf(configOf({ process: tabulate(own), prediction: 'velocity' })));
  },
  SLOW,
);

test('beyond its process a network stays what it is at the end', () => {
  const config = configOf({ process: 've-geometric:min=0.01,max=50', prediction: 'x0' });
  const { at, slope } = bound(preconditioning(config));
  expect(at(100)).toEqual(at(51));
  expect(slope(100)).toEqual({ skip: 0, out: 0, input: 0, noise: 0 });
  expect(at(0.001)).toEqual(at(0.005));
});

test('sampling keeps within its process, and beyond is refused, before anything runs', async () => {
  const config = configOf({ process: 've-geometric:min=0.01,max=50', prediction: 'x0' });
  const field = mlpField(caseOf(config));
  const request = { field, solver: 'euler', nfe: 3, batch: 4 };
  const known = { sigmaMin: 0.01, sigmaMax: 50 };
  const { samples } = await sampleReference({ ...request, range: known });
  expect(samples).toHaveLength(4 * config.dim);
  const usual = await sampleReference(request);
  for (const [i, value] of usual.samples.entries()) expect(value).toBeCloseTo(samples[i], 9);
  const refused = { code: 'bad-argument', message: expect.stringMatching(/sigma 80 .* from 0\.01 to 50/) };
  for (const beyond of [{ range: { sigmaMax: 80 } }, { grid: 'explicit:80,10,1,0.02' }]) {
    await expect(sampleReference({ ...request, ...beyond })).rejects.toMatchObject(refused);
    await expect(sample(gpu, { ...request, ...beyond })).rejects.toMatchObject(refused);
  }
});

test('conventions that do not exist are refused', () => {
  const config = (process: string, prediction: string) => () =>
    mlpConfig({ dim: 1, convention: { process, prediction } as Convention });
  expect(config('vp-liner', 'eps')).toThrow(/process 'vp-liner'/);
  expect(config('vp-linear', 'noise')).toThrow(/prediction 'noise'/);
});

function bound(of: ReturnType<typeof preconditioning>) {
  return { at: (sigma: number) => of.at(sigma), slope: (sigma: number) => of.slope(sigma) };
}

/** As `checkAgainstFloat64`, but apart for each band of noise levels, since large ones would hide small ones. */
async function checkBands(given: Case): Promise<void> {
  const [actual, expected] = [await runOnGpu(given), runInFloat64(given)];
  const { convention } = given.config;
  const told = JSON.stringify(convention?.prediction);
  for (const name of ['denoised', 'along', 'toX', 'toSigma'] as const) {
    const size = expected[name].length / BATCH;
    for (let row = 0; row < BATCH; row += BAND) {
      const part = (values: Float32Array | Float64Array) => values.subarray(row * size, (row + BAND) * size);
      const error = relativeError(part(actual[name]), part(expected[name]));
      const levels = `sigma from ${given.sigma[row]}`;
      expect(error, `${name} of ${told}, ${levels}`).toBeLessThan(1e-4);
    }
  }
  const error = relativeError(actual.gradient, expected.gradient);
  expect(error, `gradient`).toBeLessThan(1e-4);
}
