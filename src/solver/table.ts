import { FewstepError } from '../errors.js';
import { PlanBuilder } from './builder.js';
import { MAX_TERMS, nfeOf, type Plan, refuseStochastic, type Scalar, type Slot } from './plan.js';

/**
 * What every solver of K evaluations is whose coefficients do not depend on x: K times that the field is told, and the
 * state at each evaluation, and the result, as rows over the basis (x_T, mu, D_0 .. D_(K-1)), where x_T are the
 * latents, mu is the mean of the data and D_k is what evaluation k answers. Two solvers are the same if their tables
 * are. Bespoke and BNS solvers (arXiv 2310.19075, 2403.01329) learn such numbers.
 */
export interface SolverTable {
  /** The solver with its options, as one writes it. */
  solver: string;
  /** Where trajectories begin: x_T = sigmaMax times noise. */
  sigmaMax: number;
  /** Where they end. */
  sigmaMin: number;
  /** Sigma that evaluation k is told, [K]. */
  times: number[];
  /** [K + 1]: row k < K is the state at evaluation k, with 2 + k numbers; the last, with 2 + K, is the result. */
  rows: number[][];
}

/** Where x_T, mu and D_0 stand in a row. */
const [LATENTS, MEAN, EVALUATIONS] = [0, 1, 2];

/**
 * The table of a plan, in float64, by running the plan on rows.
 * @throws FewstepError bad-argument for a plan that reads columns, has two different constants, or draws noise
 */
export function tableOf(plan: Plan): SolverTable {
  refuseStochastic(plan, 'only a deterministic solver has a table');
  const nfe = nfeOf(plan);
  const unit = (at: number) => new Float64Array(EVALUATIONS + nfe).fill(1, at, at + 1);
  const number = (scalar: Scalar) => {
    if (typeof scalar === 'number') return scalar;
    throw new FewstepError(
      'bad-argument',
      `the plan of ${plan.solver} reads columns: its coefficients may differ per trajectory`,
      'only a solver that treats all trajectories alike has a table',
    );
  };
  const sum = (...terms: (readonly [coefficient: number, row: Float64Array])[]) => {
    const total = new Float64Array(EVALUATIONS + nfe);
    for (const [coefficient, row] of terms) {
      for (const [i, value] of row.entries()) total[i] += coefficient * value;
    }
    return total;
  };
  const slots: Float64Array[] = [unit(LATENTS)];
  const times: number[] = [];
  const rows: number[][] = [];
  let mean: readonly number[] | undefined;
  for (const operation of plan.operations) {
    switch (operation.kind) {
      case 'evaluate': {
        const state = slots[operation.state];
        const denoised = unit(EVALUATIONS + times.length);
        rows.push([...state.subarray(0, EVALUATIONS + times.length)]);
        times.push(number(operation.time));
        const inverse = 1 / number(operation.divisor);
        slots[operation.out] =
          operation.output === 'velocity' ? sum([inverse, state], [-inverse, denoised]) : denoised;
        break;
      }
      case 'combine':
        slots[operation.out] = sum(
          ...operation.terms.map(({ coefficient, slot }) => [number(coefficient), slots[slot]] as const),
        );
        break;
      case 'euler-at': {
        const span = number(operation.at) - number(operation.start);
        slots[operation.out] = sum(
          [1, slots[operation.state]],
          [number(operation.scale) * span, slots[operation.velocity]],
        );
        break;
      }
      case 'constant': {
        const { values } = operation;
        mean ??= values;
        if (values.length !== mean.length || values.some((value, d) => value !== mean![d])) {
          throw new FewstepError(
            'bad-argument',
            `the plan of ${plan.solver} has two different constants`,
            'a table knows one, the mean of the data',
          );
        }
        slots[operation.out] = unit(MEAN);
      }
    }
  }
  rows.push([...slots[plan.states[plan.states.length - 1]]]);
  const { solver } = plan;
  return { solver, sigmaMax: plan.times[0], sigmaMin: plan.times[plan.times.length - 1], times, rows };
}

/** Whether a table needs the mean of the data. */
export function needsMean({ rows }: SolverTable): boolean {
  return rows.some((row) => row[MEAN] !== 0);
}

