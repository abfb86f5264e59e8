import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/analysis/analyze.js';
import { runTeacher } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { scoreVariants } from '../../src/distill/training/variants.js';
import { comparedFingerprint, fingerprintOf } from '../../src/execute/fingerprint.js';
import { integrate } from '../../src/execute/integrate.js';
import { integrateReference } from '../../src/execute/integrate-reference.js';
import { PreparedSolve } from '../../src/execute/prepared-solve.js';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { externalField } from '../../src/field/external.js';
import type { Predict } from '../../src/field/external-host.js';
import { sameField } from '../../src/field/fingerprint.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { UserDenoise } from '../../src/field/user-denoise.js';
import { logDensity, logDensityReference } from '../../src/likelihood/log-density.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { type MlpFieldOptions, mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import { sample } from '../../src/sample.js';
import { sampleReference } from '../../src/sample-reference.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { amedFamily } from '../../src/solver/amed-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { latents } from '../field/fixtures.js';
import { randomParameters, relativeError, SLOW } from '../mlp/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const source = random(seed);
const DIM = 5;
const CLASSES = 4;
const BATCH = 26;
const config = mlpConfig({ dim: DIM, width: 32, layers: 2, classes: CLASSES });
const model = { config, parameters: randomParameters(config, random(seed, 1)) };
const networkOf = (options: MlpFieldOptions) => mlpField(model, options);
const range = { sigmaMin: 0.05, sigmaMax: 10 };
const plan = planFor({ solver: 'ipndm-3', nfe: 6, range });
const values = latents(seed, BATCH, DIM, 10);
const drawn = Uint32Array.from({ length: BATCH }, () => Math.floor(source.uniform() * CLASSES));

/** Rows of an array [batch, dim] whose trajectories are under a condition. */
function rowsUnder(samples: ArrayLike<number>, conditions: ArrayLike<number>, condition: number): number[] {
  return Array.from(samples).filter((_, i) => conditions[Math.floor(i / DIM)] === condition);
}

describe.each<[string, MlpFieldOptions]>([
  ['labels', { label: 'all' }],
  ['guided labels', { label: 'all', guidance: 2.5 }],
  ['some labels, one of them twice', { label: [2, 0, 2, 3] }],
])('%s', (_, options) => {
  const field = networkOf(options);
  const labels = Array.isArray(options.label) ? (options.label as number[]) : [0, 1, 2, 3];

  test('each trajectory is that of the network with its label', { timeout: SLOW }, async () => {
    expect(field.conditions).toBe(4);
    const all = await solve(gpu, field, plan, { latents: { values }, conditions: drawn });
    expect(all.evaluations).toBe(6);
    const reference = solveReference(field, plan, { latents: values, conditions: drawn });
    expect(relativeError(all.samples, reference.samples)).toBeLessThan(1e-4);
    for (const [condition, label] of labels.entries()) {
      const one = networkOf({ ...options, label });
      const alone = solveReference(one, plan, { latents: values }).samples;
      const own = rowsUnder(alone, drawn, condition);
      expect(rowsUnder(reference.samples, drawn, condition)).toEqual(own);
    }
    const [first, other] = [labels[0], labels[1]].map(
      (label) => solveReference(networkOf({ ...options, label }), plan, { latents: values }).samples,
    );
    expect(relativeError(Float32Array.from(first), other), 'labels differ').toBeGreaterThan(0.01);
  });

  test('they come in turn, in chunks too, and from a seed', { timeout: SLOW }, async () => {
    const inTurn = values.map((_, i) => i % 4).subarray(0, BATCH);
    const given = await solve(gpu, field, plan, { latents: { values }, conditions: inTurn });
    for (const chunk of [undefined, 7]) {
      const { samples } = await solve(gpu, field, plan, { latents: { values }, chunk });
      expect(samples).toEqual(given.samples);
    }
    const latentsOfSeed = { batch: BATCH, seed };
    const { samples } = await solve(gpu, field, plan, { latents: latentsOfSeed });
    const parted = await PreparedSolve.create(gpu, field, plan, { batch: BATCH });
    await parted.repeat(1, seed);
    expect(await parted.samples()).toEqual(samples);
    parted.destroy();
  });
});

