import { silu, siluSlope } from '../mlp/activation.js';
import { HIDDEN, type TangentLayout } from './tangent-layout.js';
import { MOVES, type TangentEvaluation } from './tangent-plan.js';

/** What a network came by. */
export interface TangentAsked {
  features: Float64Array;
  /** The hidden layer before SiLU, [HIDDEN]. */
  z: Float64Array;
  /** [MOVES]; 0 for one that is not there. */
  moves: Float64Array;
}

/** The networks of a tangent predictor in float64: features -> linear, SiLU -> linear -> moves, one an evaluation. */
export class TangentNetwork {
  /** @param parameters [layout.size], in any precision */
  constructor(
    private readonly layout: TangentLayout,
    private readonly evaluations: readonly TangentEvaluation[],
    private readonly parameters: ArrayLike<number>,
  ) {}

  /** What the network of evaluation k answers. */
  forward(k: number, features: Float64Array): TangentAsked {
    const { hiddenWeight, hiddenBias, outputWeight, outputBias } = this.layout.networks[k];
    const { inputs } = this.layout;
    const at = ({ offset }: { offset: number }, i: number) => this.parameters[offset + i];
    const z = Float64Array.from({ length: HIDDEN }, (_, h) =>
      features.reduce((sum, value, i) => sum + at(hiddenWeight, h * inputs + i) * value, at(hiddenBias, h)),
    );
    const moves = Float64Array.from({ length: MOVES }, (_, j) => {
      const output = z.reduce(
        (sum, value, h) => sum + at(outputWeight, j * HIDDEN + h) * silu(value),
        at(outputBias, j),
      );
      const move = this.evaluations[k].moves[j];
      if (!move) return 0;
      return move.width * (move.kind === 'bounded' ? Math.tanh(output) : output);
    });
    return { features, z, moves };
  }

  /** Adds the gradient of the parameters, given that of the moves, [MOVES]. Features are taken as they are. */
  backward(
    k: number,
    { features, z, moves }: TangentAsked,
    given: ArrayLike<number>,
    gradient: Float64Array,
  ) {
    const { hiddenWeight, hiddenBias, outputWeight, outputBias } = this.layout.networks[k];
    const { inputs } = this.layout;
    const toHidden = new Float64Array(HIDDEN);
    for (const [j, move] of this.evaluations[k].moves.entries()) {
      if (!move) continue;
      const slope = move.kind === 'bounded' ? 1 - (moves[j] / move.width) ** 2 : 1;
      const delta = given[j] * move.width * slope;
      gradient[outputBias.offset + j] += delta;
      for (let h = 0; h < HIDDEN; h++) {
        gradient[outputWeight.offset + j * HIDDEN + h] += delta * silu(z[h]);
        toHidden[h] += delta * this.parameters[outputWeight.offset + j * HIDDEN + h];
      }
    }
    for (let h = 0; h < HIDDEN; h++) {
      const delta = toHidden[h] * siluSlope(z[h]);
      gradient[hiddenBias.offset + h] += delta;
      for (let i = 0; i < inputs; i++) gradient[hiddenWeight.offset + h * inputs + i] += delta * features[i];
    }
  }
}
