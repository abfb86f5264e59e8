import { chooseUniversal } from '../../src/distill/bespoke/universal-choice.js';
import type { SolveOptions } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { SigmaRange } from '../../src/grid/grid.js';
import { amedSolver, type Predictor, predictedRun } from '../../src/predictor/predictor.js';
import { resolveGrid } from '../../src/search/resolve-grid.js';
import { evaluationTimes, type Plan } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { parseSolver } from '../../src/solver/registry.js';
import type { UniversalKind } from '../../src/solver/universal.js';
import { randomR } from './random-r.js';
import { isUniversalRow, type Row, SEARCHED_GRID } from './rows.js';
import type { Students } from './students.js';

/** A row at an NFE, ready to be solved. */
export interface Solvable {
  plan: Plan;
  /** Evaluated in place of the subject's field. */
  field?: Field;
  /** Of a universal table what it was trained over. */
  universal?: UniversalKind;
  /** What the plan needs besides its latents. */
  inputs(batch: number, seed: number): Pick<SolveOptions, 'columns' | 'predictor'>;
  /** The grid's times where its name does not tell them; a plugin's plan has those that it looks at between them. */
  times?: readonly number[];
  /** Sigma of each state at which the field is evaluated; undefined where it differs from trajectory to trajectory. */
  evaluationTimes?: number[];
}

export interface SolvableContext {
  gpu: Gpu;
  field: Field;
  range: SigmaRange;
  students: Students;
}

/** The plan of a row, for which its answers are learned, searched or drawn where it has such. */
export async function solvable(context: SolvableContext, row: Row, nfe: number): Promise<Solvable> {
  const { gpu, field, range, students } = context;
  if (row.answers === 'random r') {
    const { times, searched } = await timesForRandom(context, row, nfe);
    const { plan, columns } = randomR(row, times);
    return {
      plan,
      inputs: (batch, seed) => ({ columns: columns(batch, seed) }),
      times: searched ? times : undefined,
    };
  }
  const universal = isUniversalRow(row) ? await chooseUniversal(gpu, field, { nfe, range }) : undefined;
  const given = row.plan ?? universal?.plan;
  if (given) {
    return {
      plan: given,
      ...(universal && { universal: universal.kind }),
      ...(row.field && { field: row.field }),
      inputs: () => ({}),
      times: given.times,
      evaluationTimes: evaluationTimes(given),
    };
  }
  if (row.answers) {
    const from = row.predictor ?? (await students.predictorOf(row, nfe));
    const { plan, predictor } = predictedRun(from, nfe);
    return {
      plan,
      inputs: () => ({ predictor }),
      times: from.schedules.find((schedule) => schedule.nfe === nfe)!.times,
      evaluationTimes: timesOfStates(from, plan, nfe),
    };
  }
  const { grid, search } = await resolveGrid(gpu, field, { ...row, range });
  const { solver, afs } = row;
  const plan = planFor({ solver, afs, grid, nfe, range });
  return {
    plan,
    inputs: () => ({}),
    times: search && plan.times,
    evaluationTimes: evaluationTimes(plan),
  };
}

/** Where the grid is searched, the one on which the best fixed r is. */
async function timesForRandom({ gpu, field, range, students }: SolvableContext, row: Row, nfe: number) {
  if (row.grid === SEARCHED_GRID) {
    const { schedules } = await students.predictorOf({ ...row, answers: 'best r' }, nfe);
    return { times: schedules[0].times, searched: true };
  }
  const { grid, search } = await resolveGrid(gpu, field, { ...row, range });
  const { solver, afs } = row;
  return { times: planFor({ solver, afs, grid, nfe, range }).times, searched: search !== undefined };
}

/**
 * Sigma of each state that is evaluated, where the field is told another time than its own; undefined where
 * trajectories differ.
 */
function timesOfStates(predictor: Predictor, plan: Plan, nfe: number): number[] | undefined {
  if (predictor.kind === 'network') return undefined;
  if (predictor.kind === 'bespoke') {
    const { start, network } = predictor.schedules.find((schedule) => schedule.nfe === nfe)!;
    if (network) return undefined;
    // Other starts than none come before the first evaluation.
    return plan.times.slice(start === 'none' ? 0 : 1, -1);
  }
  if (predictor.kind === 'times') {
    const { times } = predictor.schedules.find((schedule) => schedule.nfe === nfe)!;
    const { solver, options } = parseSolver(predictor.solver);
    return evaluationTimes(solver.plan(times, { afs: plan.afs, options }));
  }
  const { times, answers } = predictor.schedules.find((schedule) => schedule.nfe === nfe)!;
  const { solver, options } = amedSolver(predictor.solver);
  const untold = answers.map((answer) => ({ ...answer, time: 1 }));
  return evaluationTimes(solver.planWith(times, untold, { afs: plan.afs, options }));
}
