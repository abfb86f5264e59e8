import { FewstepError } from '../errors.js';
import { checkField } from '../field/check.js';
import type { Field } from '../field/field.js';
import {
  checkFingerprint,
  type Fingerprint,
  type Probe,
  probeConditions,
  probesOf,
  sameField,
} from '../field/fingerprint.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { PlanBuilder } from '../solver/builder.js';
import { perTrajectory } from '../solver/plan.js';
import { solve } from './solve.js';

/**
 * What a predictor knows a field by: D at a few fixed probes, on the GPU by a plan of one evaluation, or without one in
 * float64. Both are the same field to `sameField`.
 * @throws FewstepError bad-argument for arguments in another order, bad-field without a GPU and a float64 form,
 *   not-finite where D is no number
 */
export async function fingerprintOf(field: Field, gpu?: Gpu): Promise<Fingerprint> {
  checkField(field);
  if (gpu !== undefined) checkGpu(gpu);
  const { kind, dim, conditions } = field;
  const probes = probesOf(dim);
  const denoised = gpu ? await evaluated(gpu, field, probes) : exact(field, probes);
  const fingerprint = { kind, dim, ...(conditions !== undefined && { conditions }), denoised };
  checkFingerprint(fingerprint);
  return fingerprint;
}

/**
 * The fingerprint by which a field is compared with the one that something was learned on: its own, or that of the whole
 * field which it is a part of, where it was learned on that.
 * @throws FewstepError as `fingerprintOf`
 */
export async function comparedFingerprint(
  learned: Fingerprint,
  field: Field,
  gpu?: Gpu,
): Promise<Fingerprint> {
  const own = await keptFingerprint(field, gpu);
  if (!field.whole || sameField(learned, own)) return own;
  const whole = await keptFingerprint(field.whole, gpu);
  return sameField(learned, whole) ? whole : own;
}

/** Of fields that are compared: a fingerprint is the same on every adapter. */
const fingerprints = new WeakMap<Field, Promise<Fingerprint>>();

function keptFingerprint(field: Field, gpu?: Gpu): Promise<Fingerprint> {
  const fingerprint = fingerprints.get(field) ?? fingerprintOf(field, gpu);
  fingerprints.set(field, fingerprint);
  fingerprint.catch(() => fingerprints.delete(field));
  return fingerprint;
}

/** All probes as one batch, each trajectory with its own time. */
async function evaluated(gpu: Gpu, field: Field, probes: readonly Probe[]): Promise<Float32Array> {
  // The grid's times say nothing here: the column does.
  const b = new PlanBuilder([2, 1]);
  b.reach(b.denoised(b.start, perTrajectory(0)));
  const { samples } = await solve(gpu, field, b.finish('probe'), {
    latents: { values: probes.flatMap(({ x }) => [...x]) },
    columns: probes.map(({ sigma }) => sigma),
    conditions: probeConditions(field.conditions),
  });
  return samples;
}

function exact(field: Field, probes: readonly Probe[]): Float32Array {
  const { kind, dim, denoise } = field;
  if (!denoise) {
    throw new FewstepError(
      'bad-field',
      `a ${kind} field has no float64 form`,
      'give a GPU to evaluate it on',
    );
  }
  const all = new Float32Array(probes.length * dim);
  const out = new Float64Array(dim);
  const conditions = probeConditions(field.conditions);
  for (const [i, { x, sigma }] of probes.entries()) {
    denoise(x, sigma, out, conditions?.[i]);
    all.set(out, i * dim);
  }
  return all;
}
