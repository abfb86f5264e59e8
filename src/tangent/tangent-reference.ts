import type { Field } from '../field/field.js';
import type { Slot } from '../solver/plan.js';
import { tangentFeatures } from './tangent-features.js';
import { type TangentLayout, tangentLayout } from './tangent-layout.js';
import { TangentNetwork } from './tangent-network.js';
import { MOVES, shifted } from './tangent-plan.js';
import { checkTangentPredictor, sharedMoves, type TangentPredictor } from './tangent-predictor.js';

/**
 * What a tangent network answers in float64, turn by turn while its plan runs: the truth that the GPU is compared with.
 * Turn 0 is before the first operation, where only what all trajectories share moves; turn k + 1 comes after evaluation k.
 */
export class TangentReference {
  readonly layout: TangentLayout;
  readonly network: TangentNetwork;
  private readonly shared: ArrayLike<number>;

  constructor(
    readonly predictor: TangentPredictor,
    field: Field,
  ) {
    const { tangent, parameters } = predictor;
    checkTangentPredictor(predictor, field, tangent.plan);
    this.layout = tangentLayout(tangent, field.dim);
    this.network = new TangentNetwork(this.layout, tangent.evaluations, parameters);
    this.shared = sharedMoves(predictor);
  }

  stepBefore(i: number): number | undefined {
    if (i === 0) return 0;
    const k = this.predictor.tangent.evaluations.findIndex(({ operation }) => operation + 1 === i);
    return k < 0 ? undefined : k + 1;
  }

  /** Nothing has moved. */
  firstAnswers(): Float64Array {
    return new Float64Array(MOVES * this.predictor.tangent.evaluations.length);
  }

  answer(n: number, answers: Float64Array, slot: (slot: Slot) => Float64Array): Float64Array {
    if (n > 0) {
      const features = this.features(n - 1, answers, slot);
      answers.set(this.network.forward(n - 1, features).moves, MOVES * (n - 1));
    }
    return this.columns(answers);
  }

  /** The plan's columns for the moves of one trajectory, [3 evaluations]. */
  columns(answers: Float64Array): Float64Array {
    return Float64Array.from(this.predictor.tangent.columns, (column) => {
      const { slopes } = column;
      const own = answers.reduce((sum, move, i) => sum + slopes[i] * move, 0);
      return shifted(
        column,
        Array.from(this.shared).reduce((sum, move, p) => sum + slopes[answers.length + p] * move, own),
      );
    });
  }

  /** What is read after evaluation k, given the moves before. */
  features(k: number, answers: Float64Array, slot: (slot: Slot) => Float64Array): Float64Array {
    const { tangent, figures } = this.predictor;
    const { state, out, previous, time } = tangent.evaluations[k];
    const told =
      typeof time === 'number' ? time : time.offset + time.scale * this.columns(answers)[time.column];
    const before = previous === undefined ? undefined : slot(previous);
    const read = { x: slot(state), denoised: slot(out), previous: before, time: told };
    return tangentFeatures(read, figures, this.layout);
  }
}
