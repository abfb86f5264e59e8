import { describe, expect, it, test } from 'vitest';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { fieldDoubtOf } from '../../src/predictor/field-doubt.js';
import type { FeatureSource } from '../../src/predictor/network-config.js';
import type { Predictor } from '../../src/predictor/predictor.js';
import { random } from '../../src/rng/random.js';
import { type SampleRequest, sample } from '../../src/sample.js';
import { sampleReference } from '../../src/sample-reference.js';
import { gpu } from '../device.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { randomBespoke, randomStoredNetwork, randomTable, randomTimes } from './file-fixtures.js';

const seed = freshSeed();
const source = random(seed, 1);
const mixtureOf = (dim: number) => {
  const mean = () => Array.from({ length: dim }, () => source.between(-1, 1));
  return gaussianMixture({ weights: [1, 2], means: [mean(), mean()], stds: [0.2, 0.3] });
};
const [own, other, wider] = [mixtureOf(2), mixtureOf(2), mixtureOf(3)];
const network = (reads: FeatureSource) =>
  randomStoredNetwork('amed', false, [4], { scaleDirection: 0.1, scaleTime: 0.1, reads }, { dim: 2, seed });
const tables: [string, Predictor][] = [
  ['a table of answers', randomTable('amed', false, [4], seed)],
  ['times', randomTimes('euler', false, [4], seed)],
];
const bespoke = randomBespoke([4], { dim: 2, seed, formula: 'ipndm-2', start: 'gaussian' });
const networks: [string, Predictor][] = [
  ['a network of the state', network('state')],
  ['a network of the times', network('times')],
];
const field = await fingerprintOf(own, gpu);
const [another, ofOthers] = await Promise.all([fingerprintOf(other), fingerprintOf(wider)]);

test.each([...tables, ['a bespoke table', bespoke] as const, ...networks])(
  'there is no doubt about %s on its own field',
  async (_, predictor) => {
    expect(fieldDoubtOf({ predictor, field }, await fingerprintOf(own))).toBeUndefined();
    expect(await sample(gpu, { field: own, predictor: { predictor, field }, batch: 4 })).not.toHaveProperty(
      'doubt',
    );
  },
);

describe.each([
  ['of as many numbers', other, another, /another gaussian-mixture field of 2 numbers than this one/],
  [
    'of more numbers',
    wider,
    ofOthers,
    /a gaussian-mixture field of 2 numbers, and this is a .* of 3 numbers/,
  ],
] as const)('on another field %s', (_, elsewhere, fingerprint, difference) => {
  const given = (predictor: Predictor): SampleRequest => ({
    field: elsewhere,
    predictor: { predictor, field },
    batch: 4,
  });
  const sameDim = elsewhere.dim === 2;

  it.each([...tables, ...(sameDim ? [['a bespoke table', bespoke] as const] : [])])(
    '%s samples, and says that it transfers in part',
    async (__, predictor) => {
      const doubt = fieldDoubtOf({ predictor, field }, fingerprint);
      expect(doubt).toMatchObject({ transfers: 'in-part', message: expect.stringMatching(difference) });
      const alone = await sample(gpu, { ...given(predictor), predictor });
      expect(alone).not.toHaveProperty('doubt');
      for (const made of [await sample(gpu, given(predictor)), await sampleReference(given(predictor))]) {
        expect(made.doubt).toEqual(doubt);
        expect(made.evaluations).toBe(4);
      }
      expect((await sample(gpu, given(predictor))).samples).toEqual(alone.samples);
    },
  );

  it.each([...networks, ...(sameDim ? [] : [['a bespoke table', bespoke] as const])])(
    '%s is refused',
    async (__, predictor) => {
      const guess = sameDim || (predictor.kind === 'network' && predictor.config.reads === 'times');
      const doubt = fieldDoubtOf({ predictor, field }, fingerprint)!;
      expect(doubt.transfers).toBe(guess ? 'guess' : 'not-at-all');
      for (const call of [() => sample(gpu, given(predictor)), () => sampleReference(given(predictor))]) {
        await expectRefusal(call, 'bad-field', difference, guess ? /`predictor` alone/ : /distil again$/);
      }
      if (guess) await sample(gpu, { ...given(predictor), predictor });
    },
  );
});
