import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { FEW_FORMULAS } from '../../src/distill/bespoke/bespoke-search.js';
import { type DistillProgress, type DistillRequest, distill } from '../../src/distill/distill.js';
import type { BespokesRequest } from '../../src/distill/learned.js';
import { poolSeeds } from '../../src/distill/pool.js';
import { jobOf } from '../../src/distill/request/job.js';
import type { FewstepError } from '../../src/errors.js';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { loadArray } from '../../src/node/files.js';
import { loadPredictor, savePredictor } from '../../src/node/predictor.js';
import type { BespokeSchedule } from '../../src/predictor/bespoke-predictor.js';
import type { Predictor } from '../../src/predictor/predictor.js';
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
    'times on a budget',
    { ...few, solver: 'dpmpp-2m', nfe: [3, 4], budget: { amount: 20_000, unit: 'evaluations' } },
    { solver: 'dpmpp-2m', nfe: '3,4', budget: '20000evals' },
  ],
  [
    'times after an analytical first step, from listed ones',
    { ...few, solver: 'ipndm-2', nfe: 3, afs: true, grid: 'explicit:30,8,2,0.3,0.01', iterations: 12 },
    { solver: 'ipndm-2', nfe: 3, afs: true, grid: 'explicit:30,8,2,0.3,0.01', iterations: 12 },
  ],
  [
    'a network that corrects a table',
    { ...few, solver: 'amed', nfe: 4, kind: 'network', reads: 'times', iterations: 25 },
    { solver: 'amed', nfe: 4, kind: 'network', reads: 'times', iterations: 25 },
  ],
  [
    'one network for several NFE',
    { ...few, solver: 'amed-ipndm:order=2', nfe: [3, 5], kind: 'network', grid: 'logsnr', iterations: 25 },
    { solver: 'amed-ipndm:order=2', nfe: '3,5', kind: 'network', grid: 'logsnr', iterations: 25 },
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
        ...(request.solver === 'ipndm-2' && { sigmaMax: 30, sigmaMin: 0.01 }),
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
        // One network for several is chosen by all of them together.
        if (nfes.length === 1 || request.kind !== 'network')
          expect(best.score).toBeLessThanOrEqual(Math.min(start.score, base.score));
      }
      const total = (of: 'start' | 'best') => meanOf(runs.map((run) => run[of].score));
      expect(total('best')).toBeLessThanOrEqual(total('start'));

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
      const joint = request.kind === 'network' && nfes.length > 1;
      const stages = told
        .filter(({ stage, nfe: of }) => stage !== 'teacher' && of === (joint ? undefined : nfe))
        .map(({ stage }) => stage);
      expect(stages[0]).toBe('search');
      const learning = request.kind === 'network' ? 'networks' : 'training';
      expect(stages).toContain(learning);
      if (request.kind === 'network') expect(stages.includes('training')).toBe(!joint); // of the table
      for (const { done, of } of told) expect(done).toBeLessThanOrEqual(of);
      const [last] = told.filter(({ stage }) => stage === learning).slice(-1);
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

