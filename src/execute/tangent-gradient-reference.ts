import type { Field } from '../field/field.js';
import { MOVES } from '../tangent/tangent-plan.js';
import type { TangentPredictor } from '../tangent/tangent-predictor.js';
import { TangentReference } from '../tangent/tangent-reference.js';
import { type AdjointReferenceOptions, adjointReference } from './adjoint-reference.js';
import { solveReference } from './reference.js';

/**
 * The gradient of a loss to all parameters of a tangent network in float64, features taken as they are: the truth that
 * the GPU is compared with.
 * @returns [tangentLayout.size]
 * @throws FewstepError as adjointReference
 */
export function tangentGradientReference(
  field: Field,
  predictor: TangentPredictor,
  options: Pick<AdjointReferenceOptions, 'latents' | 'conditions' | 'cotangent'>,
): { samples: Float64Array; gradient: Float64Array } {
  const { dim } = field;
  const { tangent, parameters } = predictor;
  const { plan, evaluations } = tangent;
  const all = Array.from({ length: plan.slots }, (_, slot) => slot);
  const { kept, answers } = solveReference(field, plan, { ...options, predictor, keep: all });
  const batch = answers!.length / (MOVES * evaluations.length);
  const reference = new TangentReference(predictor, field);
  const moves = Array.from({ length: batch }, (_, row) =>
    Float64Array.from({ length: MOVES * evaluations.length }, (__, i) => answers![i * batch + row]),
  );
  const columns = new Float64Array(plan.columns * batch);
  for (const [row, own] of moves.entries()) {
    for (const [c, value] of reference.columns(own).entries()) columns[c * batch + row] = value;
  }
  const { samples, columns: given } = adjointReference(field, plan, { ...options, columns });

  const gradient = new Float64Array(parameters.length);
  for (const [row, own] of moves.entries()) {
    const toMoves = new Float64Array(own.length);
    for (const [c, { logarithmic, slopes }] of tangent.columns.entries()) {
      const i = c * batch + row;
      const toShift = given[i] * (logarithmic ? columns[i] : 1);
      for (const j of own.keys()) toMoves[j] += toShift * slopes[j];
      for (let p = 0; p < tangent.shared; p++) {
        gradient[reference.layout.shared.offset + p] += toShift * slopes[own.length + p];
      }
    }
    const slot = (s: number) => kept.get(s)!.subarray(row * dim, (row + 1) * dim);
    for (const k of evaluations.keys()) {
      const asked = reference.network.forward(k, reference.features(k, own, slot));
      reference.network.backward(k, asked, toMoves.subarray(MOVES * k, MOVES * (k + 1)), gradient);
    }
  }
  return { samples, gradient };
}
