import { describe, expect, test } from 'vitest';
import { distillBespoke } from '../../src/distill/bespoke/bespoke.js';
import { distillTable } from '../../src/distill/learnable/table.js';
import { runTeacher } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { ROBUST } from '../../src/distill/settings.js';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import { integrate } from '../../src/execute/integrate.js';
import { PreparedSolve } from '../../src/execute/prepared-solve.js';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { type ExternalFieldOptions, externalField } from '../../src/field/external.js';
import type { Predict } from '../../src/field/external-host.js';
import type { Field } from '../../src/field/field.js';
import { sameField } from '../../src/field/fingerprint.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { parseProcess } from '../../src/process/built-in.js';
import { PREDICTIONS, translation } from '../../src/process/prediction.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { amedFamily } from '../../src/solver/amed-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { excess, roundingErrors } from '../execute/rounding.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { latents, randomMixture } from './fixtures.js';

const seed = freshSeed();
const DIM = 5;
const mixture = gaussianMixture(randomMixture(seed, DIM, 4, 'per-component'));
const BATCH = 37;

/** The mixture as a model of some process would predict it, by its float64 form. */
function predictorOf({ process: given = 've', prediction = 'x0' }: Partial<ExternalFieldOptions>) {
  const process = typeof given === 'string' ? parseProcess(given) : given;
  const calls: { states: Float32Array; times: Float32Array }[] = [];
  const predict = (states: Float32Array, times: Float32Array) => {
    calls.push({ states, times });
    const predicted = new Float64Array(states.length);
    const out = new Float64Array(DIM);
    for (const [i, t] of times.entries()) {
      const sigma = process.sigma(t);
      const { input, skip, out: scale } = translation(process, prediction, sigma);
      const x = Float64Array.from(states.subarray(i * DIM, (i + 1) * DIM), (value) => value / input);
      mixture.denoise!(x, sigma, out);
      for (const [d, denoised] of out.entries()) predicted[i * DIM + d] = (denoised - skip * x[d]) / scale;
    }
    return predicted;
  };
  return { calls, predict };
}

function external(options: Partial<ExternalFieldOptions> = {}): Field {
  return externalField({ dim: DIM, predict: predictorOf(options).predict, ...options });
}

test.each(solvers.map(({ name }) => name))(
  '%s of a model outside of the device is that of the field which it computes',
  async (name) => {
    const plan = planFor({ solver: name, nfe: 8 });
    const { predict, calls } = predictorOf({});
    const x = latents(seed, BATCH, DIM);
    const solution = await solve(gpu, external({ predict }), plan, { latents: { values: x } });
    expect(solution).toMatchObject({ evaluations: 8, executor: 'stepwise' });
    expect(calls.map(({ times }) => times.length)).toEqual(new Array(8).fill(BATCH));
    const { samples } = solveReference(mixture, plan, { latents: x });
    const errors = roundingErrors(mixture, plan, { latents: x }, samples, seed);
    expect(excess(solution.samples, samples, errors, DIM)).toBeLessThan(3);
  },
);

test.each(
  PREDICTIONS.flatMap((prediction) => ['ve', 'vp-linear', 'flow'].map((name) => ({ prediction, name }))),
)(
  'a model that predicts $prediction of $name is told its own states and times',
  async ({ prediction, name }) => {
    const process = parseProcess(name);
    const { predict, calls } = predictorOf({ process, prediction });
    const field = external({ predict, process, prediction });
    const plan = planFor({ solver: 'heun', nfe: 4, range: { sigmaMin: 0.05, sigmaMax: 50 } });
    const x = latents(seed, BATCH, DIM, 50);
    const { samples } = await solve(gpu, field, plan, { latents: { values: x } });
    const first = process.timeOf(50);
    expect(calls[0].times[0]).toBeCloseTo(first, 5);
    expect(calls[0].states[3] / (process.alphaBar(first) * x[3])).toBeCloseTo(1, 5);
    const exact = solveReference(mixture, plan, { latents: x }).samples;
    // 1 - t of flow matching rounds by 50 parts at sigma 50.
    const errors = roundingErrors(mixture, plan, { latents: x }, exact, seed, 58 + DIM);
    expect(excess(samples, exact, errors, DIM)).toBeLessThan(3);
    expect(field.sigmaRange!.sigmaMax).toBeCloseTo(process.sigma(process.range.max), 3);
  },
);

