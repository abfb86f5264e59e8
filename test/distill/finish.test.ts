import { describe, expect, it, test } from 'vitest';
import {
  type Distilled,
  type DistillProgress,
  type DistillRequest,
  distill,
} from '../../src/distill/distill.js';
import { poolSeeds } from '../../src/distill/pool.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { decodePredictor, encodePredictor } from '../../src/predictor/predictor-file.js';
import { sample } from '../../src/sample.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';

const field = gaussianMixture({
  weights: [1, 2],
  means: [
    [-0.7, 0.2],
    [0.6, 0],
  ],
  stds: [0.2, 0.1],
});
const seed = freshSeed();
const few = { field, seed, trajectories: 64, validation: 48, batch: 16, teacher: { nfe: 24 } };
const bespoke = { ...few, candidates: 2, candidateIterations: 2, formulas: ['ipndm-2'] as const };
const LONG = 1000;

/** A distillation that is told to finish when it is so far. */
function finished(
  request: Pick<DistillRequest, 'solver' | 'nfe'> & Partial<DistillRequest>,
  when: (progress: DistillProgress) => boolean,
): Promise<Distilled> {
  const controller = new AbortController();
  return distill(gpu, {
    ...few,
    ...request,
    finish: controller.signal,
    onProgress(progress) {
      if (when(progress)) controller.abort(new Error('enough'));
    },
  });
}

/** That it samples as its scores say, also from a file. */
async function expectAsScored(
  { field: fingerprint, ...learned }: Distilled,
  teacherNfe = few.teacher.nfe,
): Promise<void> {
  const { predictor, training } = decodePredictor(encodePredictor({ ...learned, field: fingerprint }), 'x');
  expect(training).toMatchObject({ endedEarly: true });
  const latents = { batch: 48, seed: poolSeeds(seed).validation };
  const ends = await sample(gpu, { field, ...latents, solver: 'unipc-3', nfe: teacherNfe, grid: 'logsnr' });
  for (const { nfe, start, best } of learned.runs) {
    const { samples } = await sample(gpu, { field, ...latents, predictor, nfe });
    const errors = endpointErrors(samples, ends.samples, 2);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    expect(mean / best.mean).toBeCloseTo(1, 2);
    if (predictor.kind !== 'network') expect(best.score).toBeLessThanOrEqual(start.score);
  }
  if (training!.recipe === 'published') return;
  const total = (of: 'start' | 'best') => learned.runs.reduce((sum, run) => sum + run[of].score, 0);
  expect(total('best')).toBeLessThanOrEqual(total('start'));
}

describe.each([
  ['bespoke solvers', { ...bespoke, solver: 'bespoke', nfe: [2, 3, 4] }],
  ['tables', { solver: 'amed-ipndm:order=2', nfe: [3, 5, 7] }],
  ['times', { solver: 'ipndm-2', afs: true, nfe: [3, 4, 5] }],
])('%s that are to finish', (_, request) => {
  const [first, second, third] = request.nfe;

  it(
    'are the best by then, without those that had not begun',
    async () => {
      const asked = { ...request, iterations: LONG };
      const learned = await finished(
        { ...asked, iterations: 30 },
        ({ stage, nfe, done }) => stage === 'training' && nfe === second && done === 17,
      );
      expect(learned.endedEarly).toEqual({ missing: [third] });
      expect(learned.predictor.schedules.map(({ nfe }) => nfe)).toEqual([first, second]);
      expect(learned.runs.map(({ nfe, iterations }) => [nfe, iterations])).toEqual([
        [first, 30],
        // One may be under way.
        [second, expect.toSatisfy((iterations) => iterations >= 17 && iterations <= 18)],
      ]);
      await expectAsScored(learned);

      const alone = await finished(asked, ({ stage, done }) => stage === 'training' && done === 9);
      expect(alone.endedEarly).toEqual({ missing: [second, third] });
      expect(alone.training.iterations).toBeLessThan(LONG);
      await expectAsScored(alone);
    },
    SLOW,
  );

  it('reject before anything is learned, with what the signal says', async () => {
    for (const stage of ['teacher', 'search']) {
      await expect(finished(request, (progress) => progress.stage === stage)).rejects.toThrow('enough');
    }
  });

  it('keep what is done where the next one is only searched', async () => {
    const learned = await finished(
      { ...request, iterations: 8 },
      ({ stage, nfe }) => stage === 'search' && nfe === second,
    );
    expect(learned.endedEarly).toEqual({ missing: [second, third] });
    await expectAsScored(learned);
  });
});

