import { describe, expect, test } from 'vitest';
import { nearestName } from '../src/errors.js';
import {
  amedSolvers,
  analyze,
  applyScaling,
  assessGenerator,
  BESPOKE,
  customField,
  decodeModel,
  decodeTable,
  diffuse,
  diffuseReference,
  distillBespoke,
  distillBespokeNet,
  distillTable,
  distillTimes,
  externalField,
  fingerprintOf,
  fokkerPlanckResidual,
  Gpu,
  gaussianMixture,
  gitsGrid,
  initialParameters,
  integrate,
  integrateReference,
  logDensity,
  logDensityReference,
  mlpConfig,
  mlpField,
  parsePrediction,
  parseProcess,
  planFor,
  ROBUST,
  requestDevice,
  runTeacher,
  type SampleRequest,
  SidRun,
  SidTrainer,
  sample,
  sampleReference,
  searchGits,
  sidSettings,
  solve,
  solveMemory,
  solverByName,
  Trainer,
  trainingSettings,
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
const states = [0.5, -0.5];
const path = { states, from: 0.1, to: 1, steps: { nfe: 4 } };
const noising = { process: parseProcess('ve'), data: states, dim: 2, times: [1] };
const config = mlpConfig({ dim: 2 });
const training = { config, settings: trainingSettings(), data: { values: Float32Array.from(states) } };
const generating = { config, settings: sidSettings(), teacher: initialParameters(config, 0) };
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
  [
    'integrate',
    () => integrate(gpu, field, { ...path, chunks: 1 } as Wrong),
    'bad-argument',
    /integrate's request: .*'chunks'/,
    /'chunk'/,
  ],
  [
    'integrateReference',
    () => integrateReference(field, { ...path, signal: undefined, onProgres: 1 } as Wrong),
    'bad-argument',
    /integrateReference's request: .*'onProgres'/,
    /states, from, to, steps, divergence/,
  ],
  [
    'steps',
    () => integrateReference(field, { ...path, steps: { rtol: 1e-3, atoll: 1e-3 } } as Wrong),
    'bad-argument',
    /the steps: .*'atoll'/,
    /'atol'/,
  ],
  [
    'a divergence',
    () =>
      integrateReference(field, { ...path, divergence: { kind: 'hutchinson', probe: 2, seed: 0 } } as Wrong),
    'bad-argument',
    /the divergence: .*'probe'/,
    /'probes'/,
  ],
  [
    'logDensity',
    () => logDensity(gpu, field, { states, diverence: { kind: 'exact' } } as Wrong),
    'bad-argument',
    /logDensity's options: .*'diverence'/,
    /'divergence'/,
  ],
  [
    'logDensityReference',
    () => logDensityReference(field, { states, priors: 'gaussian' } as Wrong),
    'bad-argument',
    /'priors'/,
    /'prior'/,
  ],
  [
    'fokkerPlanckResidual',
    () => fokkerPlanckResidual(field, { data: states, sigma: [1] } as Wrong),
    'bad-argument',
    /'sigma'/,
    /'sigmas'/,
  ],
  ['analyze', () => analyze(gpu, { field, step: [4] } as Wrong), 'bad-argument', /'step'/, /'steps'/],
  ['diffuse', () => diffuse(gpu, { ...noising, sead: 1 } as Wrong), 'bad-argument', /'sead'/, /'seed'/],
  [
    'diffuseReference',
    () => diffuseReference({ ...noising, time: [1] } as Wrong),
    'bad-argument',
    /'time'/,
    /'times'/,
  ],
  ['gitsGrid', () => gitsGrid({} as Wrong, { asf: true } as Wrong), 'bad-argument', /'asf'/, /'afs'/],
  [
    'trainingSettings',
    () => trainingSettings({ warmUp: 10 } as Wrong),
    'bad-argument',
    /training's settings: .*'warmUp'/,
    /'warmup'/,
  ],
  ['sidSettings', () => sidSettings({ half_life: 1 } as Wrong), 'bad-argument', /'half_life'/, /'halfLife'/],
  ['mlpConfig', () => mlpConfig({ dim: 2, widht: 64 } as Wrong), 'bad-argument', /'widht'/, /'width'/],
  [
    'its embedding',
    () => mlpConfig({ dim: 2, embedding: { sise: 8 } } as Wrong),
    'bad-argument',
    /embedding: .*'sise'/,
    /'size'/,
  ],
  [
    'Trainer.create',
    () => Trainer.create(gpu, { ...training, heldout: training.data } as Wrong),
    'bad-argument',
    /Trainer's options: .*'heldout'/,
    /'heldOut'/,
  ],
  [
    'SidTrainer.create',
    () => SidTrainer.create(gpu, { ...generating, states: 1 } as Wrong),
    'bad-argument',
    /SidTrainer's options: .*'states'/,
    /'state'/,
  ],
  [
    'SidRun.create',
    () => SidRun.create(gpu, { teacher: {}, settings: sidSettings(), measureEvery: 10, sample: 64 } as Wrong),
    'bad-argument',
    /SidRun's options: .*'sample'/,
    /'samples'/,
  ],
  [
    'assessGenerator',
    () => assessGenerator(gpu, { generator: {}, teacher: generating.teacher, refernce: 64 } as Wrong),
    'bad-argument',
    /'refernce'/,
    /'reference'/,
  ],
];

test.each(UNKNOWN)('an unknown entry of %s is refused, with the nearest', (...refusal) =>
  expectRefused(refusal),
);

const WRONG: Refusal[] = [
  [
    'a tolerance of one kind',
    () => integrateReference(field, { ...path, steps: { rtol: 1e-3 } } as Wrong),
    'bad-argument',
    /the steps: 'atol' is missing/,
    /rtol, atol/,
  ],
  [
    'steps that are a number',
    () => logDensityReference(field, { states, steps: 20 } as Wrong),
    'bad-argument',
    /the steps are 20/,
    /\{ nfe: 100 \}/,
  ],
  [
    'a divergence that is a name',
    () => integrate(gpu, field, { ...path, divergence: 'exact' } as Wrong),
    'bad-argument',
    /divergence is 'exact'/,
    /\{ kind: 'exact' \}/,
  ],
  [
    'a divergence that does not exist',
    () => integrate(gpu, field, { ...path, divergence: { kind: 'hutchinsen' } } as Wrong),
    'unknown-name',
    /'hutchinsen'/,
    /mean 'hutchinson'\?/,
  ],
  [
    'the name of a process',
    () => diffuse(gpu, { ...noising, process: 've' } as Wrong),
    'bad-argument',
    /diffuse has 've' for process, not a Process/,
    /parseProcess\('vp-linear'\)/,
  ],
  [
    'the field of an analysis',
    () => analyze(gpu, { field: mixture } as Wrong),
    'bad-argument',
    /description of a mixture/,
    /gaussianMixture\(/,
  ],
  ['settings that are a number', () => trainingSettings(3 as Wrong), 'bad-argument', /got 3/, /seed, loss/],
  [
    'a search by a device',
    () => searchGits(gpu.device as Wrong, field),
    'bad-argument',
    /not a Gpu/,
    /new Gpu/,
  ],
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
