import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import { checkFingerprint, type Fingerprint, type Probe, probesOf } from '../field/fingerprint.js';
import type { Gpu } from '../gpu/gpu.js';
import { PlanBuilder } from '../solver/builder.js';
import { solve } from './stepwise.js';

/**
 * What a predictor knows a field by: D at a few fixed probes, on the GPU by plans of one evaluation, or without one in
 * float64, which takes seconds where the data are many. Both are the same field to `sameField`.
 * @throws FewstepError bad-field without a GPU and a float64 form, not-finite where D is no number
 */
export async function fingerprintOf(field: Field, gpu?: Gpu): Promise<Fingerprint> {
  const { kind, dim } = field;
  const probes = probesOf(dim);
  const denoised = new Float32Array(probes.length * dim);
  for (const [i, probe] of probes.entries()) {
    denoised.set(gpu ? await evaluated(gpu, field, probe) : exact(field, probe), i * dim);
  }
  const fingerprint = { kind, dim, denoised };
  checkFingerprint(fingerprint);
  return fingerprint;
}

async function evaluated(gpu: Gpu, field: Field, { x, sigma }: Probe): Promise<Float32Array> {
  const b = new PlanBuilder([sigma, sigma / 2]);
  b.reach(b.denoised(b.start, sigma));
  return (await solve(gpu, field, b.finish('probe'), { latents: { values: x } })).samples;
}

function exact({ kind, dim, denoise }: Field, { x, sigma }: Probe): Float64Array {
  if (!denoise) {
    throw new FewstepError(
      'bad-field',
      `a ${kind} field has no float64 form`,
      'give a GPU to evaluate it on',
    );
  }
  const out = new Float64Array(dim);
  denoise(x, sigma, out);
  return out;
}