test(
  'the published recipe learns from a teacher of its own, and is what the command line makes',
  async () => {
    const seed = freshSeed();
    const own = { solver: 'amed-ipndm:order=2', nfe: 5, recipe: 'published', seed } as const;
    const told: DistillProgress[] = [];
    const learned = await distill(gpu, {
      ...{ ...own, field, trajectories: 64, validation: 48, batch: 16, teacher: { substeps: 3 } },
      onProgress: (progress) => told.push(progress),
    });
    const { predictor, training, runs } = learned;
    expect(predictor).toMatchObject({ kind: 'network', config: { reads: 'times', scaleTime: 0.2 } });
    expect(predictor.schedules[0].grid).toBe('polynomial:7');
    // Each trajectory once; with AFS three steps make five evaluations, each of four of the teacher.
    expect(training).toMatchObject({ recipe: 'published', iterations: 4, teacher: { nfe: 100 } });
    expect(learned.teacher.evaluations).toBe((64 + 48) * 100 + 64 * 3 * 4);
    expect(told.at(0)).toMatchObject({ stage: 'teacher', of: 64 + 48 + 64 });
    expect(told.filter(({ stage }) => stage === 'teacher').at(-1)).toMatchObject({ done: 64 + 48 + 64 });

    const latents = { batch: 48, seed: poolSeeds(seed).validation };
    const ends = await sample(gpu, { field, ...latents, solver: 'unipc-3', nfe: 100, grid: 'logsnr' });
    const { samples } = await sample(gpu, { field, ...latents, predictor: learned, nfe: 5 });
    expect(meanOf(endpointErrors(samples, ends.samples, 2)) / runs[0].best.mean).toBeCloseTo(1, 2);

    const out = at('published.safetensors');
    const settings = { trajectories: 64, validation: 48, batch: 16, 'teacher-substeps': 3 };
    const same = await inProcess([
      'distill',
      ...flags({ field: at('mixture.json'), ...own, ...settings, out }),
    ]);
    expect(same, same.stderr).toMatchObject({ status: 0 });
    const { predictor: theirs } = decodePredictor(encodePredictor(learned), 'published');
    expect((await loadPredictor(out)).predictor).toEqual(theirs);
  },
  SLOW,
);

test(
  'a bespoke solver begins with another where that is better',
  async () => {
    const more = { trajectories: 512, validation: 256 };
    // Of one seed, so that both have the same figures of the data: those of 512 others would bring it out of place.
    const chosen = { formulas: ['ipndm-2'], seed: freshSeed() } as const;
    const settings = { ...fewer, ...more, field, solver: 'bespoke', nfe: 3, ...chosen } as const;
    const first = await distill(gpu, { ...settings, iterations: 100 });
    const rest = { ...settings, iterations: 0, candidateIterations: 0 };
    const again = await distill(gpu, { ...rest, from: first });
    expect(again.predictor.schedules[0].grid).toMatch(/learned elsewhere$/);
    const { numbers } = again.predictor.schedules[0] as BespokeSchedule;
    const { numbers: given } = first.predictor.schedules[0] as BespokeSchedule;
    for (const [i, number] of numbers.entries()) expect(number).toBeCloseTo(given[i], 9);
    const without = await distill(gpu, rest);
    expect(again.runs[0].best.score).toBeLessThan(without.runs[0].best.score);
  },
  SLOW,
);

const asked = (request: Partial<DistillRequest>) => () =>
  distill(gpu, { field: outOfReach, solver: 'bespoke', nfe: 3, ...request });
/** Nothing may run before a refusal. */
function refusalOf(act: () => unknown): FewstepError {
  try {
    act();
  } catch (error) {
    return error as FewstepError;
  }
  throw new Error('it was not refused');
}

const outOfReach = {
  ...field,
  prepare: () => {
    throw new Error('it ran');
  },
};

