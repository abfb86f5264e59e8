import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import {
  answerReference,
  checkTrajectoryPredictor,
  type TrajectoryPredictor,
} from '../predictor/trajectory-predictor.js';
import { SOLVER_STREAM } from '../rng/streams.js';
import { normals } from '../rng/threefry.js';
import type { Plan, Scalar, Slot } from '../solver/plan.js';
import { stepsOf } from '../solver/plan.js';
import { conditionsOf } from './conditions.js';
import { checkColumns, checkConstants, checkKept, noiseSeed, rowsOf } from './inputs.js';
import { notFinite } from './not-finite.js';

/** What a plan runs on in float64. */
export interface ReferenceOptions {
  /** x at the first time, [batch, dim], in the field's units. */
  latents: ArrayLike<number>;
  /** Per-trajectory times and coefficients, [columns, batch], for plans that read them. */
  columns?: ArrayLike<number>;
  /** Who fills the columns of its plan while that runs; then `columns` are not read. */
  predictor?: TrajectoryPredictor;
  /** Of the noise that a stochastic plan adds in its steps, which cannot do without. */
  seed?: number;
  /** Index of the first trajectory within its whole batch, by which its noise is known; 0 by default. */
  first?: number;
  /** The condition of each trajectory, [batch], of a field that has some; by default in turn, from `first` on. */
  conditions?: ArrayLike<number>;
  /** Slots to return besides the result. */
  keep?: Iterable<Slot>;
}

/** What a plan came to in float64. */
export interface ReferenceSolution {
  /** The state at the last time, [batch, dim], in the field's units. */
  samples: Float64Array;
  /** The slots that were asked for, [batch, dim] each. */
  kept: Map<Slot, Float64Array>;
  /** What the predictor answered, [answers, batch]: AMED's r, direction and time of each step; three moves an evaluation. */
  answers?: Float64Array;
  /** Field evaluations really made, per trajectory. */
  evaluations: number;
}

/**
 * Runs a plan in float64 on the CPU: the truth that every other executor is compared with.
 * @throws FewstepError bad-field where the field has no float64 form, bad-shape, bad-argument, not-finite naming
 *   the first step and how many trajectories there are in which some step is broken
 */
export function solveReference(field: Field, plan: Plan, options: ReferenceOptions): ReferenceSolution {
  const { denoise, dim } = field;
  if (!denoise) {
    throw new FewstepError(
      'bad-field',
      `a ${field.kind} field has no float64 form`,
      'use the stepwise executor',
    );
  }
  const batch = rowsOf(options.latents, dim);
  checkConstants(plan, dim);
  const { predictor } = options;
  const columns = predictor
    ? new Float64Array(plan.columns * batch)
    : Float64Array.from(options.columns ?? []);
  checkColumns(plan, columns, batch);
  if (predictor) checkTrajectoryPredictor(predictor, field, plan);
  const conditions = conditionsOf(field, batch, options.conditions, options.first);
  const asked = predictor && answerReference(predictor, field);
  const answers = asked && Array.from({ length: batch }, () => asked.firstAnswers());
  const keep = new Set<Slot>(options.keep ?? []);
  checkKept(plan, keep);
  const seed = noiseSeed(plan, { seed: options.seed, latents: { values: options.latents } });
  const scalar = (value: Scalar, trajectory: number) =>
    typeof value === 'number'
      ? value
      : value.offset + value.scale * columns[value.column * batch + trajectory];

  const slots: Float64Array[] = [Float64Array.from(options.latents)];
  const steps = stepsOf(plan);
  const broken = new Set<number>();
  let firstBroken: number | undefined;
  let calls = 0;
  for (const [i, operation] of plan.operations.entries()) {
    const out = new Float64Array(batch * dim);
    slots[operation.out] = out;
    const step = asked?.stepBefore(i);
    for (let row = 0; step !== undefined && row < batch; row++) {
      const rowOf = (slot: Slot) => slots[slot].subarray(row * dim, (row + 1) * dim);
      for (const [c, value] of asked!.answer(step, answers![row], rowOf, conditions?.[row]).entries())
        columns[c * batch + row] = value;
    }
    for (let row = 0; row < batch; row++) {
      const [from, to] = [row * dim, (row + 1) * dim];
      switch (operation.kind) {
        case 'evaluate': {
          const x = slots[operation.state].subarray(from, to);
          const denoised = out.subarray(from, to);
          denoise(x, scalar(operation.time, row), denoised, conditions?.[row]);
          calls++;
          if (operation.output === 'velocity') {
            const divisor = scalar(operation.divisor, row);
            for (let d = 0; d < dim; d++) denoised[d] = (x[d] - denoised[d]) / divisor;
          }
          break;
        }
        case 'combine':
          for (const { coefficient, slot } of operation.terms) {
            const c = scalar(coefficient, row);
            for (let d = from; d < to; d++) out[d] += c * slots[slot][d];
          }
          break;
        case 'euler-at': {
          const span = scalar(operation.at, row) - scalar(operation.start, row);
          const h = scalar(operation.scale, row) * span;
          for (let d = from; d < to; d++)
            out[d] = slots[operation.state][d] + h * slots[operation.velocity][d];
          break;
        }
        case 'constant':
          out.set(operation.values, from);
          break;
        case 'noise': {
          const noise = normals(seed, (options.first ?? 0) + row, operation.draw, SOLVER_STREAM, dim);
          for (let d = 0; d < dim; d++)
            out[from + d] = slots[operation.state][from + d] + operation.scale * noise[d];
          break;
        }
      }
    }
    if (markBroken(out, dim, broken)) firstBroken ??= steps[i];
  }
  if (firstBroken !== undefined) throw notFinite(firstBroken, broken.size, batch);
  return {
    samples: slots[plan.states[plan.states.length - 1]],
    kept: new Map([...keep].map((slot) => [slot, slots[slot]])),
    answers: answers && byAnswer(answers),
    evaluations: calls / batch,
  };
}

/** Answers by trajectory as [answers, batch]. */
function byAnswer(answers: readonly Float64Array[]): Float64Array {
  const batch = answers.length;
  return Float64Array.from({ length: answers[0].length * batch }, (_, i) => {
    return answers[i % batch][Math.floor(i / batch)];
  });
}

/** Adds the rows that hold a NaN or an infinity to `broken`; says whether there is one. */
function markBroken(values: Float64Array, dim: number, broken: Set<number>): boolean {
  let found = false;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    broken.add(Math.floor(i / dim));
    found = true;
  }
  return found;
}
