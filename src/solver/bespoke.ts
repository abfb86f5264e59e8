import { FewstepError } from '../errors.js';
import type { SigmaRange } from '../grid/grid.js';
import { analyticalFirst } from './afs.js';
import { PlanBuilder } from './builder.js';
import type { Solver } from './define.js';
import { deis } from './deis.js';
import { dpmpp2m, dpmpp3m } from './dpmpp.js';
import { euler } from './euler.js';
import { ipndm } from './ipndm.js';
import { ipndmV } from './ipndm-v.js';
import type { Evaluate, Plan, Slot } from './plan.js';

/**
 * A bespoke solver of K evaluations, everything of which is learned for one field: all times, the times that the field
 * is told, and all coefficients, as corrections of a multistep formula F (relatives: Bespoke solvers, arXiv 2310.19075
 * and 2403.01329; S4S, 2502.17423; LD3, 2405.15506). With t_0 > .. > t_N the times, N = K or one more,
 *
 *   D_k = D(x_k, a_k t_k),
 *   x_{n+1} = x_n + c_n (F(x_n, .., D_n, ..; t_0 .. t_{n+1}) - x_n)
 *           + w_n . (t_{n+1}/t_0 x_0, (1 - t_{n+1}/t_0) mu, (1 - t_{n+1}/t_0) D_0, .., (1 - t_{n+1}/t_0) D_n).
 *
 * With c = 1, a = 1 and w = 0 it is the formula's own solver on those times.
 */
export interface BespokeForm {
  formula: BespokeFormula;
  start: BespokeStart;
  /** K, from 1 to MAX_BESPOKE_NFE. */
  nfe: number;
  /** Where latents are and where samples are asked for. */
  range: SigmaRange;
  /** Mean [dim] and standard deviation of the data: of the teacher's end points. */
  data: { mean: readonly number[]; std: number };
}

/** The multistep solvers that a bespoke solver may begin as. */
const SOLVERS: readonly Solver[] = [euler, ...ipndm, ...ipndmV, ...deis, dpmpp2m, dpmpp3m];
/** Names of the multistep solvers that a bespoke solver may begin as: euler, ipndm, ipndm-v, deis, dpmpp-2m and -3m. */
export const BESPOKE_FORMULAS: readonly string[] = SOLVERS.map(({ name }) => name);
/** One of BESPOKE_FORMULAS. */
export type BespokeFormula = string;

/**
 * What stands before the first evaluation, at no cost:
 * - none: nothing;
 * - afs: a step with D from the prior N(0, 1), as AFS takes it;
 * - calibrated-afs: a step with D of the Gaussian N(mu, s^2), D = mu + s^2 / (s^2 + t^2) (x - mu);
 * - gaussian: the exact flow of that Gaussian down to a learned t_0.
 */
export const BESPOKE_STARTS = ['none', 'afs', 'calibrated-afs', 'gaussian'] as const;
/** One of BESPOKE_STARTS. */
export type BespokeStart = (typeof BESPOKE_STARTS)[number];

/** As many evaluations as one combination has room for. */
export const MAX_BESPOKE_NFE = 20;

/** Where a bespoke solver's numbers are, in the order log times, c, log a, w. */
export interface BespokeLayout {
  /** N: steps, from one time to the next. */
  steps: number;
  /** Of the first evaluation: 1 after an analytical step. */
  firstEvaluated: number;
  /** Where the N scales c begin; log t_0 .. log t_N stand from 0 on. */
  c: number;
  /** Where the K logarithms of a begin. */
  logA: number;
  /** Of each step, where its residual weights start: x_0, mu, then the D so far. */
  w: number[];
  /** How many numbers there are. */
  size: number;
}

/**
 * Where each number of a bespoke solver stands.
 * @throws FewstepError bad-argument for a formula or a start that does not exist, unreachable-nfe beyond
 *   MAX_BESPOKE_NFE
 */