test('a model is told its own terms for t', async () => {
  const process = parseProcess('vp-linear');
  const { predict, calls } = predictorOf({ process });
  const inSteps: number[] = [];
  const field = external({
    process,
    modelTime: (t) => 999 * t,
    predict(states, times) {
      inSteps.push(times[0]);
      return predict(
        states,
        times.map((time) => time / 999),
      );
    },
  });
  const plan = planFor({ solver: 'ipndm-2', nfe: 3, range: { sigmaMin: 0.05, sigmaMax: 50 } });
  const values = latents(seed, BATCH, DIM, 50);
  const { samples } = await solve(gpu, field, plan, { latents: { values } });
  const times = plan.times.slice(0, 3).map((sigma) => 999 * process.timeOf(sigma));
  for (const [n, time] of times.entries()) expect(inSteps[n]).toBeCloseTo(time, 2);
  expect(calls).toHaveLength(3);
  const exact = solveReference(mixture, plan, { latents: values }).samples;
  // Times round twice.
  const errors = roundingErrors(mixture, plan, { latents: values }, exact, seed, 16 + DIM);
  expect(excess(samples, exact, errors, DIM)).toBeLessThan(3);
});

test('trajectories have times of their own, and a large batch goes out in parts', async () => {
  const { predict, calls } = predictorOf({});
  const family = amedFamily(amedSolvers[0], polynomial().times(2), {});
  const answers = Array.from({ length: BATCH }, (_, i) =>
    Float64Array.of(0.3 + i / 100, 1, 1, 0.4 + i / 200, 1, 1),
  );
  const columns = new Float32Array(family.plan.columns * BATCH);
  for (const [row, own] of answers.entries()) {
    for (const [c, value] of family.values(own).entries()) columns[c * BATCH + row] = value;
  }
  const x = latents(seed, BATCH, DIM);
  const parts = await solve(gpu, external({ predict, most: 10 }), family.plan, {
    latents: { values: x },
    columns,
  });
  expect(calls.map(({ times }) => times.length)).toEqual([
    10, 10, 10, 7, 10, 10, 10, 7, 10, 10, 10, 7, 10, 10, 10, 7,
  ]);
  expect(new Set(calls[4].times).size).toBe(10);
  const whole = await solve(gpu, external(), family.plan, { latents: { values: x }, columns, chunk: 8 });
  expect(parts.samples).toEqual(whole.samples);
  const exact = solveReference(mixture, family.plan, { latents: x, columns }).samples;
  const errors = roundingErrors(mixture, family.plan, { latents: x, columns }, exact, seed);
  expect(excess(parts.samples, exact, errors, DIM)).toBeLessThan(3);
});

test('beyond the noise levels of its process a model is told the last one', async () => {
  const process = parseProcess('ve-geometric:min=0.1,max=10');
  const { predict, calls } = predictorOf({ process });
  const field = external({ predict, process });
  // 20 and 0.05 lie beyond, and what float32 makes of the ends may.
  const plan = solverByName('euler').plan([20, 10, 0.1, 0.05, 0.01]);
  await solve(gpu, field, plan, { latents: { batch: 2, seed } });
  expect(calls.map(({ times }) => times[0])).toEqual([1, 1, 0, 0].map((t) => expect.closeTo(t, 6)));
  // Whose probes go to 20.
  expect((await fingerprintOf(field, gpu)).dim).toBe(DIM);
});

test('runs that are prepared, or go on at the same time, take turns', async () => {
  let running = 0;
  const { predict } = predictorOf({});
  const alone: Predict = async (states, times) => {
    if (running++ > 0) throw new Error('called while another call runs');
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return predict(states, times);
  };
  const field = external({ predict: alone });
  const plan = solverByName('ipndm-3').plan(polynomial().times(4));
  const run = (from: number) => solve(gpu, field, plan, { latents: { batch: BATCH, seed: from } });
  const [one, two] = await Promise.all([run(1), run(2)]);
  expect(one.samples).toEqual((await run(1)).samples);
  expect(two.samples).toEqual((await run(2)).samples);
  const prepared = await PreparedSolve.create(gpu, field, plan, { batch: BATCH, chunk: 20 });
  await prepared.repeat(2, 1);
  expect(await prepared.samples()).toEqual(two.samples.subarray(20 * DIM));
  prepared.destroy();
});

