import { type BespokeForm, bespokeLayout } from '../solver/bespoke.js';
import { bespokeFamily } from '../solver/bespoke-family.js';
import type { Move, TangentSpec } from './tangent-plan.js';

/** Of outputs that move c_n and log a_k. */
const WIDTH = 0.1;

/**
 * What a network moves in a bespoke solver after evaluation k, which belongs to step n: log t_{n+1} by up to half of the
 * smaller gap beside it, so that times stay in order, c_n, and the log of the next a. Everything that may be learned moves
 * for all trajectories too.
 */
export function bespokeTangent(form: BespokeForm, numbers: Float64Array): TangentSpec {
  const { steps, firstEvaluated, c, logA, size } = bespokeLayout(form);
  const moves = Array.from({ length: form.nfe }, (_, k): (Move | undefined)[] => {
    const n = k + firstEvaluated;
    const gap = (i: number) => numbers[i] - numbers[i + 1];
    const inner = n + 1 < steps;
    return [
      inner ? { parameter: n + 1, kind: 'bounded', width: Math.min(gap(n), gap(n + 1)) / 2 } : undefined,
      { parameter: c + n, kind: 'scaled', width: WIDTH },
      k + 1 < form.nfe ? { parameter: logA + k + 1, kind: 'scaled', width: WIDTH } : undefined,
    ];
  });
  const fixed = new Set(form.start === 'gaussian' ? [steps] : [0, steps]);
  const shared = Array.from({ length: size }, (_, i) => i).filter((i) => !fixed.has(i));
  return { family: bespokeFamily(form), parameters: numbers, moves, shared };
}