test('sample and sampleReference take conditions, and scores are of the teacher under the same', async () => {
  const field = networkOf({ label: 'all' });
  const asked = { field, solver: 'heun', nfe: 6, range, seed, batch: BATCH };
  const inTurn = await sample(gpu, asked);
  expect(relativeError(inTurn.samples, (await sampleReference(asked)).samples)).toBeLessThan(1e-4);
  const other = { ...asked, conditions: drawn };
  const told = await sample(gpu, other);
  expect(relativeError(told.samples, (await sampleReference(other)).samples)).toBeLessThan(1e-4);
  expect(relativeError(told.samples, Float64Array.from(inTurn.samples))).toBeGreaterThan(0.01);

  const teacher = planFor({ solver: 'unipc-3', nfe: 20, range });
  const pool = await runTeacher(gpu, field, teacher, { count: 2 * BATCH - 1, seed, chunk: 10 });
  expect(pool.conditions).toEqual(Uint32Array.from({ length: 2 * BATCH - 1 }, (_, i) => i % 4));
  expect((await scoreOf(gpu, field, teacher, pool)).mean).toBe(0);
  const { conditions: _, ...without } = pool;
  await expectRefusal(
    () => scoreOf(gpu, field, teacher, without),
    'bad-argument',
    /conditions are 4, and the teacher's/,
  );
  await expectRefusal(
    () => scoreOf(gpu, networkOf({ label: 1 }), teacher, pool),
    'bad-argument',
    /have others/,
  );
  const few = networkOf({ label: [0, 1] });
  await expectRefusal(
    () => scoreOf(gpu, few, teacher, pool),
    'bad-argument',
    /conditions are 2.*have others/,
  );
  const wrong = { ...pool, conditions: pool.conditions!.map((condition) => 3 - condition) };
  expect((await scoreOf(gpu, field, teacher, wrong)).mean).toBeGreaterThan(0.01);
  // As many trajectories as are no multiple of the conditions: each variant has those of the pool.
  const solver = amedSolvers[0];
  const family = amedFamily(
    solver,
    teacher.times.filter((_, i) => i % 10 === 0),
    { afs: false },
  );
  const answers = [0.4, 0.6].map((r) => Float64Array.from([r, 1, 1, r, 1, 1]));
  const together = await scoreVariants(gpu, field, family, answers, pool);
  for (const [i, variant] of answers.entries()) {
    const [alone] = await scoreVariants(gpu, field, family, [variant], pool);
    expect(together[i].mean / alone.mean).toBeCloseTo(1, 5);
  }
});

test('trajectories integrate under their own, whichever rows still run', { timeout: SLOW }, async () => {
  const field = networkOf({ label: 'all', guidance: 1.5 });
  const states = latents(seed + 1, BATCH, DIM, 1);
  const request = {
    states,
    from: 0.05,
    to: 10,
    conditions: drawn,
    steps: { rtol: 1e-4, atol: 1e-4 },
    divergence: { kind: 'exact' },
  } as const;
  const reference = integrateReference(field, request);
  expect(new Set(reference.evaluations).size, 'not all end at once').toBeGreaterThan(1);
  for (const chunk of [undefined, 9]) {
    const found = await integrate(gpu, field, { ...request, chunk });
    expect(relativeError(found.states, reference.states)).toBeLessThan(1e-3);
    expect(
      relativeError(Float32Array.from(found.logDeterminants[0]), reference.logDeterminants[0]),
    ).toBeLessThan(1e-3);
  }
  const density = { states, range, conditions: drawn };
  const exact = await logDensityReference(field, density);
  const found = await logDensity(gpu, field, density);
  expect(Math.max(...found.logDensity.map((each, i) => Math.abs(each - exact.logDensity[i])))).toBeLessThan(
    1e-2,
  );
  const alone = await logDensityReference(networkOf({ label: 3, guidance: 1.5 }), { states, range });
  const ofThree = (all: Float64Array) => all.filter((_, i) => drawn[i] === 3);
  expect(ofThree(exact.logDensity)).toEqual(ofThree(alone.logDensity));
  await expect(logDensity(gpu, field, { states, range })).rejects.toThrowError('which one each state has');
  // Its moments would be those of all conditions together.
  await expectRefusal(
    () => logDensity(gpu, field, { ...density, prior: 'gaussian' }),
    'bad-field',
    /Gaussian prior/,
  );
});

