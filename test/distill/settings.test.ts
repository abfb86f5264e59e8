import { expect, it } from 'vitest';
import { poolSeeds } from '../../src/distill/pool.js';
import { checkSettings, LARGEST_SEED, ROBUST } from '../../src/distill/settings.js';

it('latents of the largest seed draw from seeds that are exact and that no other distillation has', () => {
  const { training, validation } = poolSeeds(LARGEST_SEED);
  expect([training, validation].every(Number.isSafeInteger)).toBe(true);
  expect(training).toBe(poolSeeds(LARGEST_SEED - 1).validation + 1);
  expect(poolSeeds(0)).toEqual({ training: 2 ** 40, validation: 2 ** 40 + 1 });
  expect(checkSettings({ ...ROBUST, seed: LARGEST_SEED }).seed).toBe(LARGEST_SEED);
});

it.each([LARGEST_SEED + 1, 2 ** 52, -1, 0.5, Number.NaN])('refuses the seed %d', (seed) => {
  const refusal = expect.objectContaining({
    code: 'bad-argument',
    message: `the distillation's seed is ${seed}`,
    remedy: 'give a whole number from 0 to 1099511627776',
  });
  expect(() => poolSeeds(seed)).toThrow(refusal);
  expect(() => checkSettings({ ...ROBUST, seed })).toThrow(refusal);
});
