import { describe, expect, test } from 'vitest';
import { adjointReference } from '../../src/execute/adjoint-reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { logsnr, polynomial } from '../../src/grid/grid.js';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { random } from '../../src/rng/random.js';
import { nfeOf } from '../../src/solver/plan.js';
import { parseSolver, sdeSolvers, solverByName } from '../../src/solver/registry.js';
import { tableOf } from '../../src/solver/table.js';
import { freshSeed } from '../seed.js';
import { type Moments, momentsOf } from './sde-moments.js';

const seed = freshSeed();
const source = random(seed);
const data = { mu: source.between(-1, 1), s: source.between(0.2, 0.8) };

/** Relative to sizes of about 1: what some hundred roundings of float64 leave. */
function expectMoments(found: Moments, expected: Moments): void {
  expect(Math.abs(found.mean - expected.mean)).toBeLessThan(1e-10 * (1 + Math.abs(expected.mean)));
  expect(Math.abs(found.variance / expected.variance - 1)).toBeLessThan(1e-10);
}

describe.each(processes.map(({ name }) => name))('on the reverse SDE of %s', (name) => {
  const process = parseProcess(name);
  // The processes' common range of sigma: vp-exp ends at 148.
  const times = polynomial().times(9);
  const ts = times.map((sigma) => process.timeOf(sigma));
  const first = { mean: 0, variance: (process.alphaBar(ts[0]) * times[0]) ** 2 };
  /** Score of the data's own marginal at time t, as a + b x. */
  const score = (t: number) => {
    const variance = (process.alphaBar(t) * data.s) ** 2 + process.betaBar(t) ** 2;
    return { a: (process.alphaBar(t) * data.mu) / variance, b: -1 / variance };
  };
  /** Back to x / alpha-bar, as plans have it. */
  const unscaled = ({ mean, variance }: Moments): Moments => {
    const alpha = process.alphaBar(ts[ts.length - 1]);
    return { mean: mean / alpha, variance: variance / alpha ** 2 };
  };

  test('euler-maruyama has the moments of x - [f x - g^2 score] dt + g sqrt(dt) z', () => {
    let { mean, variance } = first;
    for (let i = 0; i + 1 < ts.length; i++) {
      const [t, dt] = [ts[i], ts[i] - ts[i + 1]];
      const { a, b } = score(t);
      const factor = 1 - process.f(t) * dt + process.g2(t) * b * dt;
      mean = factor * mean + process.g2(t) * a * dt;
      variance = factor ** 2 * variance + (i + 2 < ts.length ? process.g2(t) * dt : 0);
    }
    const { solver, options } = parseSolver(`euler-maruyama:process=${name}`);
    expectMoments(momentsOf(solver.plan(times, { options }), data), unscaled({ mean, variance }));
  });

  test('reverse-diffusion has the moments of (2 - a) x + G^2 score + G z', () => {
    let { mean, variance } = first;
    for (let i = 0; i + 1 < ts.length; i++) {
      const a = process.alphaBar(ts[i]) / process.alphaBar(ts[i + 1]);
      const square = process.betaBar(ts[i]) ** 2 - (a * process.betaBar(ts[i + 1])) ** 2;
      const { a: at, b } = score(ts[i]);
      mean = (2 - a + square * b) * mean + square * at;
      variance = (2 - a + square * b) ** 2 * variance + (i + 2 < ts.length ? square : 0);
    }
    const { solver, options } = parseSolver(`reverse-diffusion:process=${name}`);
    expectMoments(momentsOf(solver.plan(times, { options }), data), unscaled({ mean, variance }));
  });
});

test("ancestral has the moments of DDPM's posterior, written in DDPM's own x", () => {
  const process = parseProcess('vp-linear');
  const times = polynomial().times(9);
  const bars = times.map((sigma) => 1 / (1 + sigma * sigma)); // DDPM's alpha-bar is the square of ours
  let mean = 0;
  let variance = (1 - bars[0]) * 1;
  for (let i = 0; i + 1 < times.length; i++) {
    const [bar, before] = [bars[i], bars[i + 1]];
    const alpha = bar / before;
    const beta = 1 - alpha;
    const [ofClean, ofState] = [
      (Math.sqrt(before) * beta) / (1 - bar),
      (Math.sqrt(alpha) * (1 - before)) / (1 - bar),
    ];
    // x_0 as the posterior mean of Gaussian data, given x_t = sqrt(bar) x_0 + sqrt(1 - bar) eps
    const total = bar * data.s ** 2 + 1 - bar;
    const gain = (Math.sqrt(bar) * data.s ** 2) / total;
    const rest = (data.mu * (1 - bar)) / total;
    const factor = ofClean * gain + ofState;
    mean = factor * mean + ofClean * rest;
    variance = factor ** 2 * variance + (beta * (1 - before)) / (1 - bar);
  }
  const alpha = process.alphaBar(process.timeOf(times[times.length - 1]));
  // 1 - bar cancels at sigma 0.002: 1e-16 / 4e-6 are lost in DDPM's form.
  const found = momentsOf(solverByName('ancestral').plan(times), data);
  expect(Math.abs(found.mean - mean / alpha)).toBeLessThan(1e-8);
  expect(Math.abs(found.variance / (variance / alpha ** 2) - 1)).toBeLessThan(1e-8);
});

