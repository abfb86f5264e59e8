import { describe, expect, it, test } from 'vitest';
import { BESPOKE, distillBespoke } from '../../src/distill/bespoke/bespoke.js';
import { fieldFigures, figuresAndPool } from '../../src/distill/bespoke/field-figures.js';
import { chooseUniversal, universalCandidates } from '../../src/distill/bespoke/universal-choice.js';
import { dataFigures } from '../../src/distill/data-figures.js';
import { partOf, runTeacher, SEARCH_TRAJECTORIES } from '../../src/distill/pool.js';
import { neededEvaluations } from '../../src/distill/request/needed-evaluations.js';
import { scoreOf, scoreOfErrors } from '../../src/distill/score.js';
import { empirical } from '../../src/field/empirical.js';
import { externalField } from '../../src/field/external.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { random } from '../../src/rng/random.js';
import { sample } from '../../src/sample.js';
import { sampleReference } from '../../src/sample-reference.js';
import { planFor } from '../../src/solver/plan-for.js';
import { type UniversalKind, universalKindsOf, universalPlan } from '../../src/solver/universal.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

/** A mixture of which nobody knows that it is one. */
function secretField(mixtureSeed = seed): Field {
  const { mixture: _, ...secret } = gaussianMixture(randomMixture(mixtureSeed, 2, 4, 'shared'));
  return secret;
}

const KINDS = universalKindsOf(secretField());
const TABLES = KINDS.length;

/** Which of a field's tables scores best on the trajectories that they are compared on. */
async function nearestKind(field: Field, nfe: number): Promise<UniversalKind> {
  const { data, pool } = await figuresAndPool(gpu, field);
  const kinds = universalKindsOf(field);
  const scores: number[] = [];
  for (const kind of kinds) {
    const plan = universalPlan(nfe, data, DEFAULT_RANGE, kind);
    scores.push((await scoreOf(gpu, field, plan, pool)).score);
  }
  return kinds[scores.indexOf(Math.min(...scores))];
}

describe('of a mixture or data set', () => {
  const knownFields = {
    'in 2-D': () => gaussianMixture(randomMixture(seed, 2, 4, 'shared')),
    'in 8-D': () => gaussianMixture(randomMixture(seed, 8, 4, 'shared')),
    'of points': () => {
      const source = random(seed);
      return empirical(
        Float64Array.from({ length: 40 * 6 }, () => source.between(-1, 1)),
        6,
      );
    },
  };

  it.each(Object.entries(knownFields))('%s the nearest is taken', async (_, fieldOf) => {
    const known = fieldOf();
    const tables = universalKindsOf(known).length;
    const kind = await nearestKind(known, 5);
    const before = gpu.work.evaluations;
    const choice = await chooseUniversal(gpu, known, { nfe: 5 });
    expect(choice.kind).toBe(kind);
    expect(choice.search).toMatchObject({
      ...{ evaluations: 32, trajectories: 128 },
      comparison: { tables, evaluations: tables * 5, trajectories: 128 },
    });
    expect(gpu.work.evaluations - before).toBe(128 * tables * 5);
    expect((await sample(gpu, { field: known, solver: 'bespoke', nfe: 5, batch: 4 })).universal).toBe(kind);
  });

  it('the same is taken without a GPU', async () => {
    const fieldOf = knownFields['in 2-D'];
    const before = gpu.work.evaluations;
    const shown: number[] = [];
    const { kind, plan, search } = await chooseUniversal(undefined, fieldOf(), {
      nfe: 4,
      onProgress: (done) => shown.push(done),
    });
    expect(gpu.work.evaluations).toBe(before);
    expect(shown).toContain(128);
    expect(search?.comparison?.trajectories).toBe(128);
    const known = fieldOf();
    expect(kind).toBe(await nearestKind(known, 4));
    expect((await chooseUniversal(gpu, known, { nfe: 4 })).plan).toEqual(plan);
    const reference = await sampleReference({
      ...{ field: fieldOf(), solver: 'bespoke', nfe: 4, batch: 2 },
      onSearch: (done) => shown.push(-done),
    });
    expect(reference.universal).toBe(kind);
    expect(reference.search?.comparison).toEqual(search?.comparison);
    expect(shown).toContain(-128);
  });

  it('where the range has room for no other, nothing is compared', async () => {
    const known = knownFields['in 2-D']();
    const before = gpu.work.evaluations;
    const { data } = await fieldFigures(gpu, known);
    const roomy = (sigmaMin: number) =>
      universalCandidates(known, { nfe: 3, data, range: { sigmaMin, sigmaMax: 80 } }).length;
    let sigmaMin = 0.002;
    while (roomy(sigmaMin) > 1) sigmaMin *= 1.05;
    expect(roomy(sigmaMin)).toBe(1);
    const { search } = await chooseUniversal(gpu, known, { nfe: 3, range: { sigmaMin } });
    expect(search).toBeUndefined();
    expect(gpu.work.evaluations).toBe(before);
  });
});

