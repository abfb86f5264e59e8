import * as v from 'valibot';
import { isObject } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { type Fingerprint, PROBES } from '../field/fingerprint.js';
import { shapeText } from '../io/array.js';
import { badContent, checkFormat, type Format, readMetadata } from '../io/file-format.js';
import { parseSafetensors, type StoredTensor, writeSafetensors } from '../io/safetensors.js';
import { conform } from '../io/schema.js';
import { nfeOf } from '../solver/plan.js';
import { VERSION } from '../version.js';
import { type Predictor, predictedRun } from './predictor.js';
import { storedBespoke } from './stored-bespoke.js';
import { count, finite, type PredictorReader, type Refusal, type StoredKind } from './stored-kind.js';
import { storedNetwork } from './stored-network.js';
import { storedTable } from './stored-table.js';
import { storedTimes } from './stored-times.js';

const seconds = v.pipe(finite, v.minValue(0));
/** A student that diverged has an infinite error, which JSON cannot say: null. */
const errorSchema = v.strictObject({ mean: v.nullable(finite), median: v.nullable(finite) });
const fieldSchema = v.strictObject({
  kind: v.string(),
  dim: v.pipe(count, v.minValue(1)),
  conditions: v.optional(v.pipe(count, v.minValue(1))),
});
const trainingSchema = v.strictObject({
  recipe: v.string(),
  field: v.string(),
  teacher: v.strictObject({ solver: v.string(), nfe: count, grid: v.string(), evaluations: count }),
  trajectories: count,
  validation: count,
  batch: count,
  iterations: count,
  endedEarly: v.optional(v.literal(true)),
  seed: count,
  adapter: v.string(),
  seconds: v.strictObject({ teacher: seconds, search: seconds, training: seconds }),
  scores: v.array(v.strictObject({ nfe: count, base: errorSchema, start: errorSchema, best: errorSchema })),
  stages: v.optional(
    v.array(
      v.strictObject({
        nfe: count,
        seconds: v.strictObject({ search: seconds, candidates: seconds, table: seconds }),
        iterations: v.strictObject({ candidates: count, table: count }),
        networks: v.optional(
          v.strictObject({
            kept: v.boolean(),
            iterations: count,
            seconds: v.strictObject({ net: seconds, table: seconds }),
          }),
        ),
      }),
    ),
  ),
});

/** How a predictor was made, for people: settings, the time it took, and its errors on validation trajectories. */
export type DistillationInfo = v.InferOutput<typeof trainingSchema>;

/** A predictor as a file holds it. */
export interface StoredPredictor {
  predictor: Predictor;
  /** The field that it was distilled on: `fingerprintOf` it. */
  field: Fingerprint;
  training?: DistillationInfo;
}

const FORMAT: Format = 'fewstep-predictor-1';

/** By the metadata's `kind`. */
const KINDS: { [Kind in Predictor['kind']]: StoredKind<Extract<Predictor, { kind: Kind }>> } = {
  table: storedTable,
  network: storedNetwork,
  times: storedTimes,
  bespoke: storedBespoke,
};

/**
 * A predictor as a safetensors file. The metadata has `format`, the `fewstep` that wrote it, `kind` ('table', 'network',
 * 'times' or 'bespoke'), `solver` as one writes it and, as JSON, `afs`, `schedules` (of each its NFE, the name of its
 * grid, and what its kind needs), `field` (kind, dim and, where it has some, conditions) and `training` (null for none).
 * Tensors:
 *
 *   field.denoised  F32 [6, dim]    D at the probes of src/field/fingerprint.ts
 *
 * and those of its kind: stored-table.ts, stored-network.ts, stored-times.ts, stored-bespoke.ts.
 *
 * @throws FewstepError bad-argument for what could not be read again, bad-shape and not-finite for its numbers
 */
