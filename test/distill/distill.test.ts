import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type DistillProgress, type DistillRequest, distill } from '../../src/distill/distill.js';
import { poolSeeds } from '../../src/distill/pool.js';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { loadArray } from '../../src/node/files.js';
import { loadPredictor, savePredictor } from '../../src/node/predictor.js';
import { decodePredictor, encodePredictor } from '../../src/predictor/predictor-file.js';
import { sample } from '../../src/sample.js';
import { flags, inProcess } from '../cli/command.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-distill-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const mixture = {
  weights: [1, 2],
  means: [
    [-0.7, 0.2],
    [0.6, 0],
  ],
  stds: [0.2, 0.1],
};
await writeFile(at('mixture.json'), JSON.stringify({ kind: 'gaussian-mixture', ...mixture }));
const field = gaussianMixture(mixture);

type Given = Omit<DistillRequest, 'field' | 'seed'>;
const few = { trajectories: 64, validation: 48, batch: 16, teacher: { nfe: 24 } } satisfies Partial<Given>;
const fewer = { ...few, candidates: 2, candidateIterations: 2 };

/** A request, and what it is on the command line. */
const cases: [name: string, request: Given, same: Parameters<typeof flags>[0]][] = [
  [
    'bespoke solvers',
    { ...fewer, solver: 'bespoke', nfe: [2, 3], iterations: 8, formulas: ['ipndm-2', 'dpmpp-2m'] },
    {
      ...{ solver: 'bespoke', nfe: '2,3', iterations: 8, formulas: 'ipndm-2,dpmpp-2m' },
      ...{ candidates: 2, 'candidate-iterations': 2 },
    },
  ],
  [
    'a bespoke solver with networks, on a budget and another range',
    {
      ...{ ...fewer, solver: 'bespoke-net', nfe: 3, formulas: ['ipndm-2'], starts: ['gaussian'] },
      ...{ budget: { amount: 12, unit: 'iterations' }, netIterations: 6, netBatch: 16 },
      range: { sigmaMax: 40, sigmaMin: 0.01 },
    },
    {
      ...{ solver: 'bespoke-net', nfe: 3, formulas: 'ipndm-2', starts: 'gaussian', budget: '12it' },
      ...{ candidates: 2, 'candidate-iterations': 2, 'net-iterations': 6 },
      ...{ 'sigma-max': 40, 'sigma-min': 0.01 },
    },
  ],
  [
    'tables of an AMED solver',
    { ...few, solver: 'amed-ipndm:order=2', nfe: [3, 5], iterations: 12, scaleTime: 0 },
    { solver: 'amed-ipndm:order=2', nfe: '3,5', iterations: 12, 'scale-time': 0 },
  ],
  [
    'times after an analytical first step, from listed ones',
    { ...few, solver: 'ipndm-2', nfe: 3, afs: true, grid: 'explicit:30,8,2,0.3,0.01', iterations: 12 },
    { solver: 'ipndm-2', nfe: 3, afs: true, grid: 'explicit:30,8,2,0.3,0.01', iterations: 12 },
  ],
];

