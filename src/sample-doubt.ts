import { FewstepError } from './errors.js';
import { fingerprintOf } from './execute/fingerprint.js';
import type { Field } from './field/field.js';
import type { Fingerprint } from './field/fingerprint.js';
import type { Gpu } from './gpu/gpu.js';
import { type FieldDoubt, fieldDoubtOf } from './predictor/field-doubt.js';
import { isStored, type StudentRequest } from './sample-plan.js';

/** Of fields that were sampled with a stored predictor: a fingerprint is the same on every adapter. */
const fingerprints = new WeakMap<Field, Promise<Fingerprint>>();

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
  const fingerprint = fingerprints.get(field) ?? fingerprintOf(field, gpu);
  fingerprints.set(field, fingerprint);
  fingerprint.catch(() => fingerprints.delete(field));
  const doubt = fieldDoubtOf(predictor, await fingerprint);
  if (!doubt || doubt.transfers === 'in-part') return doubt;
  const besides = doubt.transfers === 'guess' ? '; its `predictor` alone is not compared with a field' : '';
  throw new FewstepError('bad-field', doubt.message, `${doubt.remedy}${besides}`);
}