export function encodePredictor(stored: StoredPredictor): Uint8Array {
  if (!isObject(stored) || !isObject(stored.predictor) || !isObject(stored.field)) {
    throw new FewstepError(
      'bad-argument',
      'a predictor cannot be saved without its field',
      'give what distill returns, or { predictor, field: await fingerprintOf(field) }',
    );
  }
  const { predictor, field, training } = stored;
  const refuse = (what: string) =>
    new FewstepError('bad-argument', `a predictor cannot be saved: ${what}`, 'correct it there');
  const { kind, solver, afs } = predictor;
  const { denoised, ...ofField } = field;
  const own = (KINDS[kind] as StoredKind<Predictor>).encode(predictor, refuse);
  checkSchedules(predictor, refuse);
  const metadata: Record<string, string> = {
    format: FORMAT,
    fewstep: VERSION,
    kind,
    solver,
    afs: JSON.stringify(afs),
    field: JSON.stringify(conform(fieldSchema, ofField, refuse)),
    training: JSON.stringify(conform(v.nullable(trainingSchema), training ?? null, refuse)),
    ...own.metadata,
  };
  const tensors = new Map<string, StoredTensor>([
    ['field.denoised', { shape: [PROBES, field.dim], values: denoised }],
    ...own.tensors,
  ]);
  return writeSafetensors({ tensors, metadata });
}

/**
 * What `encodePredictor` wrote, its numbers bit for bit.
 *
 * @param name the file, for errors
 * @throws FewstepError bad-argument for what is not bytes; bad-data naming the file and the tensor or the entry of
 *   the metadata
 */
export function decodePredictor(
  bytes: Uint8Array | ArrayBuffer,
  name: string,
): StoredPredictor & { fewstep: string } {
  const file = parseSafetensors(bytes, name);
  checkFormat(file, FORMAT, name);
  const { metadata } = file;
  const bad = (what: string, cause?: unknown) => badContent(file, name, what, cause);
  const known = new Set<string>();
  const tensor: PredictorReader['tensor'] = (key, type, shape) => {
    known.add(key);
    const found = file.tensors.get(key);
    const needed = `[${shape.map((length) => length ?? 'any').join(', ')}]`;
    if (!found) throw bad(`tensor '${key}' of shape ${needed} is missing`);
    const fits =
      found.shape.length === shape.length &&
      shape.every((length, axis) => (length ?? found.shape[axis]) === found.shape[axis]);
    if (!fits) throw bad(`tensor '${key}' has the shape ${shapeText(found.shape)}, not ${needed}`);
    if (found.values instanceof type) return { ...found, values: found.values };
    throw bad(`tensor '${key}' is ${found.values instanceof Float32Array ? 'F32, not F64' : 'F64, not F32'}`);
  };
  const entry: PredictorReader['entry'] = (key, schema) => readMetadata(file, key, schema, name);

  for (const key of ['kind', 'solver']) {
    if (!Object.hasOwn(metadata, key)) throw bad(`its metadata has no '${key}'`);
  }
  const { kind, solver } = metadata;
  const afs = entry('afs', v.boolean());
  const ofField = entry('field', fieldSchema);
  const training = entry('training', v.nullable(trainingSchema)) ?? undefined;
  const denoised = tensor('field.denoised', Float32Array, [PROBES, ofField.dim]).values;
  if (!Object.hasOwn(KINDS, kind)) {
    const kinds = Object.keys(KINDS).map((each) => `'${each}'`);
    throw bad(`it is a predictor of the kind '${kind}', and there are ${kinds.join(', ')}`);
  }
  const { dim } = ofField;
  const predictor = KINDS[kind as Predictor['kind']].decode({ solver, afs, dim, entry, tensor, bad });
  for (const key of file.tensors.keys()) {
    if (!known.has(key)) throw bad(`tensor '${key}' has no place in it`);
  }
  checkSchedules(predictor, bad);
  return { predictor, field: { ...ofField, denoised }, training, fewstep: metadata.fewstep ?? 'unknown' };
}

/** Refuses a predictor whose plans cannot be made, or make another number of evaluations than it says. */
function checkSchedules(predictor: Predictor, refuse: Refusal): void {
  const seen = new Set<number>();
  for (const { nfe, times } of predictor.schedules) {
    if (seen.has(nfe)) throw refuse(`it has two schedules for NFE ${nfe}`);
    seen.add(nfe);
    const { plan } = planned(
      () => predictedRun(predictor, nfe),
      (error) => refuse(`its schedule for NFE ${nfe} cannot be: ${error.message}`, error),
    );
    const made = nfeOf(plan);
    if (made !== nfe) throw refuse(`its schedule for NFE ${nfe} makes ${made} evaluations`);
    if (predictor.kind === 'bespoke' && times.some((time, i) => time !== plan.times[i])) {
      throw refuse(`its schedule for NFE ${nfe} has times that are not those of its numbers`);
    }
  }
}

function planned<T>(plan: () => T, refuse: (error: FewstepError) => Error): T {
  try {
    return plan();
  } catch (error) {
    throw error instanceof FewstepError ? refuse(error) : error;
  }
}