test.each([
  ['ancestral:eta=0', 'euler'],
  ['stochastic-heun:churn=0', 'heun'],
  ['dpmpp-2m-sde:eta=0', 'dpmpp-2m:lower_order_final=false'],
])('%s is %s', (text, same) => {
  const plans = [text, same].map((name) => {
    const { solver, options } = parseSolver(name);
    return solver.plan(polynomial().times(7), { options });
  });
  const [a, b] = plans.map((plan) => tableOf(plan));
  expect(a.times).toEqual(b.times);
  for (const [k, row] of a.rows.entries()) {
    for (const [i, value] of row.entries())
      expect(Math.abs(value - b.rows[k][i])).toBeLessThan(1e-12 * (1 + Math.abs(value)));
  }
});

/** What the churn adds at most is proportional to 1 / N, so that the order can be seen; s_noise must not inflate it. */
const ASYMPTOTIC: Record<string, string> = { 'stochastic-heun': 'stochastic-heun:churn=5,s_noise=1' };

test.each(sdeSolvers)('the variance of $name converges with order $order', ({ name, order }) => {
  const { solver, options } = parseSolver(ASYMPTOTIC[name] ?? name);
  const exact = data.s ** 2 + 0.002 ** 2;
  const errors = [512, 1024].map((steps) => {
    const plan = solver.plan(polynomial().times(steps), { options });
    return Math.abs(momentsOf(plan, data).variance - exact);
  });
  expect(Math.abs(Math.log2(errors[0] / errors[1]) - order)).toBeLessThan(0.25);
});

test('the predictor-corrector makes 1 + corrections evaluations a step, the corrections as the paper has them', () => {
  const { solver, options } = parseSolver('predictor-corrector:corrections=3,process=vp-linear');
  const plan = solver.plan(logsnr().times(5), { options });
  expect(nfeOf(plan)).toBe(20);
  const [, corrected, noisy] = plan.operations;
  // In DDPM's x = A x^: e = 2 (1 - beta) (snr B)^2 for |z| = sqrt(dim), |score| = sqrt(dim) / B.
  const [from, to] = plan.times.map((sigma) => ({
    a2: 1 / (1 + sigma ** 2),
    b2: sigma ** 2 / (1 + sigma ** 2),
  }));
  const e = 2 * (from.a2 / to.a2) * 0.16 ** 2 * from.b2;
  // score = -d / B moves x by e score; in x^ by that over A.
  const move = -e / Math.sqrt(from.b2) / Math.sqrt(from.a2);
  expect(corrected).toMatchObject({
    kind: 'combine',
    terms: [{ coefficient: 1 }, { coefficient: expect.closeTo(move, 12) }],
  });
  expect(noisy).toMatchObject({ kind: 'noise', scale: expect.closeTo(Math.sqrt((2 * e) / from.a2), 12) });
});

test.each([
  ['euler-maruyama:process=vp-liner', /did you mean 'vp-linear'/],
  ['euler-maruyama:process=3', /name of a process/],
  ['ancestral:eta=2', /at most 1/],
  ['predictor-corrector:corrections=0', /1 or more/],
  ['stochastic-heun:churn=-1', /must not be negative/],
])('%s is refused', (text, words) => {
  const { solver, options } = parseSolver(text);
  expect(() => solver.plan(polynomial().times(4), { options })).toThrow(
    expect.toSatisfy((error: { message: string; remedy: string }) =>
      words.test(error.message + error.remedy),
    ),
  );
});

test('times that a process does not have are refused as a bad grid', () => {
  const { solver, options } = parseSolver('euler-maruyama:process=vp-exp');
  expect(() => solver.plan([1000, 10, 1], { options })).toThrow(
    expect.objectContaining({ code: 'bad-grid' }),
  );
});

test('what needs a deterministic plan refuses one that draws noise', () => {
  const plan = solverByName('ancestral').plan(polynomial().times(4));
  const field = gaussianMixture({ weights: [1], means: [[0]], stds: [1] });
  const refused = expect.objectContaining({
    code: 'bad-argument',
    message: expect.stringContaining('draws noise'),
  });
  expect(() => tableOf(plan)).toThrow(refused);
  expect(() => adjointReference(field, plan, { latents: [1], cotangent: (x) => x })).toThrow(refused);
});

test('a process may have options of its own, by name or as one that was defined', () => {
  const times = polynomial().times(4, { sigmaMin: 0.1, sigmaMax: 10 });
  const wider = parseProcess('vp-linear:beta_min=0.2,beta_max=12');
  for (const { solver, options } of [
    parseSolver('predictor-corrector:process=vp-linear:beta_min=0.2:beta_max=12,snr=0.1'),
    { solver: solverByName('predictor-corrector'), options: { process: wider, snr: 0.1 } },
  ]) {
    const plan = solver.plan(times, { options });
    expect(plan.solver).toBe('predictor-corrector:process=vp-linear:beta_min=0.2:beta_max=12,snr=0.1');
    const again = parseSolver(plan.solver);
    expect(again.solver.plan(times, { options: again.options })).toEqual(plan);
  }
  const usual = parseSolver('predictor-corrector:process=vp-linear,snr=0.1');
  expect(usual.solver.plan(times, { options: usual.options }).operations).not.toEqual(
    solverByName('predictor-corrector').plan(times, { options: { process: wider, snr: 0.1 } }).operations,
  );
});
