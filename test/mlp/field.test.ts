import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/stepwise.js';
import { type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { type MlpFieldOptions, mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/problem/random.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { randomParameters, relativeError } from './fixtures.js';

test.each<[MlpOptions, MlpFieldOptions]>([
  [{ dim: 3, width: 32, layers: 2 }, {}],
  [
    { dim: 6, width: 32, layers: 3, residual: true, classes: 2 },
    { label: 1, guidance: 2.5 },
  ],
])('the field of %o with %o is sampled as float64 does', async (options, fieldOptions) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const draw = random(seed);
  const config = mlpConfig(options);
  const field = mlpField({ config, parameters: randomParameters(config, draw) }, fieldOptions);
  const latents = Float32Array.from({ length: 21 * config.dim }, () => 10 * draw.normal());
  const { samples } = solveReference(field, PLAN, { latents });
  const solution = await solve(gpu, field, PLAN, { latents: { values: latents } });
  expect(relativeError(solution.samples, samples), `seed ${seed}`).toBeLessThan(1e-4);
  expect(solution.evaluations).toBe(8);
  const chunked = await solve(gpu, field, PLAN, { latents: { values: latents }, chunk: 6 });
  expect(chunked.samples).toEqual(solution.samples);
});

const PLAN = planFor({ solver: 'heun', nfe: 8, range: { sigmaMin: 0.01, sigmaMax: 10 } });

test('labels and guidance that a model cannot have are refused', () => {
  const plain = mlpConfig({ dim: 2, width: 32 });
  const labelled = mlpConfig({ dim: 2, width: 32, classes: 2 });
  const model = (config: typeof plain) => ({ config, parameters: randomParameters(config, random(1)) });
  expect(() => mlpField(model(plain), { label: 0 })).toThrowError('0 classes');
  expect(() => mlpField(model(labelled), { label: 2 })).toThrowError('2 classes');
  expect(() => mlpField(model(labelled), { guidance: 2 })).toThrowError('without a label');
  expect(() => mlpField({ config: plain, parameters: new Float32Array(3) })).toThrowError('3 parameters');
});