/**
 * The plan of a table: each state is a combination of the latents, the mean and what was evaluated before, terms of
 * coefficient 0 left out. Its times are those of its states, where told times decrease.
 * @param mean of the data, [dim], for tables that need it
 * @throws FewstepError bad-argument for a table that is none, or without the mean that it needs
 */
export function planOfTable(table: SolverTable, mean?: readonly number[]): Plan {
  checkTable(table);
  if (needsMean(table) && !mean) {
    throw new FewstepError(
      'bad-argument',
      `the table of ${table.solver} needs the mean of the data`,
      'give the mean that it was made with',
    );
  }
  const { sigmaMax, sigmaMin, times, rows } = table;
  const reached = reachedEvaluations(table);
  const b = new PlanBuilder([sigmaMax, ...reached.map((k) => times[k]), sigmaMin]);
  const basis: Slot[] = [b.start];
  if (needsMean(table)) basis[MEAN] = b.constant(mean!);
  for (const [k, time] of times.entries()) {
    const state = isLatents(rows[k]) ? b.start : combination(b, rows[k], basis);
    if (reached.includes(k)) b.reach(state);
    basis[EVALUATIONS + k] = b.denoised(state, time);
  }
  b.reach(combination(b, rows[times.length], basis));
  return b.finish(table.solver);
}

/**
 * The evaluations whose states stand for their times on the way: of several at one time the last, which a corrector
 * has seen, and none that would come out of order, as told times may.
 */
function reachedEvaluations({ sigmaMax, sigmaMin, times, rows }: SolverTable): number[] {
  const reached: number[] = [];
  let above = sigmaMin;
  for (let k = times.length - 1; k >= 0; k--) {
    if (times[k] <= above || times[k] >= sigmaMax || isLatents(rows[k])) continue;
    reached.unshift(k);
    above = times[k];
  }
  return reached;
}

function isLatents(row: readonly number[]): boolean {
  return row.every((value, i) => value === (i === LATENTS ? 1 : 0));
}

/** Sum of coefficient * slot, in as many combinations as it takes. */
function combination(b: PlanBuilder, row: readonly number[], basis: readonly Slot[]): Slot {
  const terms = row.flatMap((value, i) => (value === 0 ? [] : [[value, basis[i]] as const]));
  let sum = b.combine(...terms.slice(0, MAX_TERMS));
  for (let i = MAX_TERMS; i < terms.length; i += MAX_TERMS - 1) {
    sum = b.combine([1, sum], ...terms.slice(i, i + MAX_TERMS - 1));
  }
  return sum;
}

/** @throws FewstepError bad-argument naming the entry that is wrong */
export function checkTable(table: SolverTable): void {
  const fault = tableFault(table);
  if (fault)
    throw new FewstepError('bad-argument', `the table of ${table.solver}: ${fault.what}`, fault.remedy);
}

/** What is wrong with a table, and what to do about it; undefined where nothing is. */
export function tableFault({
  sigmaMax,
  sigmaMin,
  times,
  rows,
}: SolverTable): { what: string; remedy: string } | undefined {
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin && sigmaMax < Infinity)) {
    return {
      what: `it goes from sigma ${sigmaMax} to ${sigmaMin}`,
      remedy: 'sigma falls, and stays above 0',
    };
  }
  if (times.length === 0) {
    return { what: 'it has no times', remedy: 'give the sigma that each evaluation is told' };
  }
  for (const [k, time] of times.entries()) {
    if (time > 0 && time < Infinity) continue;
    return { what: `times[${k}] is ${time}`, remedy: 'give a positive number' };
  }
  if (rows.length !== times.length + 1) {
    return {
      what: `${rows.length} rows for ${times.length} times`,
      remedy: 'give a row for each time, and one for the result',
    };
  }
  for (const [k, row] of rows.entries()) {
    if (row.length !== EVALUATIONS + k) {
      return {
        what: `rows[${k}] has ${row.length} numbers, not ${EVALUATIONS + k}`,
        remedy: 'row k is over x_T, the mean and the k evaluations before it',
      };
    }
    const bad = row.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) return { what: `rows[${k}][${bad}] is ${row[bad]}`, remedy: 'give a finite number' };
  }
  return undefined;
}
