import { type Asking, POOLS } from '../field/fused.js';
import type { StructValue } from '../gpu/layout.js';
import type { Operation, Plan, Slot } from '../solver/plan.js';
import { HIDDEN } from './network-config.js';
import type { NetworkPredictor } from './network-predictor.js';
import { coefficientsUniform, networkVariant, stepUniform } from './predictor-pass.js';

/** What a fused run needs to have a predictor asked inside its kernel. */
export interface FusedAsking {
  /** The kernel's variant. */
  variant: Asking;
  /** The plan as that kernel runs it. */
  plan: Plan;
  /** Which turn of the predictor comes at the end of an operation; -1 is before the first one. */
  after: ReadonlyMap<number, number>;
  /**
   * Struct Asked of the variant, one a turn.
   * @param place of a slot in the kernel
   */
  asked(place: (slot: Slot) => number): StructValue[];
  /** The mean of the data, and what the variant finds behind it. */
  center: Float32Array;
}

/** AMED's network inside a fused run: shaders/fused/asked.wgsl. */
export function networkAsking(predictor: NetworkPredictor): FusedAsking {
  const { predicted, figures } = predictor;
  return {
    variant: askingOf(predictor),
    plan: predicted.plan,
    after: askedAfter(predictor, predicted.plan.operations),
    asked: () => askedSteps(predictor),
    center: figures.mean,
  };
}

/** The variant of the fused kernels that ask AMED's network. */
export function askingOf({ config, predicted }: NetworkPredictor): Asking {
  const {
    conditions: { directed, timed },
    constants,
  } = networkVariant(config);
  const reads = { hidden: config.reads === 'hidden', state: config.reads === 'state' };
  return {
    reads,
    hiddenQuads: HIDDEN / 4,
    conditions: {
      directed,
      timed,
      predicted: true,
      [predicted.formula]: true,
      reads_hidden: reads.hidden,
      reads_state: reads.state,
    },
    constants,
  };
}

function askedSteps({ predicted, config, figures }: NetworkPredictor): StructValue[] {
  return predicted.steps.map((step, n) => ({
    // The chunk's size is the run's to know, and nothing is kept.
    step: { ...stepUniform(config, step, n, 0), answer: predicted.plan.columns + 3 * n },
    spread: figures.std,
    pools: POOLS,
    columns: coefficientsUniform(predicted, step, n, 0),
  }));
}

/**
 * The step that is asked about at the end of an operation: of what it evaluated, or where there is nothing to read,
 * before the first operation that reads the answers.
 */
function askedAfter(
  { predicted }: NetworkPredictor,
  operations: readonly Operation[],
): ReadonlyMap<number, number> {
  return new Map(
    predicted.steps.map(({ evaluation, before }, n) => [
      evaluation ? operations.findIndex(({ out }) => out === evaluation.out) : before - 1,
      n,
    ]),
  );
}