const meanOf = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe.each(cases)('distilling %s', (name, request, same) => {
  const seed = freshSeed();

  it(
    'gives what samples as its scores say, is stored, and is what the command line makes',
    async () => {
      const told: DistillProgress[] = [];
      const asked = { ...request, field, seed, name: 'mixture.json' };
      const learned = await distill(gpu, { ...asked, onProgress: (progress) => told.push(progress) });
      const { predictor, runs, training } = learned;
      const nfes = [request.nfe].flat();
      expect(predictor.schedules.map(({ nfe }) => nfe)).toEqual(nfes);
      expect(runs.map(({ nfe }) => nfe)).toEqual(nfes);
      expect(learned.teacher.evaluations).toBe((64 + 48) * 24);
      expect(training).toMatchObject({
        field: 'mixture.json',
        seed,
        trajectories: 64,
        validation: 48,
        batch: 16,
      });

      const { times } = predictor.schedules[0];
      const range = { sigmaMax: times[0], sigmaMin: times[times.length - 1] };
      expect(range).toEqual({
        ...{ sigmaMax: 80, sigmaMin: 0.002 },
        ...request.range,
        ...(request.grid && { sigmaMax: 30, sigmaMin: 0.01 }),
      });
      const latents = { batch: 48, seed: poolSeeds(seed).validation };
      const teacher = { solver: 'unipc-3', nfe: 24, grid: 'logsnr', range };
      const ends = await sample(gpu, { field, ...latents, ...teacher });
      for (const { nfe, base, start, best } of runs) {
        const made = await sample(gpu, { field, ...latents, predictor: learned, nfe });
        expect(made).toMatchObject({ evaluations: nfe });
        expect(made.doubt).toBeUndefined();
        const error = meanOf(endpointErrors(made.samples, ends.samples, 2));
        expect(error / best.mean).toBeCloseTo(1, 2);
        expect(best.score).toBeLessThanOrEqual(Math.min(start.score, base.score));
      }

      const file = at(`${name}.safetensors`);
      await savePredictor(file, learned);
      const loaded = await loadPredictor(file);
      expect(loaded.predictor).toEqual(decodePredictor(encodePredictor(learned), name).predictor);
      expect(loaded).toMatchObject({ training });
      const [nfe] = nfes;
      const again = await sample(gpu, { field, ...latents, predictor: loaded, nfe });
      const first = await sample(gpu, { field, ...latents, predictor: learned, nfe });
      expect(again.samples).toEqual(first.samples);
      const from = { field: at('mixture.json'), batch: 48, seed: latents.seed, out: at('x.npy') };
      const sampled = await inProcess(['sample', ...flags({ ...from, predictor: file, nfe })]);
      expect(sampled, sampled.stderr).toMatchObject({ status: 0 });
      expect(sampled.stderr).not.toMatch(/distilled on/);
      expect(Float32Array.from((await loadArray(at('x.npy'))).values)).toEqual(first.samples);

      expect(told.at(0)).toMatchObject({ stage: 'teacher', of: 112 });
      const stages = told.filter(({ nfe: of }) => of === nfe).map(({ stage }) => stage);
      expect(stages[0]).toBe('search');
      expect(stages).toContain('training');
      for (const { done, of } of told) expect(done).toBeLessThanOrEqual(of);
      const [last] = told.filter(({ stage }) => stage === 'training').slice(-1);
      expect(last.done).toBe(last.of);

      const out = at('same.safetensors');
      const settings = { trajectories: 64, validation: 48, batch: 16, 'teacher-nfe': 24, seed };
      const distilled = await inProcess([
        'distill',
        ...flags({ field: at('mixture.json'), ...settings, ...same, out }),
      ]);
      expect(distilled, distilled.stderr).toMatchObject({ status: 0 });
      const theirs = await loadPredictor(out);
      expect(theirs.predictor).toEqual(loaded.predictor);
      expect(theirs.field).toEqual(loaded.field);
      const untimed = ({ training: info }: typeof loaded) =>
        JSON.stringify(info, (key, value) => (key === 'seconds' || key === 'field' ? undefined : value));
      expect(untimed(theirs)).toBe(untimed(loaded));
    },
    SLOW,
  );
});

const asked = (request: Partial<DistillRequest>) => () =>
  distill(gpu, { field: outOfReach, solver: 'bespoke', nfe: 3, ...request });
/** Nothing may run before a refusal. */
const outOfReach = {
  ...field,
  prepare: () => {
    throw new Error('it ran');
  },
};

