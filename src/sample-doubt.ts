import { FewstepError } from './errors.js';
import { comparedFingerprint } from './execute/fingerprint.js';
import type { Field } from './field/field.js';
import type { Gpu } from './gpu/gpu.js';
import { type FieldDoubt, fieldDoubtOf } from './predictor/field-doubt.js';
import { isStored, type StudentRequest } from './sample-plan.js';

/**
 * What there is against a request's predictor on a field, where it says what it was distilled on.
 * @param gpu evaluates the field, once for all requests; without it its float64 form is
 * @throws FewstepError bad-field where the doubt is more than that it transfers in part; as `fingerprintOf`
 */
export async function doubtOf(
  gpu: Gpu | undefined,
  field: Field,
  { predictor }: StudentRequest,
): Promise<FieldDoubt | undefined> {
  if (!predictor || !isStored(predictor)) return undefined;
  const doubt = fieldDoubtOf(predictor, await comparedFingerprint(predictor.field, field, gpu));
  if (!doubt || doubt.transfers === 'in-part') return doubt;
  const besides = doubt.transfers === 'guess' ? '; its `predictor` alone is not compared with a field' : '';
  throw new FewstepError('bad-field', doubt.message, `${doubt.remedy}${besides}`);
}
