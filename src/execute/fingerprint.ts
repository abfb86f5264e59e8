import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import { checkFingerprint, type Fingerprint, probesOf } from '../field/fingerprint.js';
import type { Gpu } from '../gpu/gpu.js';
import { PlanBuilder } from '../solver/builder.js';
import { solve } from './stepwise.js';

/**
 * What a predictor knows a field by: D at a few fixed probes, in float64 where the field has that form, else on the GPU
 * by plans of one evaluation.
 * @param gpu not needed by a field that has a float64 form
 * @throws FewstepError bad-field where there is neither, not-finite where D is no number
 */
export async function fingerprintOf(field: Field, gpu?: Gpu): Promise<Fingerprint> {
  const { kind, dim } = field;
  const probes = probesOf(dim);
  const denoised = new Float32Array(probes.length * dim);
  for (const [i, { x, sigma }] of probes.entries()) {
    const row = field.denoise ? new Float64Array(dim) : await evaluated(field, gpu, x, sigma);
    field.denoise?.(x, sigma, row as Float64Array);
    denoised.set(row, i * dim);
  }
  const fingerprint = { kind, dim, denoised };
  checkFingerprint(fingerprint);
  return fingerprint;
}

async function evaluated(field: Field, gpu: Gpu | undefined, x: Float64Array, sigma: number) {
  if (!gpu) {
    throw new FewstepError(
      'bad-field',
      `a ${field.kind} field has no float64 form`,
      'give a GPU to evaluate it on',
    );
  }
  const b = new PlanBuilder([sigma, sigma / 2]);
  b.reach(b.denoised(b.start, sigma));
  return (await solve(gpu, field, b.finish('probe'), { latents: { values: x } })).samples;
}