describe('a distillation that cannot be', () => {
  it.each<Refusal>([
    ['no such solver', asked({ solver: 'ipndm-9' }), 'unknown-name', /ipndm-9/, /did you mean/],
    ['a sampler of the SDE', asked({ solver: 'ancestral' }), 'bad-argument', /draws noise/, /unipc-2/],
    ['no NFE', asked({ nfe: [] }), 'bad-argument', /the NFE are none/, /one or more/],
    ['an NFE twice', asked({ nfe: [3, 3] }), 'bad-argument', /3, 3/, /each of them once/],
    ['an NFE beyond', asked({ nfe: 500 }), 'unreachable-nfe', /500/, /such a number/],
    [
      'odd and even NFE',
      asked({ solver: 'amed', nfe: [3, 4] }),
      'unreachable-nfe',
      /3 evaluations with an analytical first step/,
      /two files/,
    ],
    ['r', asked({ solver: 'amed:r=0.4', nfe: 4 }), 'bad-argument', /r is what is learned/, /leave it out/],
    ['AFS of bespoke', asked({ afs: true }), 'bad-argument', /afs does not apply/, /learns all of itself/],
    ['networks of a table', asked({ netIterations: 5 }), 'bad-argument', /netIterations/, /bespoke-net/],
    [
      'a budget of times',
      asked({ solver: 'euler', budget: { amount: 1, unit: 'seconds' } }),
      'bad-argument',
      /budget/,
      /distil bespoke/,
    ],
    [
      'a direction of times',
      asked({ solver: 'euler', scaleDirection: 0.1 }),
      'bad-argument',
      /scaleDirection/,
      /AMED/,
    ],
    [
      'nothing to learn',
      asked({ solver: 'euler', nfe: 1, scaleTime: 0 }),
      'bad-argument',
      /nothing to learn/,
      /more evaluations/,
    ],
    ['no formula', asked({ formulas: [] }), 'bad-argument', /no formula/, /leave formulas out/],
    ['a foreign formula', asked({ formulas: ['ipndm-9'] }), 'bad-argument', /'ipndm-9'/, /take one of/],
    ['no candidate', asked({ candidates: 0 }), 'bad-argument', /candidates is 0/, /from 1 on/],
    [
      'two budgets',
      asked({ iterations: 5, budget: { amount: 5, unit: 'iterations' } }),
      'bad-argument',
      /both a budget/,
      /one of them/,
    ],
    [
      'an empty budget',
      asked({ budget: { amount: 5, unit: 'trajectories' } }),
      'bad-argument',
      /no iteration of 32/,
      /give more/,
    ],
    [
      'too few trajectories',
      asked({ trajectories: 8 }),
      'bad-argument',
      /do not fill one batch of 32/,
      /more traj/,
    ],
    [
      'too few for networks',
      asked({ solver: 'bespoke-net', trajectories: 64 }),
      'bad-argument',
      /batch of 128/,
      /more traj/,
    ],
    ['a poor teacher', asked({ teacher: { nfe: 3 } }), 'bad-argument', /teacher makes 3/, /larger NFE/],
    [
      'a teacher of the SDE',
      asked({ teacher: { solver: 'ancestral' } }),
      'bad-argument',
      /draws noise/,
      /of the ODE/,
    ],
    [
      'another range than that of the times',
      asked({ solver: 'euler', nfe: 2, grid: 'explicit:40,2,0.1', range: { sigmaMax: 80 } }),
      'bad-argument',
      /from sigma 40 to 0.1/,
      /leave the range out/,
    ],
    ['an impossible range', asked({ range: { sigmaMin: 90 } }), 'bad-grid', /span no range/, /sigma_min/],
    [
      'noise levels that the field does not know',
      () =>
        distill(gpu, {
          field: { ...outOfReach, sigmaRange: { sigmaMin: 0.01, sigmaMax: 80 } },
          range: { sigmaMin: 0.002 },
          solver: 'euler',
          nfe: 3,
        }),
      'bad-argument',
      /sigma 0\.002 is asked for/,
      /sigma_min 0.01/,
    ],
    [
      'networks without a gradient',
      () => distill(gpu, { field: { ...field, prepareGradient: undefined }, solver: 'bespoke-net', nfe: 3 }),
      'bad-field',
      /has no gradient/,
      /./,
    ],
  ])('is refused before anything runs: %s', async (...refusal) => {
    await expectRefused(refusal);
  });

  it('stops where it is told to', async () => {
    const stop = new AbortController();
    const running = distill(gpu, {
      ...{ ...few, field, solver: 'euler', nfe: 3, signal: stop.signal },
      onProgress: ({ stage }) => stage === 'training' && stop.abort(new Error('enough')),
    });
    await expect(running).rejects.toThrow('enough');
  });
});

it('keeps the kind of field as its name', async () => {
  const learned = await distill(gpu, {
    ...few,
    field,
    solver: 'euler',
    nfe: 2,
    iterations: 4,
    seed: freshSeed(),
  });
  expect(learned.training.field).toBe(field.kind);
  expect(learned.field).toEqual(await fingerprintOf(field, gpu));
});