describe('of another field', () => {
  it('all are compared on trajectories that it is measured with, once', async () => {
    const secret = secretField();
    const nearest = await nearestKind(secret, 4);
    const before = gpu.work.evaluations;
    const { kind, data, search } = await chooseUniversal(gpu, secret, { nfe: 4 });
    expect(kind).toBe(nearest);
    expect(search).toMatchObject({
      ...{ evaluations: 32, trajectories: 320 },
      comparison: { tables: TABLES, evaluations: TABLES * 4, trajectories: 128 },
    });
    expect(gpu.work.evaluations - before).toBe(128 * TABLES * 4);
    const { universal, plan } = await sample(gpu, { field: secret, solver: 'bespoke', nfe: 4, batch: 1 });
    expect(universal).toBe(kind);
    expect(plan).toEqual({ ...universalPlan(4, data, DEFAULT_RANGE, kind), solver: 'bespoke (universal)' });
    expect(gpu.work.evaluations - before).toBe(128 * TABLES * 4 + 4);
  });

  it('who stops does so alone, and what is done is shown', async () => {
    const secret = secretField();
    const stop = new AbortController();
    const stopped = chooseUniversal(gpu, secret, { nfe: 3, signal: stop.signal });
    const shown: [number, number][] = [];
    const onProgress = (...done: [number, number]) => shown.push(done);
    const other = chooseUniversal(gpu, secret, { nfe: 3, onProgress });
    stop.abort();
    await expect(stopped).rejects.toThrow(/abort/i);
    expect((await other).search?.comparison?.tables).toBe(TABLES);
    expect(shown).toContainEqual([320, 320]);
    expect(shown.slice(-TABLES - 1)).toEqual(
      [...Array(TABLES + 1).keys()].map((done) => [128 * done, 128 * TABLES]),
    );
  });

  it('a bespoke solver begins as the nearest, and what that takes is known before', {
    timeout: SLOW,
  }, async () => {
    const secret = secretField();
    const teacher = planFor({ solver: 'unipc-3', nfe: 64 });
    const training = await runTeacher(gpu, secret, teacher, { count: 256, seed: 1 });
    const validation = await runTeacher(gpu, secret, teacher, { count: 128, seed: 2 });
    const choices = { formulas: ['ipndm-2', 'ipndm-3', 'dpmpp-2m'], starts: ['gaussian'] as const };
    const iterations = { candidates: 1, candidateIterations: 0, iterations: 4 };
    const settings = { ...BESPOKE, nfe: 4, batch: 8, ...iterations };
    const before = gpu.work.evaluations;
    const options = { training, validation, ...choices };
    const { form, origin, start } = await distillBespoke(gpu, secret, settings, options);
    const made = gpu.work.evaluations - before;
    // The nearest of the search's trajectories is validated, and the better of it and the best plain solver taken.
    const { mean, std } = dataFigures(training);
    const few = partOf(training, 0, SEARCH_TRAJECTORIES);
    const scored: { near: number; validated: number }[] = [];
    for (const kind of KINDS) {
      const plan = universalPlan(4, { mean: [...mean], std }, DEFAULT_RANGE, kind);
      const near = (await scoreOf(gpu, secret, plan, few)).score;
      scored.push({ near, validated: (await scoreOf(gpu, secret, plan, validation)).score });
    }
    const { validated } = scored.reduce((a, b) => (b.near < a.near ? b : a));
    const better = validated < start.score;
    expect(origin.candidate.grid.startsWith('the universal table of ')).toBe(better);
    expect(origin.score.score).toBeCloseTo(better ? validated : start.score, 5);
    const size = { batch: 8, validation: 128, searched: SEARCH_TRAJECTORIES, iterations: 4 };
    const needed = neededEvaluations({ ...form, ...choices, tables: TABLES }, size);
    // The training validates its last state too.
    expect(made).toBeLessThanOrEqual(needed + 4 * 128);
    expect(made).toBeGreaterThan(0.9 * needed);
  });

  it('a range without room, noise levels that it does not know, or another kind are refused', async () => {
    const secret = secretField();
    const narrow = { sigmaMin: 5, sigmaMax: 80 };
    const request = { field: secret, solver: 'bespoke', nfe: 5, range: narrow };
    await expectRefusal(() => sample(gpu, request), 'bad-grid', /do not lie within/);
    await expectRefusal(
      () => chooseUniversal(gpu, secret, { nfe: 5, range: narrow }),
      'bad-grid',
      /sigma_min 5/,
    );
    await expectRefusal(() => chooseUniversal(gpu, secret, { nfe: 2 }), 'unreachable-nfe', /of 2/);
    const ranged = { ...secret, sigmaRange: { sigmaMin: 0.01, sigmaMax: 50 } };
    const beyond = { nfe: 4, range: { sigmaMax: 80 } };
    await expectRefusal(() => chooseUniversal(gpu, ranged, beyond), 'bad-argument', /sigma 80 is asked for/);
    const slip = { nfe: 4, sigmaMax: 80 } as never;
    await expectRefusal(() => chooseUniversal(gpu, secret, slip), 'bad-argument', /sigmaMax/);
    const kind = 'guidd' as never;
    await expectRefusal(
      () => universalPlan(5, { mean: [0], std: 1 }, DEFAULT_RANGE, kind),
      'unknown-name',
      /guidd/,
    );
  });
});

