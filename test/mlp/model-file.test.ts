import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { parseSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { encodeCheckpoint } from '../../src/mlp/checkpoint-file.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { decodeModel, encodeModel } from '../../src/mlp/model-file.js';
import { parameterLayout } from '../../src/mlp/parameters.js';
import { defineProcess } from '../../src/process/process.js';
import { tabulate } from '../../src/process/tabulated.js';
import { VERSION } from '../../src/version.js';
import { expectRefusal } from '../refusal.js';
import {
  anyBits,
  anyConfig,
  anyScaling,
  anyTraining,
  type Change,
  changed,
  sameBits,
  setJson,
  wrongFiles,
} from './file-fixtures.js';

const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 1 });
const model = {
  config,
  parameters: anyBits(config, 1),
  scaling: { offset: 8, scale: 8 },
  training: {
    data: 'digits.csv',
    loss: 'edm',
    steps: 10,
    seed: 2,
    losses: { training: 0.3, validation: 0.4 },
  },
};

describe('a model', () => {
  it('comes back from its file, its weights bit for bit', () => {
    const option = fc.option(anyTraining, { nil: undefined });
    fc.assert(
      fc.property(anyConfig, fc.integer(), anyScaling, option, (config, seed, scaling, training) => {
        const parameters = anyBits(config, seed);
        const decoded = decodeModel(encodeModel({ config, parameters, scaling, training }), 'm');
        expect(sameBits(decoded.parameters, parameters)).toBe(true);
        const rest = { config, scaling, training, fewstep: VERSION };
        expect(decoded).toEqual({ ...rest, parameters: decoded.parameters });
      }),
      { numRuns: 40 },
    );
  });

  it('is the same file every time, which other programs can read', () => {
    const bytes = encodeModel(model);
    expect(encodeModel(decodeModel(bytes, 'm'))).toEqual(bytes);
    expect(decodeModel(new Uint8Array(bytes).buffer, 'm')).toEqual(decodeModel(bytes, 'm'));
    const { tensors, metadata } = parseSafetensors(bytes, 'm');
    expect(Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual({
      'layers.0.weight': [3, 32],
      'layers.0.time': [16, 32],
      'layers.0.bias': [1, 32],
      'layers.1.weight': [32, 32],
      'layers.1.time': [16, 32],
      'layers.1.bias': [1, 32],
      'output.weight': [32, 3],
      'output.time': [16, 3],
      'output.bias': [1, 3],
      labels: [2, 16],
    });
    expect(metadata).toMatchObject({ format: 'fewstep-mlp-1', fewstep: packageJson.version });
    expect(JSON.parse(metadata.config)).toEqual(config);
    expect(JSON.parse(metadata.scaling)).toEqual(model.scaling);
    expect(JSON.parse(metadata.training)).toEqual(model.training);
    // Row 4, column 2 of the output: inputs are rows.
    const { offset, stride } = parameterLayout(config).layers[2].weight;
    const output = tensors.get('output.weight')!.values;
    expect(output[4 * 3 + 2]).toBe(model.parameters[offset + 4 * stride + 2]);
  });

  it("remembers a process of one's own", () => {
    const process = tabulate(
      defineProcess({ name: 'own', range: { min: 0, max: 2 }, alphaBar: () => 1, betaBar: (t) => t ** 3 }),
    );
    const own = mlpConfig({ ...config, convention: { process, prediction: 'x0' } });
    expect(decodeModel(encodeModel({ ...model, config: own }), 'm').config).toEqual(own);
  });

  it('has the names of its labels, where there are any', () => {
    const names = ['a label with "quotes", é and \u0000'];
    const bytes = encodeModel({ ...model, labelNames: names });
    expect(decodeModel(bytes, 'm').labelNames).toEqual(names);
    expect(encodeModel(decodeModel(bytes, 'm'))).toEqual(bytes);
    const old = decodeModel(encodeModel(model), 'm');
    expect(Object.keys(old)).not.toContain('labelNames');
  });

  it('that could not be read again is not written', async () => {
    const encode = (change: object) => () => encodeModel({ ...model, ...change });
    await expectRefusal(encode({ parameters: new Float32Array(4) }), 'bad-shape', '4 parameters were given');
    const parameters = model.parameters.slice();
    parameters[parameterLayout(config).layers[0].bias.offset + 5] = Number.NaN;
    await expectRefusal(
      encode({ parameters }),
      'not-finite',
      "'layers.0.bias' cannot be saved: it is NaN at [0, 5]",
    );
    await expectRefusal(encode({ scaling: { offset: 0, scale: 0 } }), 'bad-argument', 'scale: ');
    await expectRefusal(encode({ labelNames: ['a', 'b'] }), 'bad-argument', '1 classes has as many names');
    await expectRefusal(encode({ labelNames: ['x'.repeat(201)] }), 'bad-argument', 'Expected <=200');
    const losses = { training: Number.NaN };
    const training = { ...model.training, losses };
    await expectRefusal(encode({ training }), 'bad-argument', 'losses.training: ');
  });
});

const WRONG_NAMES: [what: string, json: string, message: RegExp][] = [
  ['two names for one label', '["a","b"]', /'labelNames' is malformed: .* 1 classes has as many names/],
  ['names that are no texts', '[3]', /'labelNames' is malformed: \[?0/],
  ['a name without end', JSON.stringify(['x'.repeat(201)]), /'labelNames' is malformed: .*200/],
  ['names that are no JSON', '[', /'labelNames' is no JSON/],
  ['no list of names', '{}', /'labelNames' is malformed: .*Array/],
];

const WRONG: [what: string, change: Change, message: RegExp][] = [
  ...wrongFiles(''),
  ['no training', ({ metadata }) => delete metadata.training, /metadata has no 'training'/],
  [
    'a training without loss',
    setJson('training', (json) => delete json.loss),
    /'training' is malformed: .*loss/,
  ],
  [
    'half a step',
    setJson('training', (json) => {
      json.steps = 0.5;
    }),
    /'training' is malformed: steps: /,
  ],
  ...WRONG_NAMES.map(([what, names, message]): (typeof WRONG)[number] => [
    what,
    ({ metadata }) => {
      metadata.labelNames = names;
    },
    message,
  ]),
  ['no labels', ({ tensors }) => tensors.delete('labels'), /'labels' of shape \[2, 16\] is missing/],
  [
    'labels of no class',
    setJson('config', (json) => {
      json.classes = 0;
    }),
    /'labels' has no place/,
  ],
];

describe('a file of a model is refused, with its name', () => {
  const good = parseSafetensors(encodeModel(model), 'good');

  it.each(WRONG)('%s', async (_, change, message) => {
    const bytes = writeSafetensors(changed(good, change));
    await expectRefusal(() => decodeModel(bytes, 'm.safetensors'), 'bad-data', /^m\.safetensors/);
    await expectRefusal(() => decodeModel(bytes, 'm.safetensors'), 'bad-data', message);
  });

  it('a checkpoint', async () => {
    const { parameters } = model;
    const state = { step: 1, seed: 1, options: {}, history: [] };
    const copies = { parameters, average: parameters, first: parameters, second: parameters };
    const bytes = encodeCheckpoint({ config, ...copies, ...state });
    const message = /^c is a checkpoint of a training, not a model$/;
    await expectRefusal(() => decodeModel(bytes, 'c'), 'bad-data', message);
  });

  it('cut within any of its tensors', async () => {
    const bytes = encodeModel(model);
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const ends = [...good.tensors.values()].map(({ values }) => values.byteLength);
    let at = start;
    for (const length of ends) {
      for (const cut of [at, at + length - 1]) {
        await expectRefusal(() => decodeModel(bytes.subarray(0, cut), 'm'), 'bad-data', /^m .* truncated/);
      }
      at += length;
    }
    expect(at).toBe(bytes.length);
  });
});