test(
  'solvers are learned for it, without a gradient',
  async () => {
    const field = external();
    const teacher = planFor({ solver: 'unipc-3', nfe: 40, grid: 'logsnr' });
    const pools = {
      training: await runTeacher(gpu, field, teacher, { count: 256, seed: 2 ** 40 }),
      validation: await runTeacher(gpu, field, teacher, { count: 128, seed: 2 ** 40 + 1 }),
    };
    const settings = { nfe: 4, batch: 16, candidates: 2, candidateIterations: 5, iterations: 20, seed: 0 };
    const bespoke = await distillBespoke(gpu, field, settings, {
      ...pools,
      formulas: ['ipndm-2'],
      starts: ['gaussian'],
    });
    expect(bespoke.best.score).toBeLessThan(bespoke.start.score);
    const times = polynomial().times(2);
    const [solver] = amedSolvers;
    const table = await distillTable(
      gpu,
      field,
      { solver, afs: false, grids: [{ name: 'polynomial:7', times }] },
      {
        ...{ ...pools, settings: { ...ROBUST, batch: 16, iterations: 20 } },
      },
    );
    expect(table.best.score).toBeLessThan(table.base.score);
    // What was learned holds for the field itself.
    const plan = solver.planWith(times, table.answers);
    const onDevice = await scoreOf(gpu, mixture, plan, pools.validation);
    expect(Math.abs(onDevice.score - table.best.score)).toBeLessThan(1e-3);
    expect(sameField(await fingerprintOf(field, gpu), await fingerprintOf(mixture, gpu))).toBe(true);
  },
  SLOW,
);

describe('refuses', () => {
  const plan = solverByName('euler').plan(polynomial().times(3));
  const sampled = (field: Field, signal?: AbortSignal) =>
    solve(gpu, field, plan, { latents: { batch: 8, seed: 1 }, signal });

  test.each([
    ['a dimension', { dim: 0 }, /dim 0/],
    ['a number of states', { most: 1.5 }, /most 1\.5/],
    ['what is no function', { predict: 3 as unknown as Predict }, /number for predict/],
    ['times', { modelTime: 999 as unknown as () => number }, /number for modelTime/],
  ])('%s that is none', (_, options, message) => {
    expect(() => external(options)).toThrow(message);
  });

  test.each([
    ['too few numbers', () => new Float32Array(7), /returned 7 numbers for 8 states of 5/],
    ['nothing', () => undefined as unknown as Float32Array, /returned undefined numbers/],
    ['a failure', () => Promise.reject(new Error('no session')), /external field failed: no session/],
    ['no number', (states: Float32Array) => states.fill(Number.NaN), /step 1/],
  ])('%s as a prediction', async (_, predict, message) => {
    await expect(sampled(external({ predict }))).rejects.toThrow(message);
    // And goes on after that.
    expect((await sampled(external())).samples).toHaveLength(8 * DIM);
  });

  test('times that are no numbers', async () => {
    const modelTime = (t: number) => Math.log(t - 80);
    await expect(sampled(external({ modelTime }))).rejects.toThrow(/modelTime is -Infinity at t = 80/);
  });

  test('steps of its own for each trajectory, which the device chooses', async () => {
    const request = { states: latents(seed, 4, DIM), from: 10, to: 0.1, steps: { rtol: 1e-3, atol: 1e-3 } };
    const work = integrate(gpu, external(), request);
    await expect(work).rejects.toThrow(/go on by itself/);
  });

  test('to go on where it is stopped between two evaluations', async () => {
    const stop = new AbortController();
    let calls = 0;
    const { predict } = predictorOf({});
    const field = external({
      predict(states, times) {
        if (++calls === 2) stop.abort(new Error('enough'));
        return predict(states, times);
      },
    });
    await expect(sampled(field, stop.signal)).rejects.toThrow('enough');
    expect(calls).toBe(2);
  });

  test('to wait for an answer that nobody waits for, and the next run has its turn', async () => {
    const stop = new AbortController();
    const { predict } = predictorOf({});
    let told: AbortSignal | undefined;
    const field = external({
      predict(states, times, { signal }) {
        if (!signal) return predict(states, times);
        told = signal;
        setTimeout(() => stop.abort(new Error('enough')), 20);
        return new Promise(() => {});
      },
    });
    const stuck = sampled(field, stop.signal);
    const next = sampled(field);
    await expect(stuck).rejects.toThrow('enough');
    expect(told?.aborted).toBe(true);
    expect((await next).samples).toHaveLength(8 * DIM);
  });
});
