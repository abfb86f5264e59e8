import { type Asking, POOLS } from '../field/fused.js';
import type { StructValue } from '../gpu/layout.js';
import type { Operation } from '../solver/plan.js';
import type { NetworkPredictor } from './network-predictor.js';
import { coefficientsUniform, networkVariant, stepUniform } from './predictor-pass.js';

/** The variant of the fused kernels that ask AMED's network. */
export function askingOf({ config, predicted }: NetworkPredictor): Asking {
  const {
    conditions: { directed, timed },
    constants,
  } = networkVariant(config);
  const reads = { hidden: config.reads === 'hidden', state: config.reads === 'state' };
  return {
    reads,
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

/** Struct Asked of shaders/fused/asked.wgsl, one a step. */
export function askedSteps({ predicted, config, figures }: NetworkPredictor): StructValue[] {
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
 * @returns a step for each operation that has one
 */
export function askedAfter(
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
