import { expect, test } from 'vitest';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
import { endpointErrors } from '../src/metrics/endpoint-errors.js';
import { sample } from '../src/sample.js';
import { sampleReference } from '../src/sample-reference.js';
import { gpu } from './device.js';
import { randomMixture } from './field/fixtures.js';
import { expectRefusal } from './refusal.js';
import { freshSeed } from './seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 3, 5, 'per-component'));
const mean = (errors: Float64Array) => errors.reduce((sum, error) => sum + error, 0) / errors.length;

test('the bespoke solver without a predictor is better than plain ones on a field it never saw', async () => {
  const common = { field, batch: 256, seed: 3 };
  const exact = await sample(gpu, { ...common, solver: 'unipc-3', nfe: 128 });
  const errorOf = async (solver: string, afs?: boolean) => {
    const { samples, evaluations } = await sample(gpu, { ...common, solver, nfe: 5, afs });
    expect(evaluations).toBe(5);
    return mean(endpointErrors(samples, exact.samples, 3));
  };
  const universal = await errorOf('bespoke');
  for (const plain of ['ipndm-3', 'dpmpp-2m', 'euler']) {
    expect(universal).toBeLessThan(await errorOf(plain));
    expect(universal).toBeLessThan(await errorOf(plain, true));
  }
  const reference = await sampleReference({ ...common, batch: 8, solver: 'bespoke', nfe: 5 });
  expect(reference.plan.solver).toBe('bespoke (universal)');
});

test(`it has room for its times wherever the data's own spread leaves some`, async () => {
  // As large as the range is far: in the usual units these times would end below sigma_min.
  const spec = randomMixture(seed, 2, 4, 'shared');
  const large = gaussianMixture({
    ...spec,
    means: spec.means.map((value) => 100 * value),
    stds: spec.stds.map((value) => 100 * value),
  });
  const asked = { field: large, solver: 'bespoke', nfe: 5, range: { sigmaMin: 0.5, sigmaMax: 8000 } };
  expect((await sample(gpu, { ...asked, batch: 4 })).evaluations).toBe(5);
  const narrow = { ...asked, field, range: { sigmaMin: 0.5, sigmaMax: 8000 } };
  await expectRefusal(() => sample(gpu, narrow), 'bad-grid', /do not lie within/);
});

test('it takes neither a grid nor AFS, and has no table for every NFE', async () => {
  const asked = (request: object) => () => sample(gpu, { field, solver: 'bespoke', nfe: 5, ...request });
  await expectRefusal(asked({ grid: 'logsnr' }), 'bad-argument', /own times and its own start/);
  await expectRefusal(asked({ afs: true }), 'bad-argument', /AFS is given/);
  await expectRefusal(asked({ nfe: 21 }), 'unreachable-nfe', /no universal bespoke solver of 21/);
  await expectRefusal(asked({ nfe: undefined }), 'bad-argument', /no NFE/);
});
