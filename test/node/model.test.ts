import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/mlp/checkpoint-file.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { loadField } from '../../src/node/field/load.js';
import { saveNpy } from '../../src/node/files.js';
import { saveGenerator } from '../../src/node/generator.js';
import { loadCheckpoint, loadModel, saveCheckpoint, saveModel } from '../../src/node/model.js';
import { savePredictor } from '../../src/node/predictor.js';
import { saveTable } from '../../src/node/table.js';
import { random } from '../../src/rng/random.js';
import { randomParameters } from '../mlp/fixtures.js';
import { expectRefusal } from '../refusal.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-model-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 2 });
const scaling = { offset: 8, scale: 4 };
const model = { config, parameters: randomParameters(config, random(1)), scaling };
await saveModel(at('new/model.safetensors'), model);
const path = at('new/model.safetensors');

describe('a model', () => {
  it('is saved into a new folder, whole and alone, and loaded again', async () => {
    expect(await readdir(at('new'))).toEqual(['model.safetensors']);
    expect(await loadModel(path)).toMatchObject(model);
  });

  it('that cannot be saved leaves the one before it as it was', async () => {
    const before = await readFile(path);
    const parameters = model.parameters.slice().fill(Number.NaN);
    await expectRefusal(() => saveModel(path, { ...model, parameters }), 'not-finite', 'cannot be saved');
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(at('new'))).toEqual(['model.safetensors']);
  });

  it('is not saved where the path comes second, and neither is anything else', async () => {
    const swapped = (save: (path: never, what: never) => Promise<void>) => () =>
      save(model as never, path as never);
    for (const save of [saveModel, saveGenerator, savePredictor, saveTable])
      await expectRefusal(swapped(save), 'bad-argument', /the path is an object/, /give it first/);
    await expectRefusal(
      () => saveNpy([1, 2] as never, path as never, new Float32Array(2)),
      'bad-argument',
      /the path is/,
    );
  });

  it('that is missing or cut is refused with its path', async () => {
    await expectRefusal(
      () => loadModel(at('no.safetensors')),
      'file',
      /^cannot read .*no\.safetensors: there/,
    );
    await writeFile(at('cut.safetensors'), (await readFile(path)).subarray(0, -1));
    await expectRefusal(() => loadModel(at('cut.safetensors')), 'bad-data', /cut\.safetensors .* truncated/);
  });
});

it('a checkpoint replaces the one before it', async () => {
  const copy = (seed: number) => randomParameters(config, random(seed));
  const numbers = { parameters: copy(1), average: copy(2), first: copy(3), second: copy(4) };
  const first: Checkpoint = { config, scaling, ...numbers, step: 5, seed: 1, options: {}, history: [] };
  const second = { ...first, parameters: copy(5), step: 10, history: [{ step: 5, training: 0.25 }] };
  for (const checkpoint of [first, second]) {
    await saveCheckpoint(at('run/checkpoint.safetensors'), checkpoint);
    expect(await loadCheckpoint(at('run/checkpoint.safetensors'))).toEqual(checkpoint);
  }
  expect(await readdir(at('run'))).toEqual(['checkpoint.safetensors']);
  await expectRefusal(
    () => loadField(at('run/checkpoint.safetensors')),
    'bad-data',
    'is a checkpoint of a tr',
  );
});

describe('loadField of a model', () => {
  const x = Float64Array.of(0.3, -0.2, 0.9);
  const denoised = ({ denoise }: { denoise?: ReturnType<typeof mlpField>['denoise'] }) => {
    const out = new Float64Array(3);
    denoise!(x, 0.7, out);
    return out;
  };

  it('is its network, with the scaling of its data, at any label and guidance', async () => {
    for (const options of [{}, { label: 1 }, { label: 0, guidance: 2.5 }]) {
      const field = await loadField(path, options);
      expect(field).toMatchObject({ kind: 'mlp', dim: 3, scaling });
      expect(denoised(field)).toEqual(denoised(mlpField(model, options)));
    }
    expect(denoised(await loadField(path, { label: 1 }))).not.toEqual(denoised(await loadField(path)));
  });

  it('may be described in JSON, the path being relative to it', async () => {
    await mkdir(at('fields'));
    const described = { kind: 'mlp', model: '../new/model.safetensors', label: 1, guidance: 2 };
    await writeFile(at('fields/one.json'), JSON.stringify(described));
    const direct = await loadField(path, { label: 1, guidance: 2 });
    expect(denoised(await loadField(at('fields/one.json')))).toEqual(denoised(direct));
  });

  it('refuses what the model cannot do, naming it', async () => {
    const load = (options: object) => () => loadField(path, options);
    await expectRefusal(
      load({ label: 2 }),
      'bad-argument',
      /model\.safetensors: the label is 2, .* 2 classes/,
    );
    await expectRefusal(load({ guidance: 2 }), 'bad-argument', /safetensors: guidance was given without/);
    await expectRefusal(load({ dim: 3 }), 'bad-argument', '--dim does not apply');
    await expectRefusal(
      () => loadField('ring', { label: 1 }),
      'bad-argument',
      '--label does not apply to ring',
    );
  });
});
