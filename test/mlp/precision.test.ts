import { describe, expect, test } from 'vitest';
import { preparedField } from '../../src/field/field.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { parameterLayout } from '../../src/mlp/parameters.js';
import { roundedToHalf } from '../../src/mlp/precision.js';
import { random } from '../../src/rng/random.js';
import { gpu } from '../device.js';
import { evaluationOn } from '../field/evaluation-fixtures.js';
import { gradientsOn } from '../field/gradient-fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { checkAgainstFloat64, randomCase, randomParameters, relativeError, SLOW } from './fixtures.js';

const small = mlpConfig({ dim: 1, width: 32, layers: 2 });
const seed = freshSeed();

/** `values` as float16 keeps them, padded to the parameters of a network. */
function rounded(values: readonly number[]): number[] {
  const parameters = new Float32Array(parameterLayout(small).size);
  parameters.set(values);
  return [...roundedToHalf(small, parameters).subarray(0, values.length)];
}

describe('rounding to float16', () => {
  test('keeps what float16 has, and takes the even neighbour of two as near', () => {
    const kept = [0, -0, 1, -1.5, 65504, -65504, 2 ** -14, 2 ** -24, -1023 * 2 ** -24, 0.333251953125];
    expect(rounded(kept)).toEqual(kept);
    const ties = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2049, 2051, 2 ** -25, 3 * 2 ** -25, 2047.5];
    expect(rounded(ties)).toEqual([1, 1 + 2 ** -9, 2048, 2052, 0, 2 ** -23, 2048]);
    expect(rounded([65519.99, 1e-9, -1e-9])).toEqual([65504, 0, -0]);
  });

  test('gives a nearest number at every size', () => {
    const draw = random(seed);
    const values = Array.from({ length: 200 }, () => Math.fround(draw.normal() * 2 ** draw.between(-27, 12)));
    const steps = (value: number) => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -14) - 10);
    for (const [i, value] of rounded(values).entries()) {
      expect(Math.abs(value - values[i]), `${values[i]}`).toBeLessThanOrEqual(steps(values[i]) / 2);
      expect(value / steps(values[i]) - Math.round(value / steps(values[i]))).toBe(0);
    }
  });

  test.each([65520, -1e6, Infinity, NaN])('refuses %d, naming the tensor', async (outside) => {
    const parameters = randomParameters(small, random(seed));
    const { offset } = parameterLayout(small).layers[1].time;
    parameters[offset + 3] = outside;
    await expectRefusal(
      () => mlpField({ config: small, parameters }, { precision: 'f16' }),
      'bad-argument',
      new RegExp(`layers.1.time holds ${outside}`),
      /precision f32/,
    );
  });
});

const config = mlpConfig({ dim: 3, width: 48, layers: 3, residual: true, classes: 3 });

describe.runIf(gpu.features.has('shader-f16'))('float16 weights', () => {
  test(
    'give what float64 gives with these weights, in every pass',
    async () => {
      await checkAgainstFloat64({ ...randomCase(config, 37, seed), precision: 'f16' });
    },
    SLOW,
  );

  test(
    'of a guided field give its D and its gradient, not those of float32 weights',
    async () => {
      const given = randomCase(config, 21, seed);
      const guided = { label: 1, guidance: 2 };
      const [half, full] = [mlpField(given, { ...guided, precision: 'f16' }), mlpField(given, guided)];
      const [x, cotangents] = [given.x, given.cotangent].map((values) => Float64Array.from(values));
      const { denoised } = await evaluationOn(gpu, half, given.x, given.sigma, { withFeatures: false });
      const { toX } = await gradientsOn(gpu, half, x, given.sigma, cotangents);
      const expected = (field: typeof half) => {
        const [D, pulled] = [new Float64Array(x.length), new Float64Array(x.length)];
        for (const [row, sigma] of given.sigma.entries()) {
          const [begin, end] = [row * config.dim, (row + 1) * config.dim];
          const state = x.subarray(begin, end);
          field.denoise!(state, sigma, D.subarray(begin, end));
          field.gradient!(state, sigma, cotangents.subarray(begin, end), pulled.subarray(begin, end));
        }
        return { D, pulled };
      };
      const [mine, others] = [expected(half), expected(full)];
      // As test/mlp/fixtures.ts reasons; float16 rounds by 2^-12 on average.
      expect(relativeError(denoised, mine.D)).toBeLessThan(1e-4);
      expect(relativeError(toX, mine.pulled)).toBeLessThan(1e-4);
      expect(relativeError(denoised, others.D)).toBeGreaterThan(2 * relativeError(denoised, mine.D));
      expect(relativeError(toX, others.pulled)).toBeGreaterThan(2 * relativeError(toX, mine.pulled));
    },
    SLOW,
  );
});

test('a device without shader-f16 is refused, with what to do', async () => {
  const without = new (class extends Gpu {
    override get features() {
      return new Set() as GPUSupportedFeatures;
    }
  })(gpu.device, gpu.adapter);
  const field = mlpField(randomCase(config, 1, seed), { precision: 'f16' });
  for (const prepare of [() => preparedField(without, field), () => field.prepareGradient!(without)]) {
    await expectRefusal(prepare, 'device-limit', 'no shader-f16', /use precision f32/);
  }
});

test('a precision that does not exist is refused', async () => {
  const given = randomCase(config, 1, seed);
  await expectRefusal(
    () => mlpField(given, { precision: 'f8' as 'f16' }),
    'unknown-name',
    "'f8'",
    /f32, f16/,
  );
});
