import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/mlp/checkpoint-file.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { encodeModel } from '../../src/mlp/model-file.js';
import { expectRefusal } from '../refusal.js';
import {
  anyBits,
  anyConfig,
  anyScaling,
  type Change,
  changed,
  sameBits,
  setJson,
  wrongFiles,
} from './file-fixtures.js';

const config = mlpConfig({ dim: 3, width: 32, layers: 2 });
const checkpoint: Checkpoint = {
  config,
  scaling: { offset: 8, scale: 8 },
  parameters: anyBits(config, 1),
  average: anyBits(config, 2),
  first: anyBits(config, 3),
  second: anyBits(config, 4),
  step: 20,
  seed: 7,
  options: {
    batch: 512,
    data: { file: 'digits.csv' },
    optimiser: 'adamw',
    clip: Infinity,
    floor: -Infinity,
    none: null,
  },
  history: [
    { step: 10, training: 0.5 },
    { step: 20, training: 0.1 + 0.2, validation: 1 / 3 },
  ],
};

describe('a checkpoint', () => {
  const loss = fc.double({ min: 0, max: 1e9, noNaN: true });
  const record = fc.record(
    { step: fc.maxSafeNat(), training: loss, validation: loss },
    { requiredKeys: ['step', 'training'], noNullPrototype: true },
  );

  it('comes back from its file bit for bit', () => {
    fc.assert(
      fc.property(
        anyConfig,
        fc.integer(),
        anyScaling,
        fc.array(record),
        fc.maxSafeNat(),
        (config, seed, scaling, history, step) => {
          const numbers = {
            parameters: anyBits(config, seed),
            average: anyBits(config, seed + 2),
            first: anyBits(config, seed + 4),
            second: anyBits(config, seed + 6),
          };
          const rest = { config, scaling, history, step, seed: step, options: checkpoint.options };
          const decoded = decodeCheckpoint(encodeCheckpoint({ ...numbers, ...rest }), 'c');
          expect({ ...decoded, ...numbers }).toEqual({ ...numbers, ...rest });
          for (const [name, values] of Object.entries(numbers)) {
            expect(sameBits(decoded[name as keyof typeof numbers], values), name).toBe(true);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is the same file every time', () => {
    const bytes = encodeCheckpoint(checkpoint);
    expect(encodeCheckpoint(decodeCheckpoint(bytes, 'c'))).toEqual(bytes);
  });

  it('that could not be read again is not written', async () => {
    const encode = (change: Partial<Checkpoint>) => () => encodeCheckpoint({ ...checkpoint, ...change });
    await expectRefusal(encode({ average: new Float32Array(4) }), 'bad-shape', '4 parameters were given');
    const diverged = checkpoint.first.slice();
    diverged[1] = Number.POSITIVE_INFINITY;
    await expectRefusal(
      encode({ first: diverged }),
      'not-finite',
      "'adam.m.layers.0.weight' cannot be saved: it is Infinity at [0, 1]",
    );
    await expectRefusal(encode({ step: 0.5 }), 'bad-argument', 'cannot be saved: step: ');
    await expectRefusal(
      encode({ history: [{ step: 1, training: NaN }] }),
      'bad-argument',
      'history[0].training: ',
    );
    await expectRefusal(encode({ options: { adam: { clip: NaN } } }), 'bad-argument', 'clip is NaN');
  });
});

const WRONG: [what: string, change: Change, message: RegExp][] = [
  ...['parameters.', 'ema.', 'adam.m.', 'adam.v.'].flatMap((prefix, i) =>
    // What does not concern tensors is tested once.
    wrongFiles(prefix)
      .slice(prefix === 'parameters.' ? 0 : 1, i === 0 ? undefined : 6)
      .map(([what, ...rest]): [string, Change, RegExp] => [`${what}, ${prefix}`, ...rest]),
  ),
  ['no state', ({ metadata }) => delete metadata.state, /metadata has no 'state'/],
  ['a state without step', setJson('state', (state) => delete state.step), /'state' is malformed: .*step/],
  [
    'a negative step',
    setJson('state', (state) => {
      state.step = -1;
    }),
    /malformed: step: /,
  ],
  [
    'options that are a list',
    setJson('state', (state) => {
      state.options = [];
    }),
    /malformed: options: /,
  ],
  [
    'a loss that is null',
    setJson('state', (state) => Object.assign((state.history as object[])[1], { training: null })),
    /malformed: history\[1\]\.training: /,
  ],
];

describe('a file of a checkpoint is refused, with its name', () => {
  const good = parseSafetensors(encodeCheckpoint(checkpoint), 'good');

  it.each(WRONG)('%s', async (_, change, message) => {
    const bytes = writeSafetensors(changed(good, change));
    await expectRefusal(() => decodeCheckpoint(bytes, 'c.safetensors'), 'bad-data', /^c\.safetensors/);
    await expectRefusal(() => decodeCheckpoint(bytes, 'c.safetensors'), 'bad-data', message);
  });

  it('a model', async () => {
    const bytes = encodeModel({ config, parameters: checkpoint.average });
    const message = /^m is a model, not a checkpoint of a training$/;
    await expectRefusal(() => decodeCheckpoint(bytes, 'm'), 'bad-data', message);
  });
});
