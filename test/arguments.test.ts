import { describe, expect, test } from 'vitest';
import { nearestName } from '../src/errors.js';
import {
  amedSolvers,
  applyScaling,
  BESPOKE,
  customField,
  decodeModel,
  decodeTable,
  distillBespoke,
  distillBespokeNet,
  distillTable,
  distillTimes,
  externalField,
  fingerprintOf,
  Gpu,
  gaussianMixture,
  mlpField,
  parsePrediction,
  parseProcess,
  planFor,
  ROBUST,
  requestDevice,
  runTeacher,
  type SampleRequest,
  sample,
  sampleReference,
  solve,
  solveMemory,
  solverByName,
  undoScaling,
} from '../src/index.js';
import { gpu } from './device.js';
import { randomTable } from './predictor/file-fixtures.js';
import { expectRefused, type Refusal } from './refusal.js';

const mixture = {
  weights: [1, 2],
  means: [
    [-1, 0],
    [1, 0],
  ],
  stds: [0.1, 0.2],
};
const field = gaussianMixture(mixture);
const request = { field, solver: 'euler', nfe: 4, batch: 4 };
const plan = planFor({ solver: 'euler', nfe: 4 });
const latents = { batch: 4, seed: 0 };
const wgsl = 'fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> { return x; }';
const predict = (states: Float32Array) => states;
const pool = {
  dim: 2,
  latents: new Float32Array(2),
  states: [new Float32Array(2)],
  evaluations: 1,
  seconds: 0,
};
const pools = { training: pool, validation: pool };
const grids = [{ name: 'own', times: [80, 1, 0.002] }];
const student = { solver: solverByName('euler'), afs: false, grids };

// What TypeScript refuses, and JavaScript does not.
// biome-ignore lint/suspicious/noExplicitAny: these are the wrong types that are tried
type Wrong = any;
const sampling = (change: Wrong) => () => sample(gpu, { ...request, ...change } as SampleRequest);
const external = (change: Wrong) => () => externalField({ dim: 2, predict, ...change });
const bespoke =
  (change: Wrong, options: Wrong = {}) =>
  () =>
    distillBespoke(gpu, field, { ...BESPOKE, nfe: 3, ...change }, { ...pools, ...options });

const UNKNOWN: Refusal[] = [
  [
    'sample',
    sampling({ sead: 7 }),
    'bad-argument',
    /sample's request: unknown entry 'sead'/,
    /mean 'seed'\?/,
  ],
  [
    'a range',
    sampling({ range: { sigma_max: 10 } }),
    'bad-argument',
    /range: .*'sigma_max'/,
    /mean 'sigmaMax'/,
  ],
  [
    'sampleReference',
    () => sampleReference({ ...request, sead: 7 } as Wrong),
    'bad-argument',
    /sampleReference's request: unknown entry 'sead'/,
    /mean 'seed'\?/,
  ],
  [
    'planFor',
    () => planFor({ solver: 'euler', nfe: 4, asf: true } as Wrong),
    'bad-argument',
    /'asf'/,
    /'afs'/,
  ],
  [
    'solve',
    () => solve(gpu, field, plan, { latents, chunks: 4 } as Wrong),
    'bad-argument',
    /solve's options: unknown entry 'chunks'/,
    /'chunk'/,
  ],
  [
    'solveMemory',
    () => solveMemory(gpu, field, plan, { batch: 4, chunks: 4 } as Wrong),
    'bad-argument',
    /'chunks'/,
    /'chunk'/,
  ],
  [
    'latents',
    () => solve(gpu, field, plan, { latents: { batch: 4, sead: 1 } } as Wrong),
    'bad-argument',
    /'sead'/,
    /'seed'/,
  ],
  ['mlpField', () => mlpField({} as Wrong, { lable: 1 } as Wrong), 'bad-argument', /'lable'/, /'label'/],
  ['externalField', external({ modeltime: (t: number) => t }), 'bad-argument', /'modeltime'/, /'modelTime'/],
  [
    'customField',
    () => customField({ dim: 2, wgsl, denoize: () => {} } as Wrong),
    'bad-argument',
    /'denoize'/,
    /'denoise'/,
  ],
  ['a mixture', () => gaussianMixture({ ...mixture, std: 1 } as Wrong), 'bad-argument', /'std'/, /'stds'/],
  [
    'distillBespoke',
    bespoke({ candidate: 2 }),
    'bad-argument',
    /settings: unknown entry 'candidate'/,
    /'candidates'/,
  ],
  [
    'its options',
    bespoke({}, { formula: [] }),
    'bad-argument',
    /options: unknown entry 'formula'/,
    /'formulas'/,
  ],
  ['its budget', bespoke({ budget: { amounts: 1 } }), 'bad-argument', /the budget: .*'amounts'/, /'amount'/],
  [
    'distillBespokeNet',
    () => distillBespokeNet(gpu, field, {} as Wrong, { ...BESPOKE, sead: 1 } as Wrong, pools),
    'bad-argument',
    /'sead'/,
    /'seed'/,
  ],
  [
    'distillTable',
    () =>
      distillTable(gpu, field, { ...student, solver: amedSolvers[0] }, {
        settings: { ...ROBUST, batches: 1 },
        ...pools,
      } as Wrong),
    'bad-argument',
    /'batches'/,
    /'batch'/,
  ],
  [
    'distillTimes',
    () => distillTimes(gpu, field, student, { settings: { ...ROBUST, scale_time: 1 }, ...pools } as Wrong),
    'bad-argument',
    /'scale_time'/,
    /'scaleTime'/,
  ],
  [
    'runTeacher',
    () => runTeacher(gpu, field, plan, { count: 4, seed: 0, chunks: 1 } as Wrong),
    'bad-argument',
    /'chunks'/,
    /'chunk'/,
  ],
];