export function bespokeLayout({ formula, start, nfe }: Omit<BespokeForm, 'data' | 'range'>): BespokeLayout {
  const refuse = (what: string, remedy: string) => new FewstepError('bad-argument', what, remedy);
  if (!BESPOKE_FORMULAS.includes(formula)) {
    throw refuse(
      `a bespoke solver cannot begin as '${formula}'`,
      `take one of ${BESPOKE_FORMULAS.join(', ')}`,
    );
  }
  if (!BESPOKE_STARTS.includes(start)) {
    throw refuse(`a bespoke solver has no start '${start}'`, `take one of ${BESPOKE_STARTS.join(', ')}`);
  }
  if (!Number.isInteger(nfe) || nfe < 1 || nfe > MAX_BESPOKE_NFE) {
    throw new FewstepError(
      'unreachable-nfe',
      `a bespoke solver makes 1 to ${MAX_BESPOKE_NFE} evaluations, not ${nfe}`,
      'give such a number: with more, plain solvers are accurate',
    );
  }
  const firstEvaluated = isAnalytical(start) ? 1 : 0;
  const steps = nfe + firstEvaluated;
  const c = steps + 1;
  const logA = c + steps;
  const w: number[] = [];
  let size = logA + nfe;
  for (let n = 0; n < steps; n++) {
    w.push(size);
    size += 2 + evaluationsBy(n, firstEvaluated);
  }
  return { steps, firstEvaluated, c, logA, w, size };
}

/**
 * The numbers of the formula's own solver on these times: c = 1, a = 1, w = 0.
 * @param times decreasing sigma, [bespokeLayout.steps + 1]
 * @throws FewstepError bad-shape for another number of times, and as `bespokeLayout`
 */
export function plainNumbers(form: BespokeForm, times: readonly number[]): Float64Array {
  const { c, logA, steps, size } = bespokeLayout(form);
  if (times.length !== steps + 1) {
    throw new FewstepError(
      'bad-shape',
      `${times.length} times are no grid of ${steps} steps`,
      `give ${steps + 1} times`,
    );
  }
  const numbers = new Float64Array(size);
  for (const [i, time] of times.entries()) numbers[i] = Math.log(time);
  numbers.fill(1, c, logA);
  return numbers;
}

/**
 * The numbers of one evaluation more: what was the result is a state at `time`, from which the formula goes on. That state
 * is nearly the result where `time` is near the end, but for DPM-Solver++, which takes its last step by a lower order.
 * @param form of the solver with fewer
 * @param time between its last two
 * @throws FewstepError bad-grid for another, unreachable-nfe beyond MAX_BESPOKE_NFE
 */
export function extendedNumbers(form: BespokeForm, numbers: Float64Array, time: number): Float64Array {
  const before = bespokeLayout(form);
  const after = bespokeLayout({ ...form, nfe: form.nfe + 1 });
  const { steps } = before;
  const [above, below] = [Math.exp(numbers[steps - 1]), form.range.sigmaMin];
  if (!(time < above && time > below)) {
    throw new FewstepError(
      'bad-grid',
      `an evaluation at ${time} is not between ${above} and ${below}`,
      'give a time between the last two',
    );
  }
  const times = [...numbers.subarray(0, steps).map(Math.exp), time, below];
  const extended = plainNumbers({ ...form, nfe: form.nfe + 1 }, times);
  extended.set(numbers.subarray(before.c, before.logA), after.c);
  extended.set(numbers.subarray(before.logA, before.w[0]), after.logA);
  extended.set(numbers.subarray(before.w[0]), after.w[0]);
  return extended;
}

/**
 * The solver with these numbers. Its operations are the same for all numbers.
 * @param numbers [bespokeLayout.size]; times that do not decrease are not refused here, but by `bespokeSchedule`
 * @param weights how a formula's weights follow from times; for callers that remember them
 * @throws FewstepError as `bespokeLayout`
 */
