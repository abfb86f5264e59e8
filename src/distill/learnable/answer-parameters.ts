import { sigmoid } from '../../mlp/activation.js';
import type { Answer } from '../../solver/amed.js';

/** The ranges of what is learned besides r. */
export interface AnswerScales {
  scaleDirection: number;
  scaleTime: number;
}

/**
 * Answers from unbounded parameters, three a step, as AMED's heads have them: r = sigmoid(p), and a scale
 * 2 s sigmoid(p) + 1 - s, between 1 - s and 1 + s.
 */
export function answersOf(parameters: Float64Array, { scaleDirection, scaleTime }: AnswerScales): Answer[] {
  return Array.from({ length: parameters.length / 3 }, (_, i) => ({
    r: sigmoid(parameters[3 * i]),
    direction: scaleAround1(scaleDirection, parameters[3 * i + 1]),
    time: scaleAround1(scaleTime, parameters[3 * i + 2]),
  }));
}

/** The parameters that give each step its r, [steps], and no scale. */
export function parametersOf(r: readonly number[]): Float64Array {
  return Float64Array.from(r.flatMap((each) => [Math.log(each / (1 - each)), 0, 0]));
}

/** Between 1 - width and 1 + width, and 1 at 0. */
export function scaleAround1(width: number, p: number): number {
  return 1 + width * (2 * sigmoid(p) - 1);
}