test(
  'a bespoke solver is its best candidate where its table has not begun',
  async () => {
    const learned = await finished(
      { ...bespoke, solver: 'bespoke', nfe: 3, candidateIterations: 8 },
      ({ stage, done }) => stage === 'candidates' && done === 1,
    );
    const [{ iterations, stages }] = learned.runs;
    expect(iterations).toBe(0);
    expect(stages!.iterations).toEqual({ candidates: 8, table: 0 });
    await expectAsScored(learned);
  },
  SLOW,
);

test(
  'networks that are not done are left out, and their table stays',
  async () => {
    const request = { ...bespoke, nfe: 3, iterations: 12 };
    const learned = await finished(
      { ...request, solver: 'bespoke-net', netIterations: LONG, netBatch: 16 },
      ({ stage }) => stage === 'networks',
    );
    const alone = await distill(gpu, { ...request, solver: 'bespoke' });
    expect(learned.predictor).toEqual({ ...alone.predictor, solver: 'bespoke-net' });
    expect(learned.runs[0].stages!.networks).toBeUndefined();
    await expectAsScored(learned);
  },
  SLOW,
);

describe.each([
  ['that corrects a table', { solver: 'amed-ipndm:order=2', nfe: 5, kind: 'network' }],
  ['for several NFE', { solver: 'amed-ipndm:order=2', nfe: [3, 5], kind: 'network' }],
  ['of the published recipe', { solver: 'amed', nfe: 5, recipe: 'published', teacher: {} }],
] as const)('a network %s that is to finish', (_, request) => {
  const published = 'recipe' in request;

  it(
    'is what it was at the validation by then',
    async () => {
      const asked = { ...request, iterations: LONG };
      const learned = await finished(asked, ({ stage, done }) => stage === 'networks' && done === 40);
      expect(learned.endedEarly).toEqual({ missing: [] });
      expect(learned.predictor.schedules.map(({ nfe }) => nfe)).toEqual([request.nfe].flat());
      for (const { iterations } of learned.runs) expect(iterations).toBe(40);
      await expectAsScored(learned, published ? 100 : 24);
    },
    SLOW,
  );

  if (!published && request.nfe === 5) {
    it(
      'is the table that it would have corrected, where only that was learned',
      async () => {
        const asked = { ...request, iterations: LONG };
        const learned = await finished(asked, ({ stage, done }) => stage === 'training' && done === 30);
        expect(learned.runs[0].iterations).toBe(0);
        expect(learned.runs[0].best).toEqual(learned.runs[0].start);
        expect(learned.runs[0].best.score).toBeLessThan(learned.runs[0].base.score);
        await expectAsScored(learned);
      },
      SLOW,
    );
  }

  it('rejects before anything is learned, with what the signal says', async () => {
    for (const of of ['teacher', 'search']) {
      await expect(finished(request, ({ stage }) => stage === of)).rejects.toThrow('enough');
    }
  });
});

test('without a word to finish all is learned, and nothing says otherwise', async () => {
  const { finish } = { finish: new AbortController().signal };
  const learned = await distill(gpu, { ...few, solver: 'ipndm-2', nfe: [3, 4], iterations: 6, finish });
  expect(learned.endedEarly).toBeUndefined();
  expect(learned.training.endedEarly).toBeUndefined();
  expect(learned.runs.map(({ iterations }) => iterations)).toEqual([6, 6]);
});