test('the shape of trajectories is that under their own, in parts too', async () => {
  const told: number[] = [];
  const field = externalField({
    dim: 1,
    conditions: 7,
    predict(states, times, { conditions }) {
      if (times[0] === 80) told.push(...conditions!);
      return states.map((_, i) => conditions![i]);
    },
  });
  await analyze(gpu, { field, trajectories: 300, seed });
  const inTurn = Array.from({ length: 300 }, (_, i) => i % 7);
  // Accurately, once more for the velocity, and with half as many steps: 256 trajectories at once.
  const parts = [inTurn.slice(0, 256), inTurn.slice(256)];
  expect(told).toEqual(parts.flatMap((part) => [...part, ...part, ...part]));
});

test('fingerprints tell fields by as many conditions and by those that are not the first', async () => {
  const many = mlpConfig({ dim: 2, width: 32, layers: 2, classes: 10 });
  const own = { config: many, parameters: randomParameters(many, random(seed, 9)) };
  const of = (label: MlpFieldOptions['label']) => fingerprintOf(mlpField(own, { label }), gpu);
  const all = await of('all');
  expect(sameField(all, await fingerprintOf(mlpField(own, { label: 'all' })))).toBe(true);
  expect(sameField(all, await of([0, 1, 2, 3, 4, 5]))).toBe(false);
  expect(sameField(all, await of([0, 1, 2, 3, 4, 5, 6, 7, 9, 8]))).toBe(false);
  const [part, one] = [mlpField(own, { label: [9, 7] }), mlpField(own, { label: 3 })];
  for (const field of [part, one])
    expect(await comparedFingerprint(all, field, gpu)).toMatchObject({ conditions: 10 });
});

describe('a model of the user', () => {
  const MEANS = [-3, 0, 2];
  const told: Uint32Array[] = [];
  // A Gaussian of standard deviation 1 at each condition's mean.
  const denoise: UserDenoise = (x, sigma, out, condition) => {
    for (const [d, value] of x.entries())
      out[d] = (value + sigma ** 2 * MEANS[condition!]) / (1 + sigma ** 2);
  };
  const predict: Predict = (states, times, { conditions }) => {
    told.push(conditions!);
    return states.map((x, i) => {
      const row = Math.floor(i / DIM);
      const variance = times[row] ** 2;
      return (x + variance * MEANS[conditions![row]]) / (1 + variance);
    });
  };
  const field = externalField({ dim: DIM, conditions: 3, most: 8, predict, denoise });

  test('is told which one each state has, in parts', async () => {
    const conditions = drawn.map((condition) => condition % 3);
    told.length = 0;
    const all = await solve(gpu, field, plan, { latents: { values }, conditions, chunk: 20 });
    const parts = [conditions.slice(0, 20), conditions.slice(20)].flatMap((chunk) =>
      Array.from({ length: 6 }, () => chunk).flatMap((each) =>
        [0, 8, 16].filter((first) => first < each.length).map((first) => each.slice(first, first + 8)),
      ),
    );
    expect(told).toEqual(parts);
    const { samples } = solveReference(field, plan, { latents: values, conditions });
    expect(relativeError(all.samples, samples)).toBeLessThan(1e-5);
  });

  test('is told those of its conditions that were chosen', async () => {
    const options = { dim: DIM, conditions: 3, predict, denoise };
    for (const condition of [2, [2, 0]]) {
      const chosen = externalField({ ...options, condition });
      const [own] = [typeof condition === 'number' ? [2] : condition];
      expect(chosen.conditions).toBe(own.length > 1 ? own.length : undefined);
      told.length = 0;
      const { samples } = await solve(gpu, chosen, plan, { latents: { values } });
      const inTurn = Uint32Array.from({ length: BATCH }, (_, i) => own[i % own.length]);
      expect(told).toEqual(Array.from({ length: 6 }, () => inTurn));
      expect(relativeError(samples, solveReference(chosen, plan, { latents: values }).samples)).toBeLessThan(
        1e-5,
      );
      const all = { latents: { values }, conditions: inTurn };
      expect((await solve(gpu, externalField(options), plan, all)).samples).toEqual(samples);
      const learned = await fingerprintOf(externalField(options), gpu);
      expect(sameField(learned, await fingerprintOf(chosen, gpu))).toBe(false);
      expect(sameField(learned, await comparedFingerprint(learned, chosen, gpu))).toBe(true);
    }
  });

  test('on the device is told, too', async () => {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const answer = gpu.buffer('answer', STORAGE | COPY_SRC | COPY_DST, 4 * 8 * DIM);
    const asked: number[][] = [];
    const onDevice = externalField({
      dim: DIM,
      conditions: 3,
      most: 8,
      predictOnDevice({ device, count, conditions }) {
        asked.push([...conditions!]);
        const means = Float32Array.from(
          { length: count * DIM },
          (_, i) => MEANS[conditions![Math.floor(i / DIM)]],
        );
        device.queue.writeBuffer(answer, 0, means);
        return answer;
      },
    });
    const { samples } = await solve(gpu, onDevice, plan, { latents: { batch: 11, seed } });
    const inTurn = [
      [0, 1, 2, 0, 1, 2, 0, 1],
      [2, 0, 1],
    ];
    expect(asked).toEqual(Array.from({ length: 6 }, () => inTurn).flat());
    // D is the mean of the condition: the flow ends near it.
    for (const [i, value] of samples.entries()) {
      expect(Math.abs(value - MEANS[Math.floor(i / DIM) % 3])).toBeLessThan(0.5);
    }
    answer.destroy();
  });
});