export function bespokePlan(form: BespokeForm, numbers: Float64Array, weights = formulaWeights): Plan {
  const { steps, firstEvaluated, c, logA, w } = bespokeLayout(form);
  const { start, range, data } = form;
  const times = Array.from({ length: steps + 1 }, (_, i) => Math.exp(numbers[i]));
  // The last time is where samples are asked for, and without a Gaussian start the first is where latents are.
  times[steps] = range.sigmaMin;
  if (start !== 'gaussian') times[0] = range.sigmaMax;
  const b = new PlanBuilder(start === 'gaussian' ? [range.sigmaMax, ...times] : times, false, true);
  const mean = b.constant(data.mean);
  const first = start === 'gaussian' ? gaussianStart(b, mean, form, times[0]) : b.start;
  const states = [first];
  const denoised: Slot[] = [];
  const formulas = weights(form.formula, times);
  for (let n = 0; n < steps; n++) {
    const [x, time, next] = [states[n], times[n], times[n + 1]];
    denoised.push(
      n < firstEvaluated
        ? analyticalDenoised(b, mean, form, time)
        : b.denoised(x, Math.exp(numbers[logA + n - firstEvaluated]) * time),
    );
    const terms = new Map<Slot, number>();
    const add = (slot: Slot, coefficient: number) => terms.set(slot, (terms.get(slot) ?? 0) + coefficient);
    const scale = numbers[c + n];
    const { state, history, velocities } = formulas[n];
    add(x, 1 + scale * (state - 1));
    for (const [j, weight] of history.entries()) {
      // A velocity is (x - D) / t.
      const divisor = velocities ? times[n - j] : -1;
      if (velocities) add(states[n - j], (scale * weight) / divisor);
      add(denoised[n - j], (-scale * weight) / divisor);
    }
    const share = next / times[0];
    add(first, numbers[w[n]] * share);
    add(mean, numbers[w[n] + 1] * (1 - share));
    for (let k = 0; k < evaluationsBy(n, firstEvaluated); k++) {
      add(denoised[firstEvaluated + k], numbers[w[n] + 2 + k] * (1 - share));
    }
    states.push(b.reach(b.combine(...[...terms].map(([slot, coefficient]) => [coefficient, slot] as const))));
  }
  return b.finish('bespoke');
}

function isAnalytical(start: BespokeStart): boolean {
  return start === 'afs' || start === 'calibrated-afs';
}

/** The evaluations made by the end of step n. */
function evaluationsBy(n: number, firstEvaluated: number): number {
  return n + 1 - firstEvaluated;
}

/** x(t_0) = mu + (x_T - mu) sqrt((s^2 + t_0^2) / (s^2 + T^2)): the exact flow of N(mu, s^2). */
function gaussianStart(b: PlanBuilder, mean: Slot, { data, range }: BespokeForm, time: number): Slot {
  const ratio = Math.hypot(data.std, time) / Math.hypot(data.std, range.sigmaMax);
  return b.reach(b.combine([ratio, b.start], [1 - ratio, mean]));
}

function analyticalDenoised(b: PlanBuilder, mean: Slot, { start, data }: BespokeForm, t: number): Slot {
  if (start === 'afs') return b.combine([analyticalFirst(t).denoised, b.start]);
  const share = data.std ** 2 / (data.std ** 2 + t ** 2);
  return b.combine([share, b.start], [1 - share, mean]);
}

/** x' = state * x + sum_j history_j h_{n-j}, newest first, with h the velocities or the denoised. */
export interface FormulaWeights {
  state: number;
  history: number[];
  velocities: boolean;
}

/** What a formula's own solver does in each step on these times. */
function formulaWeights(formula: BespokeFormula, times: readonly number[]): FormulaWeights[] {
  const solver = SOLVERS.find(({ name }) => name === formula)!;
  const { operations } = solver.plan(times);
  const evaluations = operations.filter((operation): operation is Evaluate => operation.kind === 'evaluate');
  const updates = operations.filter((operation) => operation.kind === 'combine');
  return updates.map(({ terms }, n) => {
    const weightOf = (slot: Slot) => (terms.find((term) => term.slot === slot)?.coefficient ?? 0) as number;
    const used = evaluations.slice(0, n + 1).toReversed();
    const oldest = used.findLastIndex(({ out }) => terms.some(({ slot }) => slot === out));
    return {
      state: weightOf(evaluations[n].state),
      history: used.slice(0, oldest + 1).map(({ out }) => weightOf(out)),
      velocities: evaluations[n].output === 'velocity',
    };
  });
}

/** formulaWeights that remembers the last times: most derivatives of a plan leave them alone. */
export function rememberedWeights(): typeof formulaWeights {
  let last: { formula: BespokeFormula; times: readonly number[]; weights: FormulaWeights[] } | undefined;
  return (formula, times) => {
    const same = last?.formula === formula && times.every((time, i) => time === last!.times[i]);
    if (!last || !same) last = { formula, times: [...times], weights: formulaWeights(formula, times) };
    return last.weights;
  };
}
