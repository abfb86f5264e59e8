import { expect, test } from 'vitest';
import type { FewstepError } from '../../src/errors.js';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { type MlpFieldOptions, mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';
import { randomParameters, relativeError } from './fixtures.js';

test.each<[MlpOptions, MlpFieldOptions]>([
  [{ dim: 3, width: 32, layers: 2 }, {}],
  [
    { dim: 6, width: 32, layers: 3, residual: true, classes: 2 },
    { label: 1, guidance: 2.5 },
  ],
])('the field of %o with %o is sampled as float64 does', async (options, fieldOptions) => {
  const seed = freshSeed();
  const draw = random(seed);
  const config = mlpConfig(options);
  const field = mlpField({ config, parameters: randomParameters(config, draw) }, fieldOptions);
  const latents = Float32Array.from({ length: 21 * config.dim }, () => 10 * draw.normal());
  const { samples } = solveReference(field, PLAN, { latents });
  const solution = await solve(gpu, field, PLAN, { latents: { values: latents } });
  expect(relativeError(solution.samples, samples)).toBeLessThan(1e-4);
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

test('a label is its number or its name, and a wrong name is told from the right ones', () => {
  const config = mlpConfig({ dim: 2, width: 32, classes: 3 });
  const parameters = randomParameters(config, random(1));
  const labelNames = ['circle', 'square', '0'];
  const denoised = (options: MlpFieldOptions, names: string[] | undefined = labelNames) => {
    const out = new Float64Array(2);
    mlpField({ config, parameters, labelNames: names }, options).denoise!(Float64Array.of(1, 2), 0.5, out);
    return out;
  };
  expect(denoised({ label: 'square' })).toEqual(denoised({ label: 1 }));
  expect(denoised({ label: 'square' })).not.toEqual(denoised({ label: 'circle' }));
  expect(denoised({ label: '0' }), 'a name comes before a number').toEqual(denoised({ label: 2 }));
  const plain = { config, parameters };
  const nameless = new Float64Array(2);
  mlpField(plain, { label: '1' }).denoise!(Float64Array.of(1, 2), 0.5, nameless);
  expect(nameless).toEqual(denoised({ label: 1 }));

  const refusal = (options: MlpFieldOptions, model: object = { labelNames }) => {
    try {
      mlpField({ ...plain, ...model }, options);
    } catch (error) {
      const { code, message, remedy } = error as FewstepError;
      return `${code}: ${message}; ${remedy}`;
    }
  };
  const known = 'known: circle, square, 0';
  expect(refusal({ label: 'squares' })).toBe(
    `unknown-name: unknown label 'squares'; did you mean 'square'? ${known}`,
  );
  expect(refusal({ label: '1' })).toBe(`unknown-name: unknown label '1'; ${known}`);
  expect(refusal({ label: 'triangular' })).toBe(`unknown-name: unknown label 'triangular'; ${known}`);
  expect(refusal({ label: 3 })).toContain(
    'give a label of circle, square, 0 (in code also its number from 0 to 2), or none',
  );
  expect(refusal({ guidance: 2 })).toContain(
    'label of circle, square, 0 (in code also its number from 0 to 2)',
  );
  for (const label of ['', '-1', '1.0', 'a', '3']) {
    expect(refusal({ label }, {}), label).toContain(
      `the label is ${label || 'empty'}, of a model with 3 classes; give a`,
    );
  }
  const many = mlpConfig({ dim: 2, width: 32, classes: 30 });
  const crowd = {
    config: many,
    parameters: randomParameters(many, random(1)),
    labelNames: Array.from({ length: 30 }, (_, i) => `kind ${i}`),
  };
  expect(refusal({ label: 'none of them' }, crowd)).toMatch(/kind 19 and 10 more$/);
});