// Data sets that stay the same: on some others a plain solver may be better.
test.each([16, 64])(
  'of points of %i numbers it is better than plain solvers, and most trajectories end at the right one',
  { timeout: SLOW },
  async (dim) => {
    const source = random(5);
    const rows = Float64Array.from({ length: 60 * dim }, () => source.between(-1, 1));
    const field = empirical(rows, dim);
    const common = { field, batch: 512, seed: 3 };
    const exact = await sample(gpu, { ...common, solver: 'unipc-3', nfe: 128 });
    const errorsOf = async (solver: string, afs?: boolean) => {
      const { samples } = await sample(gpu, {
        ...common,
        solver,
        nfe: 5,
        afs,
        ...(solver !== 'bespoke' && { grid: 'process_time:flow' }),
      });
      return scoreOfErrors(endpointErrors(samples, exact.samples, dim));
    };
    const universal = await errorsOf('bespoke');
    expect((await chooseUniversal(gpu, field, { nfe: 5 })).kind).toBe('points');
    expect(universal.median).toBeLessThan(0.01);
    for (const plain of ['ipndm-3', 'dpmpp-2m', 'unipc-2', 'euler']) {
      expect(universal.mean).toBeLessThan((await errorsOf(plain)).mean);
      expect(universal.mean).toBeLessThan((await errorsOf(plain, true)).mean);
    }
  },
);

// Three mixtures that stay the same: on some others a plain solver may be better.
test.each([1, 2, 3])(
  'with guidance it is better than plain solvers, mixture %i',
  { timeout: SLOW },
  async (mixtureSeed) => {
    const guidance = 3;
    const spec = randomMixture(mixtureSeed, 2, 4, 'shared');
    const known = gaussianMixture(spec);
    const labelled = gaussianMixture({
      ...spec,
      weights: spec.weights.slice(0, 1),
      means: spec.means.slice(0, 2),
    });
    const guided = externalField({
      dim: 2,
      prediction: 'x0',
      predict(states, sigmas) {
        const out = new Float32Array(states.length);
        const [all, label] = [new Float64Array(2), new Float64Array(2)];
        for (const [i, sigma] of sigmas.entries()) {
          const x = Float64Array.from(states.subarray(2 * i, 2 * i + 2));
          known.denoise!(x, sigma, all);
          labelled.denoise!(x, sigma, label);
          for (let d = 0; d < 2; d++) out[2 * i + d] = all[d] + guidance * (label[d] - all[d]);
        }
        return out;
      },
    });
    const common = { field: guided, batch: 256, seed: 3 };
    const exact = await sample(gpu, { ...common, solver: 'unipc-3', nfe: 128 });
    const errorOf = async (solver: string, afs?: boolean) => {
      const { samples } = await sample(gpu, { ...common, solver, nfe: 5, afs });
      return endpointErrors(samples, exact.samples, 2).reduce((sum, error) => sum + error, 0);
    };
    const universal = await errorOf('bespoke');
    for (const plain of ['ipndm-3', 'dpmpp-2m', 'euler']) {
      expect(universal).toBeLessThan(await errorOf(plain));
      expect(universal).toBeLessThan(await errorOf(plain, true));
    }
  },
);
