import { Matrix, solve } from 'ml-matrix';
import * as v from 'valibot';
import type { PlanBuilder } from './builder.js';
import { defineSolver } from './define.js';
import { lowerOrderFinal } from './dpmpp.js';
import type { Scalar, Slot } from './plan.js';

type Variant = 'bh1' | 'bh2';

/** An evaluation D at its time. */
interface Evaluation {
  time: number;
  denoised: Slot;
}

/** Solves the linear system R rho = b of UniPC with the ratios r_q, the last of which is 1 for the corrector. */
function solveWeights(ratios: number[], hh: number, bh: number): number[] {
  let phi = Math.expm1(hh) / hh - 1;
  let factorial = 1;
  const right: number[] = [];
  const rows = ratios.map((_, k) => {
    right.push((phi * factorial) / bh);
    factorial *= k + 2;
    phi = phi / hh - 1 / factorial;
    return ratios.map((ratio) => ratio ** k);
  });
  return solve(new Matrix(rows), Matrix.columnVector(right)).to1DArray();
}

/** One update: base - B(h) sum_q rho_q (m_q - m_c) / r_q, as one combination. */
function update(
  b: PlanBuilder,
  x: Slot,
  current: Evaluation,
  next: number,
  bh: number,
  rho: number[],
  others: (Evaluation & { ratio: number })[],
): Slot {
  const shrink = next / current.time;
  const pulls = others.map((other, q) => (bh * rho[q]) / other.ratio);
  const terms = others.map((other, q): [Scalar, Slot] => [-pulls[q], other.denoised]);
  return b.combine(
    [shrink, x],
    [1 - shrink + pulls.reduce((sum, pull) => sum + pull, 0), current.denoised],
    ...terms,
  );
}

function writeUnipc(b: PlanBuilder, max: number, variant: Variant, falls: boolean): void {
  const steps = b.times.length - 1;
  let x = b.start;
  let history: Evaluation[] = [{ time: b.times[0], denoised: b.denoised(x, b.times[0]) }];
  for (let i = 0; i < steps; i++) {
    const next = b.times[i + 1];
    const [current, ...past] = history;
    const ramp = Math.min(max, i + 1);
    const order = falls ? Math.min(ramp, steps - i) : ramp;
    const h = Math.log(current.time / next);
    const bh = variant === 'bh1' ? -h : Math.expm1(-h);
    const others = past
      .slice(0, order - 1)
      .map((evaluation) => ({ ...evaluation, ratio: Math.log(current.time / evaluation.time) / h }));
    const ratios = others.map((other) => other.ratio);

    const rho = order === 2 ? [0.5] : order > 2 ? solveWeights(ratios, -h, bh) : [];
    const predicted = update(b, x, current, next, bh, rho, others);
    if (i + 1 === steps) {
      b.reach(predicted);
      return;
    }
    // The evaluation at the prediction corrects this step and serves the next one.
    const evaluation: Evaluation = { time: next, denoised: b.denoised(predicted, next) };
    const corrector = order === 1 ? [0.5] : solveWeights([...ratios, 1], -h, bh);
    x = b.reach(update(b, x, current, next, bh, corrector, [...others, { ...evaluation, ratio: 1 }]));
    history = [evaluation, ...history].slice(0, max);
  }
}

function defineUnipc(order: 2 | 3) {
  return defineSolver({
    name: `unipc-${order}`,
    summary: `UniPC-${order}, data prediction, multistep (arXiv 2302.04867)`,
    order: order + 1,
    options: v.strictObject({
      variant: v.optional(v.picklist(['bh1', 'bh2'], "must be 'bh1' or 'bh2'"), 'bh2'),
      lower_order_final: lowerOrderFinal,
    }),
    write(b, options) {
      writeUnipc(b, order, options.variant, options.lower_order_final);
    },
  });
}

export const unipc = [defineUnipc(2), defineUnipc(3)];