const times: Predictor = {
  ...{ kind: 'times', solver: 'euler', afs: false },
  schedules: [{ nfe: 3, grid: 'logsnr', times: [80, 5, 1, 0.002], told: [1, 1, 1] }],
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
    ['AFS of bespoke', asked({ afs: true }), 'bad-argument', /afs does not apply/, /starts afs/],
    ['networks of a table', asked({ netIterations: 5 }), 'bad-argument', /netIterations/, /bespoke-net/],
    [
      'a budget of a network',
      asked({ solver: 'amed', kind: 'network', budget: { amount: 1, unit: 'seconds' } }),
      'bad-argument',
      /budget does not apply to a network/,
      /iterations, or take kind table/,
    ],
    [
      'a budget of times that buys nothing',
      asked({ solver: 'euler', budget: { amount: 500, unit: 'evaluations' } }),
      'unreachable-budget',
      /500 evaluations is too small at NFE 3/,
      /give \d+ or more/,
    ],
    [
      'candidates of times',
      asked({ solver: 'euler', candidates: 3 }),
      'bad-argument',
      /candidates does not apply to euler/,
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
    [
      'no such recipe',
      asked({ solver: 'amed', recipe: 'best' as never }),
      'unknown-name',
      /'best'/,
      /robust/,
    ],
    ['no such kind', asked({ solver: 'amed', kind: 'tree' as never }), 'unknown-name', /'tree'/, /network/],
    [
      'a network that reads nothing there is',
      asked({ solver: 'amed', kind: 'network', reads: 'all' as never, nfe: 4 }),
      'unknown-name',
      /'all'/,
      /state/,
    ],
    [
      'a table that reads',
      asked({ solver: 'amed', reads: 'state' }),
      'bad-argument',
      /reads/,
      /kind network/,
    ],
    ['a kind of times', asked({ solver: 'euler', kind: 'table' }), 'bad-argument', /kind/, /list of times/],
    ['a kind of bespoke', asked({ kind: 'network' }), 'bad-argument', /kind does not/, /bespoke-net/],
    [
      'a published network of several NFE',
      asked({ solver: 'amed', recipe: 'published', nfe: [3, 5] }),
      'bad-argument',
      /one NFE/,
      /one nfe/,
    ],
    [
      'a published table',
      asked({ solver: 'amed', recipe: 'published', kind: 'table' }),
      'bad-argument',
      /networks, not tables/,
      /leave out kind/,
    ],
    [
      'evaluations of the published teacher',
      asked({ solver: 'amed', recipe: 'published', teacher: { nfe: 60 } }),
      'bad-argument',
      /teacher\.nfe does not apply to the published recipe/,
      /teacher\.substeps/,
    ],
    [
      'half a substep',
      asked({ solver: 'amed', recipe: 'published', teacher: { substeps: 0.5 } }),
      'bad-argument',
      /substeps is 0\.5/,
      /from 1 to 64/,
    ],
    [
      'a published teacher that draws noise',
      asked({ solver: 'amed', recipe: 'published', teacher: { solver: 'ancestral' } }),
      'bad-argument',
      /draws noise/,
      /of the ODE/,
    ],
    [
      'a misspelt entry of the teacher',
      asked({ teacher: { nef: 60 } as never }),
      'bad-argument',
      /unknown entry 'nef'/,
      /did you mean 'nfe'/,
    ],
    [
      'a unit that is none',
      asked({ budget: { amount: 5, unit: 'hours' as never } }),
      'unknown-name',
      /'hours'/,
      /seconds/,
    ],
    [
      'a start that learned something else',
      asked({ from: { predictor: times, name: 'times.safetensors' } }),
      'bad-argument',
      /from times\.safetensors: it holds euler/,
      /bespoke/,
    ],
    [
      'networks of AMED without a gradient',
      () =>
        distill(gpu, {
          field: { ...field, prepareGradient: undefined },
          solver: 'amed',
          nfe: 4,
          kind: 'network',
        }),
      'bad-field',
      /has no gradient/,
      /./,
    ],
    [
      'a start that is no stored predictor',
      asked({ from: times as never }),
      'bad-argument',
      /the predictor is undefined, not a Predictor/,
      /entry predictor/,
    ],
    [
      'hidden features that there are none of',
      asked({ solver: 'amed', kind: 'network', reads: 'hidden', nfe: 4 }),
      'bad-field',
      /hidden features, and a gaussian-mixture field has none/,
      /reads state/,
    ],
    [
      'a name that is no text',
      asked({ name: 5 as never }),
      'bad-argument',
      /field's name is 5, not a text/,
      /called/,
    ],
    ['no budget', asked({ budget: null as never }), 'bad-argument', /the budget/, /amount, unit/],
    [
      'an amount that is no number',
      asked({ budget: { amount: '200k' as never, unit: 'evaluations' } }),
      'bad-argument',
      /budget is '200k' evaluations/,
      /above 0/,
    ],
    [
      "a teacher's NFE that is no number",
      asked({ teacher: { nfe: 'x' as never }, budget: { amount: 1e5, unit: 'evaluations' } }),
      'bad-argument',
      /teacher's nfe is x/,
      /whole number/,
    ],
    ['an NFE that is none', asked({ nfe: null as never }), 'bad-argument', /NFE is null/, /whole numbers/],
    ['half an NFE', asked({ solver: 'euler', nfe: 2.5 }), 'bad-argument', /NFE is 2\.5/, /whole numbers/],
    ['a grid that is none', asked({ solver: 'euler', grid: {} as never }), 'bad-argument', /grid is/, /name/],
    [
      'a misspelt range',
      asked({ range: { sigmamax: 40 } as never }),
      'bad-argument',
      /'sigmamax'/,
      /sigmaMax/,
    ],
    ['no range', asked({ range: null as never }), 'bad-argument', /the range/, /sigmaMin/],
    ['no start', asked({ from: null as never }), 'bad-argument', /predictor is null/, /./],
    ['no list of starts', asked({ starts: null as never }), 'bad-argument', /starts are null/, /list some/],
    [
      'a budget of the published recipe',
      asked({ solver: 'amed', recipe: 'published', budget: { amount: 9, unit: 'seconds' } }),
      'bad-argument',
      /budget does not apply to a network/,
      /^give iterations$/,
    ],
    [
      'formulas that are no list',
      asked({ formulas: 'ipndm-2' as never }),
      'bad-argument',
      /the formulas are 'ipndm-2'/,
      /list some of/,
    ],
    ['no formula', asked({ formulas: [] }), 'bad-argument', /no formula/, /leave formulas out/],
    [
      'a foreign formula',
      asked({ formulas: ['ipndm-9'] }),
      'unknown-name',
      /formula 'ipndm-9'/,
      /did you mean/,
    ],
    ['no candidate', asked({ candidates: 0 }), 'bad-argument', /candidates is 0/, /from 1 on/],
    [
      'two budgets',
      asked({ iterations: 5, budget: { amount: 5, unit: 'iterations' } }),
      'bad-argument',
      /both budget and iterations/,
      /one of them/,
    ],
    [
      'an empty budget',
      asked({ budget: { amount: 5, unit: 'trajectories' } }),
      'unreachable-budget',
      /5 trajectories are no iteration of 32/,
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

  it.each([
    ['bespoke', [3, 5, 7]],
    ['amed-ipndm', [3, 5, 9, 21]],
    ['unipc-2', [4, 60]],
  ])('names what suffices for all NFE of %s where a budget in evaluations is too small', (solver, nfe) => {
    const of = (amount: number) => jobOf({ field, solver, nfe, budget: { amount, unit: 'evaluations' } });
    const { message, remedy } = refusalOf(() => of(500));
    expect(message).toMatch(/500 evaluations is too small at NFE \d+$/);
    const least = Number(/^give (\d+) or more/.exec(remedy)![1]);
    expect(of(least)).toHaveProperty('request');
  });

  it('compares a few formulas where evaluations are few, unless they are given', () => {
    const formulasOf = (amount: number, formulas?: string[]) => {
      const budget = { amount, unit: 'evaluations' } as const;
      const job = jobOf({ field, solver: 'bespoke', nfe: [3, 5], budget, formulas });
      return (job.request as BespokesRequest).choices.formulas;
    };
    expect(formulasOf(499_999)).toEqual(FEW_FORMULAS);
    expect(formulasOf(500_000)).toBeUndefined();
    expect(formulasOf(200_000, ['deis-3'])).toEqual(['deis-3']);
    // Where the least is beyond what a few are for, all of them have it.
    const nfe = [20];
    const least = { amount: 1000, unit: 'evaluations' } as const;
    const refused = refusalOf(() =>
      jobOf({ field, solver: 'bespoke', nfe, budget: least, validation: 20_000 }),
    );
    const enough = Number(/^give (\d+) or more/.exec(refused.remedy)![1]);
    expect(enough).toBeGreaterThan(500_000);
    const budget = { ...least, amount: enough };
    expect(jobOf({ field, solver: 'bespoke', nfe, budget, validation: 20_000 })).toHaveProperty('request');
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
