import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { DataFigures } from '../predictor/network-predictor.js';
import { checkOwnPlan } from '../predictor/own-plan.js';
import type { Plan } from '../solver/plan.js';
import { checkTangent, tangentLayout } from './tangent-layout.js';
import type { TangentPlan } from './tangent-plan.js';

/** Small networks that move the parameters of a solver for each trajectory, along the tangent of its family. */
export interface TangentPredictor {
  kind: 'tangent';
  tangent: TangentPlan;
  /** Flat: the networks of all evaluations, then what moves for all. */
  parameters: Float32Array;
  /** Of the data, in whose units features are. */
  figures: DataFigures;
}

/** @throws FewstepError bad-argument for a plan that is not the predictor's, bad-shape for another dimension */
export function checkTangentPredictor(
  { tangent, parameters, figures }: TangentPredictor,
  field: Field,
  plan: Plan,
): void {
  checkOwnPlan(tangent.plan, plan);
  if (figures.mean.length !== field.dim) {
    throw new FewstepError(
      'bad-shape',
      `the tangent network was trained on states of ${figures.mean.length} numbers, these have ${field.dim}`,
      'use the field that it was trained on',
    );
  }
  checkTangent(tangentLayout(tangent, field.dim), parameters);
}

/** What the parameters that all trajectories share are moved by, in the order of the specification. */
export function sharedMoves(predictor: TangentPredictor): Float32Array {
  const { tangent, parameters, figures } = predictor;
  const { offset } = tangentLayout(tangent, figures.mean.length).shared;
  return parameters.subarray(offset, offset + tangent.shared);
}
