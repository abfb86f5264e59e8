import { isObject, isPromise, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { AmedSolver, Answer } from '../solver/amed.js';
import type { Plan } from '../solver/plan.js';
import { parseSolver, solvers } from '../solver/registry.js';
import { withToldTimes } from '../solver/told-times.js';
import { type BespokePredictor, runOfSchedule } from './bespoke-predictor.js';
import type { NetworkConfig } from './network-config.js';
import type { DataFigures } from './network-predictor.js';
import { type LogitOffset, predictedPlan } from './predicted-plan.js';
import type { TrajectoryPredictor } from './trajectory-predictor.js';

/** What a student learned, and what it learned it for. */
export type Predictor = TablePredictor | StoredNetwork | TimesPredictor | BespokePredictor;

/** What a predictor of an existing solver says of that. */
export interface PredictorBase {
  /** The solver with its options, as one writes it: 'amed-ipndm:order=3'. */
  solver: string;
  /** Whether the first evaluation is analytical. */
  afs: boolean;
}

/** Answers that all trajectories share, one a step. */
export interface TablePredictor extends PredictorBase {
  kind: 'table';
  schedules: (Schedule & { answers: Answer[] })[];
}

/** Times that a solver learned which is otherwise as it was published. */
export interface TimesPredictor extends PredictorBase {
  kind: 'times';
  /**
   * `grid`: what the times began as. `told`: what each evaluation's time is multiplied by where the field is told it,
   * [nfe].
   */
  schedules: (Schedule & { told: number[] })[];
}

/** A network that answers per trajectory; its answers depend on the times, so that one may serve several NFE. */
export interface StoredNetwork extends PredictorBase {
  kind: 'network';
  /** `offsets`: what is added to the network's logits, one a step; none as published. */
  schedules: (Schedule & { offsets?: LogitOffset[] })[];
  config: NetworkConfig;
  /** Flat, as `NetworkPredictor` has them. */
  parameters: Float32Array;
  /** Of the data that it was trained on. */
  figures: DataFigures;
}

/** A number of evaluations and the times that they were learned on. */
export interface Schedule {
  /** Field evaluations per trajectory. */
  nfe: number;
  /** Name of the grid, for people. */
  grid: string;
  /** Decreasing sigma, [steps + 1]. */
  times: number[];
}

/** What `solve` needs to sample with a predictor. */
export interface PredictedRun {
  /** With exactly the NFE asked for. */
  plan: Plan;
  /** Where answers differ from trajectory to trajectory. */
  predictor?: TrajectoryPredictor;
}

/**
 * The plan of a predictor at an NFE.
 * @throws FewstepError unreachable-nfe where it did not learn for this NFE. A predictor from a file has been checked;
 *   one made by hand may also have a solver that does not exist (unknown-name) or learns something else, options that
 *   it does not take, answers that cannot be or scales that are not above 0 (bad-argument), times that do not decrease
 *   (bad-grid), or another number of scales than of evaluations (bad-shape). bad-argument for what is none at all
 */
export function predictedRun(predictor: Predictor, nfe: number): PredictedRun {
  checkStored(predictor);
  const { solver: text, afs } = predictor;
  const index = predictor.schedules.findIndex((schedule) => schedule.nfe === nfe);
  if (index < 0) {
    throw new FewstepError(
      'unreachable-nfe',
      `the predictor of ${text} learned nothing for NFE ${nfe}`,
      `it learned for ${predictor.schedules.map((schedule) => schedule.nfe).join(', ')}: take one of them, or distil again`,
    );
  }
  if (predictor.kind === 'bespoke') return runOfSchedule(predictor, predictor.schedules[index]);
  if (predictor.kind === 'times') {
    const { solver, options } = timesSolver(text);
    const { times, told } = predictor.schedules[index];
    return { plan: withToldTimes(solver.plan(times, { afs, options }), told) };
  }
  const { solver, options } = amedSolver(text);
  if (predictor.kind === 'table') {
    const { times, answers } = predictor.schedules[index];
    return { plan: solver.planWith(times, answers, { afs, options }) };
  }
  const { config, parameters, figures, schedules } = predictor;
  const scaled = { direction: config.scaleDirection > 0, time: config.scaleTime > 0 };
  const { times, offsets } = schedules[index];
  const predicted = predictedPlan(solver, times, { afs, options, scaled }, offsets);
  return { plan: predicted.plan, predictor: { kind: 'amed', predicted, config, parameters, figures } };
}

/** @throws FewstepError bad-argument for what is no predictor */
export function checkStored(predictor: unknown): void {
  if (isObject(predictor) && Array.isArray(predictor.schedules)) return;
  const file = isObject(predictor) && isObject(predictor.predictor);
  throw new FewstepError(
    'bad-argument',
    `the predictor is ${file ? 'all of what its file holds' : shown(predictor)}, not a Predictor`,
    isPromise(predictor)
      ? 'await it'
      : 'give the entry predictor of what loadPredictor or decodePredictor returns',
  );
}

/**
 * Reads a solver that asks a predictor, as one writes it: 'amed', 'amed-ipndm:order=3'.
 * @throws FewstepError bad-argument for a solver that takes no predictor, and as `parseSolver`
 */
export function amedSolver(text: string): { solver: AmedSolver; options: Record<string, unknown> } {
  const { solver, options } = parseSolver(text);
  if ('planWith' in solver) return { solver: solver as AmedSolver, options };
  throw new FewstepError(
    'bad-argument',
    `the solver '${solver.name}' takes no predictor`,
    'take one that does, such as amed or amed-ipndm: amedSolvers and `fewstep solvers` list them',
  );
}

/** @throws FewstepError bad-argument for a solver that is none of the ODE or learns something else, and as parseSolver */
export function timesSolver(text: string): ReturnType<typeof parseSolver> {
  const parsed = parseSolver(text);
  const { name } = parsed.solver;
  if (solvers.includes(parsed.solver)) return parsed;
  const why = 'planWith' in parsed.solver ? 'learns answers, not times' : 'draws noise in its steps';
  throw new FewstepError(
    'bad-argument',
    `the solver '${name}' ${why}`,
    'take one of the ODE that learned nothing, such as unipc-2: solvers and `fewstep solvers` list them',
  );
}