test('conditions that there are not are refused', async () => {
  const field = networkOf({ label: 'all' });
  const solved = (conditions: ArrayLike<number>, own = field) =>
    solve(gpu, own, plan, { latents: { values }, conditions });
  const few = /there are 25 conditions for 26 trajectories/;
  await expectRefusal(() => solved(drawn.subarray(1)), 'bad-shape', few);
  await expectRefusal(
    () => solved(drawn.with(3, 4)),
    'bad-argument',
    /trajectory 3 has condition 4, of a field/,
  );
  await expectRefusal(
    () => solved([...drawn].with(25, 0.5)),
    'bad-argument',
    /25 has condition 0.5/,
    /0 to 3/,
  );
  await expectRefusal(() => solved([...drawn].with(7, -1)), 'bad-argument', /trajectory 7 has condition -1/);
  await expectRefusal(
    () => solved(null!),
    'bad-argument',
    /the conditions are null/,
    /one number a trajectory/,
  );
  await expectRefusal(() => solved('0'.repeat(26) as never), 'bad-argument', /the conditions are /);
  await expectRefusal(() => solved(drawn, networkOf({ label: 1 })), 'bad-argument', /the mlp field has none/);
  const mixture = gaussianMixture({ weights: [1], means: [values.slice(0, DIM)], stds: [1] });
  await expectRefusal(() => solved(drawn, mixture), 'bad-argument', /the gaussian-mixture field has none/);
  const asked = { field, solver: 'euler', nfe: 3, batch: 2, conditions: [0] };
  await expectRefusal(() => sample(gpu, asked), 'bad-shape', /there are 1 conditions for 2/);
  const holes = new Array<number>(3);
  await expectRefusal(
    () => networkOf({ label: holes }),
    'bad-argument',
    /label is undefined, of a model with 4/,
  );
  await expectRefusal(() => networkOf({ label: [[0]] as never }), 'bad-argument', /of a model with 4/);
  expect(networkOf({ label: Uint32Array.of(1, 2) }).conditions).toBe(2);
  await expectRefusal(() => networkOf({ label: [] }), 'bad-argument', /the list of labels is empty/);
  await expectRefusal(
    () => networkOf({ label: [0, 4] }),
    'bad-argument',
    /label is 4, of a model with 4 classes/,
  );
  const nothing = { dim: 2, predict: (x: Float32Array) => x, conditions: null! };
  await expectRefusal(() => externalField(nothing), 'bad-field', /conditions null/);
  const endless = { dim: 2, predict: (x: Float32Array) => x, conditions: 0 };
  await expectRefusal(() => externalField(endless), 'bad-field', /conditions 0/);
  const three = { dim: 2, predict: (x: Float32Array) => x, conditions: 3 };
  await expectRefusal(
    () => externalField({ ...three, condition: 3 }),
    'bad-field',
    /condition is 3/,
    /0 to 2/,
  );
  await expectRefusal(
    () => externalField({ ...three, condition: [] }),
    'bad-field',
    /list of conditions is empty/,
  );
  for (const condition of [null, '1', 0.5] as never[])
    await expectRefusal(
      () => externalField({ ...three, condition }),
      'bad-field',
      /the condition is /,
      /0 to 2/,
    );
  const none = { ...three, conditions: undefined, condition: 0 };
  await expectRefusal(
    () => externalField(none),
    'bad-field',
    /condition is 0, of an external field with 0/,
    /how many/,
  );
});
