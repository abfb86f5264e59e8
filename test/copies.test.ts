import { describe, expect, test } from 'vitest';
import { diffuse } from '../src/diffuse.js';
import { integrate } from '../src/execute/integrate.js';
import { externalField } from '../src/field/external.js';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
import { logDensity } from '../src/likelihood/log-density.js';
import { mlpConfig } from '../src/mlp/config.js';
import { mlpField } from '../src/mlp/field.js';
import { parseProcess } from '../src/process/built-in.js';
import { random } from '../src/rng/random.js';
import { sample } from '../src/sample.js';
import { planFor } from '../src/solver/plan-for.js';
import { Trainer } from '../src/train/trainer.js';
import { gpu } from './device.js';
import { latents, randomMixture } from './field/fixtures.js';
import { randomParameters } from './mlp/fixtures.js';
import { expectRefusal } from './refusal.js';
import { freshSeed } from './seed.js';
import { randomRun } from './train/fixtures.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));

describe('what was given may be written anew while a call goes on', () => {
  test('the states of a density', async () => {
    const states = latents(seed, 5, 2);
    const { logDensity: undisturbed } = await logDensity(gpu, field, { states });
    const running = logDensity(gpu, field, { states });
    states.fill(3);
    expect((await running).logDensity).toEqual(undisturbed);
  });

  test('the states and the ends of an integration', async () => {
    const request = { states: latents(seed, 5, 2), from: 0.01, to: 2, steps: { nfe: 40 } };
    const { states: undisturbed } = await integrate(gpu, field, request);
    const running = integrate(gpu, field, request);
    request.states.fill(3);
    Object.assign(request, { from: Number.NaN, to: 10 });
    expect((await running).states).toEqual(undisturbed);
  });

  test('the times to noise to', async () => {
    const times = [0.2, 0.5];
    const request = { process: parseProcess('flow'), data: [1, 2], dim: 2, times, seed };
    const undisturbed = await diffuse(gpu, request);
    const running = diffuse(gpu, request);
    times[0] = 42;
    expect(await running).toEqual(undisturbed);
  });

  test('a request with a plan', async () => {
    const request = { field, plan: planFor({ solver: 'euler', nfe: 3 }), batch: 4, trajectory: false };
    const running = sample(gpu, request);
    request.trajectory = true;
    expect((await running).trajectory).toBeUndefined();
  });

  test('the parameters of a network', async () => {
    const config = mlpConfig({ dim: 2, width: 32, layers: 2 });
    const parameters = randomParameters(config, random(seed));
    const request = { solver: 'euler', nfe: 3, batch: 4, seed };
    const { samples } = await sample(gpu, {
      field: mlpField({ config, parameters: parameters.slice() }),
      ...request,
    });
    const own = mlpField({ config, parameters });
    parameters.fill(0);
    expect((await sample(gpu, { field: own, ...request })).samples).toEqual(samples);
  });
});

test('numbers in another kind of array are numbers all the same', async () => {
  const { config, settings, data, state } = randomRun(seed);
  const batchOf = async (given: object) => {
    const trainer = await Trainer.create(gpu, { config, settings, state, data, ...given });
    trainer.submit(1);
    const { clean, labels } = await trainer.lastBatch();
    trainer.destroy();
    return { clean, labels };
  };
  const usual = await batchOf({});
  const [values, labels] = [Array.from(data.values), Array.from(data.labels!)];
  expect(
    await batchOf({ data: { values: Float64Array.from(values), labels: Uint8Array.from(labels) } }),
  ).toEqual(usual);
  expect(await batchOf({ data: { values, labels } })).toEqual(usual);
  const negative = Int32Array.from(labels).fill(-1, 7);
  await expectRefusal(
    () => batchOf({ data: { values, labels: negative } }),
    'bad-data',
    /label -1 in row 7/,
    /0 to 2/,
  );

  const network = mlpConfig({ dim: 2, width: 32, layers: 2 });
  const parameters = randomParameters(network, random(seed));
  for (const precision of ['f32', 'f16'] as const) {
    const drawn = async (given: Float32Array) => {
      const own = mlpField({ config: network, parameters: given }, { precision });
      return (await sample(gpu, { field: own, solver: 'euler', nfe: 3, batch: 4, seed })).samples;
    };
    const others = [Float64Array.from(parameters), Array.from(parameters)] as unknown as Float32Array[];
    for (const other of others) expect(await drawn(other)).toEqual(await drawn(parameters));
  }
});

test('a destroyed trainer refuses, and leaves the device to others', async () => {
  const trainer = await Trainer.create(gpu, randomRun(seed));
  trainer.destroy();
  await expectRefusal(() => trainer.submit(1), 'bad-argument', /was destroyed/, /another/);
  expect((await sample(gpu, { field, solver: 'euler', nfe: 2, batch: 3 })).samples).toHaveLength(6);
});

test.each(['predict', 'predictOnDevice'] as const)(
  "a model's %s that heeds its signal leaves the reason as it is",
  async (name) => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const heeding = ({ signal }: { signal?: AbortSignal }) => {
      setTimeout(() => stop.abort(reason), 5);
      return new Promise<never>((_, reject) =>
        signal!.addEventListener('abort', () => reject(signal!.reason)),
      );
    };
    const own = externalField(
      name === 'predict'
        ? { dim: 2, predict: (_states, _times, context) => heeding(context) }
        : { dim: 2, predictOnDevice: heeding },
    );
    const running = sample(gpu, { field: own, solver: 'euler', nfe: 3, batch: 2, signal: stop.signal });
    await expect(running).rejects.toBe(reason);
  },
);

test('a signal that is none, and progress that is told to nobody, are refused', async () => {
  const request = { field, solver: 'euler', nfe: 3 };
  const wrong = (more: object) => () => sample(gpu, { ...request, ...more });
  await expectRefusal(
    wrong({ signal: new AbortController() }),
    'bad-argument',
    /'signal' is an AbortController/,
    /its \.signal/,
  );
  await expectRefusal(wrong({ signal: {} }), 'bad-argument', /'signal' is an object/, /AbortSignal/);
  await expectRefusal(wrong({ onProgress: 5 }), 'bad-argument', /'onProgress' is 5/, /function/);
});
