import { describe, expect, it, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { parseSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { encodeModel } from '../../src/mlp/model-file.js';
import { decodeSidCheckpoint, encodeSidCheckpoint } from '../../src/sid/checkpoint-file.js';
import { decodeGenerator, encodeGenerator, type StoredGenerator } from '../../src/sid/generator-file.js';
import { sidSettings } from '../../src/sid/settings.js';
import { anyBits, type Change, changed, sameBits, setJson } from '../mlp/file-fixtures.js';
import { expectRefusal } from '../refusal.js';

const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 2 });
const distances = { slicedWasserstein: 0.1, energy: 0.2, frechet: 0.3 };
const memory = { teacher: 1, fake: 2, generator: 3, batch: 4, total: 10 };
const settings = sidSettings({ seed: 2 ** 40, loss: 'l3', weighting: 'eps' });
const generator: StoredGenerator = {
  config,
  parameters: anyBits(config, 1),
  labelNames: ['a', 'b'],
  scaling: { offset: 8, scale: 8 },
  sigma: 2.5,
  teacher: { kind: 'mlp', dim: 3, denoised: Float32Array.from({ length: 18 }, (_, i) => i / 7) },
  record: {
    teacher: 'm.safetensors',
    settings,
    step: 7,
    distances: { generator: distances, usual: distances, floor: distances, samples: 4096 },
    memory,
    adapter: 'some adapter',
  },
};

test('a generator comes back from its file, its weights bit for bit', () => {
  const ofConditions = { ...generator, teacher: { ...generator.teacher, conditions: 3 } };
  for (const each of [generator, ofConditions, { ...generator, scaling: undefined, record: undefined }]) {
    const bytes = encodeGenerator(each);
    const { fewstep, ...decoded } = decodeGenerator(bytes, 'g');
    expect(fewstep).toBe(packageJson.version);
    expect(sameBits(decoded.parameters, generator.parameters)).toBe(true);
    expect(decoded).toEqual({ ...each, parameters: decoded.parameters });
    expect(encodeGenerator(decoded)).toEqual(bytes);
  }
  const { labelNames: _, ...unnamed } = generator;
  expect(decodeGenerator(encodeGenerator(unnamed), 'g')).not.toHaveProperty('labelNames');
});

test('a generator that could not be read again is not written', async () => {
  const encode = (change: object) => () => encodeGenerator({ ...generator, ...change });
  await expectRefusal(encode({ sigma: Number.NaN }), 'bad-argument', 'cannot be saved');
  await expectRefusal(encode({ sigma: 0.001 }), 'bad-argument', 'cannot be saved');
  await expectRefusal(encode({ parameters: new Float32Array(4) }), 'bad-shape', '4 parameters were given');
  const broken = { ...generator.record!, step: 0.5 };
  await expectRefusal(encode({ record: broken }), 'bad-argument', 'step: ');
});

describe('a file of a generator is refused, with its name', () => {
  const bytes = encodeGenerator(generator);
  const good = parseSafetensors(bytes, 'good');
  const wrong: [what: string, change: Change, message: RegExp][] = [
    ['no fingerprint', ({ tensors }) => tensors.delete('teacher.denoised'), /'teacher.denoised' .* missing/],
    [
      'a fingerprint of another dimension',
      ({ tensors }) => tensors.set('teacher.denoised', { shape: [6, 2], values: new Float32Array(12) }),
      /'teacher.denoised' of shape \[6, 3\]/,
    ],
    ['a missing tensor', ({ tensors }) => tensors.delete('output.bias'), /'output.bias' .* is missing/],
    [
      'a tensor too many',
      ({ tensors }) => tensors.set('more', { shape: [1, 1], values: new Float32Array(1) }),
      /'more' has no place/,
    ],
    ['no sigma', ({ metadata }) => delete metadata.sigma, /metadata has no 'sigma'/],
    [
      'a sigma of 0',
      ({ metadata }) => {
        metadata.sigma = '0';
      },
      /'sigma' is malformed/,
    ],
    [
      'a record of another loss',
      setJson('record', (json) => {
        (json.settings as Record<string, unknown>).loss = 'l4';
      }),
      /'record' is malformed: settings.loss/,
    ],
  ];

  it.each(wrong)('%s', async (_, change, message) => {
    const file = writeSafetensors(changed(good, change));
    await expectRefusal(() => decodeGenerator(file, 'g.safetensors'), 'bad-data', /^g\.safetensors/);
    await expectRefusal(() => decodeGenerator(file, 'g.safetensors'), 'bad-data', message);
  });

  it('another kind of file, or a cut one', async () => {
    const model = encodeModel({ config, parameters: generator.parameters });
    await expectRefusal(() => decodeGenerator(model, 'm'), 'bad-data', /^m is a model, not a generator$/);
    const cut = bytes.subarray(0, bytes.length - 1);
    await expectRefusal(() => decodeGenerator(cut, 'g'), 'bad-data', /truncated/);
  });
});

test('a checkpoint comes back bit for bit, and another kind of file is refused', async () => {
  const bits = (seed: number) => anyBits(config, seed);
  const learner = (seed: number) => ({
    parameters: bits(seed),
    average: bits(seed + 1),
    first: bits(seed + 2),
    second: bits(seed + 3),
  });
  const { labelNames, scaling, parameters } = generator;
  const fake = learner(20);
  const checkpoint = {
    teacher: { config, parameters, labelNames, scaling },
    teacherName: 'm.safetensors',
    settings,
    measureEvery: 50,
    samples: 2000,
    progress: {
      step: 60,
      generator: learner(10),
      // Nobody reads the fake score's average: its parameters stand in for it.
      fake: { ...fake, average: fake.parameters },
      history: [
        { step: 0, distances },
        { step: 50, losses: { generator: -1, fake: 2 }, distances: { slicedWasserstein: 0.1, energy: 0.2 } },
      ],
      best: { step: 50, distances, parameters: bits(30) },
      pending: { generator: 1.5, fake: 2.5, steps: 10 },
    },
  };
  const bytes = encodeSidCheckpoint(checkpoint);
  const decoded = decodeSidCheckpoint(bytes, 'c');
  expect(encodeSidCheckpoint(decoded)).toEqual(bytes);
  expect(decoded).toEqual(checkpoint);
  for (const learning of ['generator', 'fake'] as const) {
    for (const copy of ['parameters', 'average', 'first', 'second'] as const) {
      const expected = checkpoint.progress[learning][copy];
      expect(sameBits(decoded.progress[learning][copy], expected), `${learning} ${copy}`).toBe(true);
    }
  }
  const message = /^g is a generator, not a checkpoint of a distillation into a generator$/;
  await expectRefusal(() => decodeSidCheckpoint(encodeGenerator(generator), 'g'), 'bad-data', message);
});