test.each(UNKNOWN)('an unknown entry of %s is refused, with the nearest', (...refusal) =>
  expectRefused(refusal),
);

const WRONG: Refusal[] = [
  [
    'no request',
    () => sample(gpu, undefined as Wrong),
    'bad-argument',
    /expected an object, got undefined/,
    /field/,
  ],
  ['no field', sampling({ field: undefined }), 'bad-argument', /'field' is missing/, /it needs: field/],
  ['a range that is a number', sampling({ range: 10 }), 'bad-argument', /the range is 10/, /sigmaMin: 0.002/],
  ['an executor', sampling({ executor: 'fast' }), 'unknown-name', /unknown executor 'fast'/, /fused/],
  [
    'an executor of solve',
    () => solve(gpu, field, plan, { latents, executor: 'fast' } as Wrong),
    'unknown-name',
    /'fast'/,
    /fused/,
  ],
  [
    'another batch than of the latents',
    sampling({ latents: [1, 2] }),
    'bad-argument',
    /batch is 4, .* 1 traj/,
    /leave/,
  ],
  ['a batch in a text', sampling({ batch: '10' }), 'bad-argument', /the batch is '10'/, /whole number/],
  [
    'a huge batch',
    sampling({ batch: 1e12 }),
    'out-of-memory',
    /1000000000000 trajectories with 2/,
    /smaller batch/,
  ],
  [
    'a huge batch on the host',
    () => sampleReference({ ...request, batch: 1e12 }),
    'out-of-memory',
    /1000000000000 trajectories/,
    /smaller batch/,
  ],
  [
    'a grid that is a list',
    sampling({ grid: [80, 10, 1, 0.1, 0.002] }),
    'bad-argument',
    /grid is an array/,
    /'explicit:80,10,1,0.1,0.002'/,
  ],
  [
    'a grid of another library',
    sampling({ grid: 'karras' }),
    'unknown-name',
    /'karras'/,
    /mean 'polynomial'\?/,
  ],
  [
    'a solver that is no name',
    sampling({ solver: solverByName('euler') }),
    'bad-argument',
    /an object, not a text/,
    /'euler'/,
  ],
  [
    'all that a predictor file holds',
    sampling({ solver: undefined, predictor: { predictor: randomTable('amed', false, [4], 1) } }),
    'bad-argument',
    /all of what its file holds/,
    /entry predictor/,
  ],
  [
    'a promise of a predictor',
    sampling({ solver: undefined, predictor: Promise.resolve() }),
    'bad-argument',
    /a promise/,
    /await/,
  ],
  [
    'a plan that is a name',
    sampling({ solver: undefined, nfe: undefined, plan: 'euler' }),
    'bad-argument',
    /'euler', not a Plan/,
    /planFor/,
  ],
  [
    'a promise of a field',
    sampling({ field: Promise.resolve(field) }),
    'bad-argument',
    /field is a promise/,
    /await it/,
  ],
  [
    'the numbers of a mixture',
    sampling({ field: mixture }),
    'bad-argument',
    /description of a mixture/,
    /gaussianMixture\(/,
  ],
  [
    'a model for a field',
    sampling({ field: { config: {} } }),
    'bad-argument',
    /a model, not a Field/,
    /mlpField\(model\)/,
  ],
  [
    'a device',
    () => sample(gpu.device as Wrong, request),
    'bad-argument',
    /a GPUDevice, not a Gpu/,
    /new Gpu\(device\)/,
  ],
  ['no Gpu', () => sample(undefined as Wrong, request), 'bad-argument', /GPU is undefined/, /openDevice/],
  [
    'latents that are a list',
    () => solve(gpu, field, plan, { latents: [1, 2] } as Wrong),
    'bad-argument',
    /are an array/,
    /\{ values/,
  ],
  [
    'a Gpu of nothing',
    () => new (Gpu as Wrong)(),
    'bad-argument',
    /needs a GPUDevice, and got undefined/,
    /openDevice/,
  ],
  [
    'a Gpu of what openDevice gives',
    () => new Gpu({ device: gpu.device } as Wrong),
    'bad-argument',
    /an object that has one/,
    /\{ device, adapter \}/,
  ],
  [
    'a swapped field',
    () => fingerprintOf(gpu as Wrong, field as Wrong),
    'bad-argument',
    /field is a Gpu/,
    /order/,
  ],
  [
    'a fingerprint by a device',
    () => fingerprintOf(field, gpu.device as Wrong),
    'bad-argument',
    /not a Gpu/,
    /new Gpu/,
  ],
  ['no adapter', () => requestDevice(null), 'no-adapter', /found none/, /browser with WebGPU/],
  [
    'a promise of an adapter',
    () => requestDevice(Promise.resolve(null) as Wrong),
    'bad-argument',
    /a promise/,
    /await it/,
  ],
  [
    'a mixture without stds',
    () => gaussianMixture({ weights: [1], means: [[0]] } as Wrong),
    'bad-argument',
    /'stds' is missing/,
    /weights, means, stds/,
  ],
  [
    'means of numbers',
    () => gaussianMixture({ ...mixture, means: [0, 1] } as Wrong),
    'bad-field',
    /means\[0\] is 0/,
    /list of D/,
  ],
  ['another prediction', external({ prediction: 'epsilon' }), 'unknown-name', /'epsilon'/, /mean 'eps'\?/],
  ['another process', external({ process: 'vp' }), 'unknown-name', /'vp'/, /mean 'vp-linear'\?/],
  [
    'a definition for a process',
    external({ process: { alphaBar: () => 1 } }),
    'bad-argument',
    /an object for process/,
    /defineProcess/,
  ],
  ['no float64 form', external({ denoise: 1 }), 'bad-field', /1 for denoise/, /function of x/],
  [
    'WGSL that is no text',
    () => customField({ dim: 2, wgsl: 7 } as Wrong),
    'bad-argument',
    /WGSL .* is 7, not a text/,
    /fn denoise/,
  ],
  ['a promise of a model', () => mlpField(Promise.resolve() as Wrong), 'bad-argument', /a promise/, /await/],
  [
    'bytes that are none',
    () => decodeModel('digits' as Wrong, 'x'),
    'bad-argument',
    /'digits', not its bytes/,
    /arrayBuffer\(\)/,
  ],
  [
    'a table in bytes',
    () => decodeTable(new Uint8Array(2) as Wrong, 'x'),
    'bad-argument',
    /a Uint8Array, not a text/,
    /JSON/,
  ],
  ['negative iterations', bespoke({ iterations: -1 }), 'bad-argument', /iterations is -1/, /from 0/],
  ['no candidates', bespoke({ candidates: 0 }), 'bad-argument', /candidates is 0/, /from 1/],
  ['a unit of a budget', bespoke({ budget: { amount: 1, unit: 's' } }), 'unknown-name', /'s'/, /seconds/],
  [
    'an empty budget',
    bespoke({ budget: { amount: 0, unit: 'seconds' } }),
    'bad-argument',
    /budget is 0 seconds/,
    /above 0/,
  ],
  [
    'a promise of trajectories',
    bespoke({}, { training: Promise.resolve(pool) }),
    'bad-argument',
    /training .* a promise/,
    /await/,
  ],
  [
    'negative iterations of times',
    () => distillTimes(gpu, field, student, { settings: { ...ROBUST, iterations: -1 }, ...pools }),
    'bad-argument',
    /iterations is -1/,
    /from 0/,
  ],
  [
    'a student with the name of a solver',
    () =>
      distillTimes(gpu, field, { ...student, solver: 'unipc-2' } as Wrong, { settings: ROBUST, ...pools }),
    'bad-argument',
    /solver is 'unipc-2'/,
    /solverByName/,
  ],
  [
    'a student without grids',
    () => distillTimes(gpu, field, { ...student, grids: [] }, { settings: ROBUST, ...pools }),
    'bad-argument',
    /grids are an array/,
    /one or more/,
  ],
];

test.each(WRONG)('%s is refused with what to write', (...refusal) => expectRefused(refusal));

test('what is undefined is left out', async () => {
  const { samples } = await sample(gpu, { ...request, chunk: undefined, other: undefined } as SampleRequest);
  expect(samples).toHaveLength(8);
  expect((await sample(gpu, { ...request, batch: 1, latents: [1, 2] })).samples).toHaveLength(2);
});

test('a process may be given by its name', async () => {
  const named = externalField({ dim: 2, predict, process: 'vp-linear' });
  expect(named.sigmaRange).toEqual(
    externalField({ dim: 2, predict, process: parseProcess('vp-linear') }).sigmaRange,
  );
  expect(parsePrediction('eps')).toBe('eps');
});

test('latents go to units of the field and back', () => {
  const scaling = { offset: 8, scale: 8 };
  const values = Float32Array.of(0, 8, 16);
  expect(applyScaling(scaling, values)).toEqual(Float32Array.of(-1, 0, 1));
  expect(undoScaling(scaling, applyScaling(scaling, values))).toEqual(values);
});

describe('the nearest name', () => {
  test('is the first that goes on after what is given', () => {
    expect(nearestName('vp', ['ve', 'vp-linear', 'vp-exp'])).toBe('vp-linear');
  });
  test('has something in common with it', () => {
    expect(nearestName('1', ['a', 'b'])).toBeUndefined();
    expect(nearestName('12', ['a', 'cd'])).toBeUndefined();
    expect(nearestName('ve', ['vp'])).toBe('vp');
  });
});
