import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Plan } from '../solver/plan.js';
import { type NetworkConfig, READ_FEATURES } from './network-config.js';
import { NetworkReference } from './network-reference.js';
import { checkOwnPlan } from './own-plan.js';
import type { PredictedPlan } from './predicted-plan.js';
import { stateFeatures } from './state-features.js';

/** The mean and the standard deviation of the data, in whose units state features are. */
export interface DataFigures {
  /** [dim]. */
  mean: Float32Array;
  /** One for all numbers, each from its own dimension's mean. */
  std: number;
}

/** AMED's network that answers per trajectory, and the plan whose columns its answers become. */
export interface NetworkPredictor {
  kind: 'amed';
  predicted: PredictedPlan;
  config: NetworkConfig;
  /** Flat, each tensor padded to a multiple of 4; 8,929 numbers are trained with one head, 8,971 with three. */
  parameters: Float32Array;
  /** Of the data that it was trained on. */
  figures: DataFigures;
}

/**
 * @throws FewstepError bad-argument for a plan that is not the predictor's, bad-field where it reads hidden features and
 *   the field has none, bad-shape
 */
export function checkPredictor(
  { predicted, config, figures }: NetworkPredictor,
  field: Field,
  plan: Plan,
): void {
  checkOwnPlan(predicted.plan, plan);
  if (config.reads === 'hidden' && !field.features) {
    throw new FewstepError(
      'bad-field',
      `the predictor reads hidden features, and a ${field.kind} field has none`,
      'use the field that it was trained on, or train a predictor that reads the state or the times alone',
    );
  }
  if (config.reads !== 'state' || figures.mean.length === field.dim) return;
  throw new FewstepError(
    'bad-shape',
    `the predictor was trained on states of ${figures.mean.length} numbers, these have ${field.dim}`,
    'use the field that it was trained on',
  );
}

/** What a predictor answers in float64, step by step while a plan runs: the truth that the GPU is compared with. */
export class PredictorReference {
  private readonly network: NetworkReference;

  constructor(
    private readonly predictor: NetworkPredictor,
    private readonly field: Field,
  ) {
    checkPredictor(predictor, field, predictor.predicted.plan);
    this.network = new NetworkReference(predictor.config, predictor.parameters);
  }

  /** The step whose predictor is asked before operation i, if there is one. */
  stepBefore(i: number): number | undefined {
    const n = this.predictor.predicted.steps.findIndex(({ before }) => before === i);
    return n < 0 ? undefined : n;
  }

  /** The middle of each step. */
  firstAnswers(): Float64Array {
    const { steps } = this.predictor.predicted;
    return Float64Array.from({ length: 3 * steps.length }, (_, i) => (i % 3 === 0 ? 0.5 : 1));
  }

  /**
   * Answers step n for one trajectory.
   * @param answers its answers, [3 steps], those before step n given; step n's are written
   * @param slot its row of a slot
   * @param condition its own, of a field that has several
   * @returns the plan's columns for these answers; those of later steps mean nothing yet
   */
  answer(
    n: number,
    answers: Float64Array,
    slot: (slot: number) => Float64Array,
    condition?: number,
  ): Float64Array {
    const { predicted } = this.predictor;
    const { answer } = this.network.forward(this.features(n, slot, condition), predicted.steps[n]);
    answers.set([answer.r, answer.direction, answer.time], 3 * n);
    return predicted.family.values(answers);
  }

  /** What it reads in step n, [READ_FEATURES]; zeros where there is nothing to read. */
  features(n: number, slot: (slot: number) => Float64Array, condition?: number): Float64Array {
    const { predicted, config, figures } = this.predictor;
    const { current, evaluation } = predicted.steps[n];
    const features = new Float64Array(READ_FEATURES);
    if (!evaluation) return features;
    const x = slot(evaluation.state);
    if (config.reads === 'hidden') this.field.features!(x, current, features, condition);
    if (config.reads === 'state') {
      const out = slot(evaluation.out);
      const denoised = evaluation.output === 'velocity' ? x.map((value, d) => value - current * out[d]) : out;
      stateFeatures(x, denoised, current, figures, features);
    }
    return features;
  }
}
