import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { type Fingerprint, PROBES } from '../field/fingerprint.js';
import { shapeText } from '../io/array.js';
import { badContent, checkFormat, type Format, readMetadata } from '../io/file-format.js';
import { parseSafetensors, type StoredTensor, writeSafetensors } from '../io/safetensors.js';
import { conform } from '../io/schema.js';
import { type Answer, fixedAnswers } from '../solver/amed.js';
import { answersIn } from '../solver/amed-family.js';
import { nfeOf } from '../solver/plan.js';
import { VERSION } from '../version.js';
import { type NetworkConfig, type NetworkTensor, networkLayout } from './network-config.js';
import { amedSolver, type Predictor, type Schedule, type StoredNetwork } from './predictor.js';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const seconds = v.pipe(finite, v.minValue(0));
/** A student that diverged has an infinite error, which JSON cannot say: null. */
const errorSchema = v.strictObject({ mean: v.nullable(finite), median: v.nullable(finite) });
const scale = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

const schedulesSchema = v.pipe(
  v.array(
    v.strictObject({
      nfe: count,
      grid: v.string(),
      times: v.pipe(v.array(v.number()), v.minLength(2)),
      offsets: v.optional(v.array(v.strictTuple([finite, finite, finite]))),
    }),
  ),
  v.minLength(1),
);
const fieldSchema = v.strictObject({ kind: v.string(), dim: v.pipe(count, v.minValue(1)) });
const networkSchema = v.strictObject({
  scaleDirection: scale,
  scaleTime: scale,
  reads: v.picklist(['hidden', 'state', 'times']),
  std: v.pipe(finite, v.gtValue(0)),
});
const trainingSchema = v.strictObject({
  recipe: v.string(),
  field: v.string(),
  teacher: v.strictObject({ solver: v.string(), nfe: count, grid: v.string(), evaluations: count }),
  trajectories: count,
  validation: count,
  batch: count,
  iterations: count,
  seed: count,
  adapter: v.string(),
  seconds: v.strictObject({ teacher: seconds, search: seconds, training: seconds }),
  scores: v.array(v.strictObject({ nfe: count, base: errorSchema, start: errorSchema, best: errorSchema })),
});

/** Mean and median distance of a student's end points to its teacher's; null where it diverged. */
export type StoredScore = v.InferOutput<typeof errorSchema>;

/** How a predictor was made, for people: settings, the time it took, and its errors on validation trajectories. */
export type DistillationInfo = v.InferOutput<typeof trainingSchema>;

/** A predictor as a file holds it. */
export interface StoredPredictor {
  predictor: Predictor;
  /** The field that it was distilled on. */
  field: Fingerprint;
  training?: DistillationInfo;
}

const FORMAT: Format = 'fewstep-predictor-1';

/** Columns of `answers.<nfe>`. */
const ANSWERS = 3;

/**
 * A predictor as a safetensors file. The metadata has `format`, the `fewstep` that wrote it, `kind` ('table' or
 * 'network'), `solver` as one writes it and, as JSON, `afs`, `schedules` (of each its NFE, the name of its grid, its
 * times and, of a network that corrects a table, `offsets`: three logits a step), `field` (kind and dim) and `training` (null for none). Tensors:
 *
 *   field.denoised  F32 [6, dim]    D at the probes of src/field/fingerprint.ts
 *   answers.<nfe>   F64 [steps, 3]  of a table: r, scale of the direction and scale of the time, a step a row
 *   network.*       F32 [rows, columns]  of a network, those of `networkLayout`
 *   figures.mean    F32 [dim]       of a network, the mean of the data; its std and the configuration are in the
 *                                   metadata's `network`
 *
 * @throws FewstepError bad-argument for what could not be read again, bad-shape and not-finite for its numbers
 */
export function encodePredictor({ predictor, field, training }: StoredPredictor): Uint8Array {
  const refuse = (what: string) =>
    new FewstepError('bad-argument', `a predictor cannot be saved: ${what}`, 'correct it there');
  const { kind, solver, afs } = predictor;
  const schedules = predictor.schedules.map((schedule) => {
    const { nfe, grid, times } = schedule;
    const offsets = 'offsets' in schedule ? schedule.offsets?.map((offset) => [...offset]) : undefined;
    return { nfe, grid, times, ...(offsets && { offsets }) };
  });
  checkSchedules(predictor, refuse);
  const metadata: Record<string, string> = {
    format: FORMAT,
    fewstep: VERSION,
    kind,
    solver,
    afs: JSON.stringify(afs),
    schedules: JSON.stringify(conform(schedulesSchema, schedules, refuse)),
    field: JSON.stringify(conform(fieldSchema, { kind: field.kind, dim: field.dim }, refuse)),
    training: JSON.stringify(conform(v.nullable(trainingSchema), training ?? null, refuse)),
  };
  const tensors = new Map<string, StoredTensor>([
    ['field.denoised', { shape: [PROBES, field.dim], values: field.denoised }],
  ]);
  if (predictor.kind === 'table') {
    for (const { nfe, answers } of predictor.schedules) {
      const values = Float64Array.from(answers.flatMap(({ r, direction, time }) => [r, direction, time]));
      tensors.set(`answers.${nfe}`, { shape: [answers.length, ANSWERS], values });
    }
  } else {
    const { config, parameters, figures } = predictor;
    const network = conform(networkSchema, { ...config, std: figures.std }, refuse);
    metadata.network = JSON.stringify(network);
    tensors.set('figures.mean', { shape: [figures.mean.length], values: figures.mean });
    for (const tensor of networkLayout(config).tensors) {
      tensors.set(tensorName(tensor), { shape: tensor.shape, values: partOf(parameters, tensor) });
    }
  }
  return writeSafetensors({ tensors, metadata });
}

/**
 * What `encodePredictor` wrote, its numbers bit for bit.
 *
 * @param name the file, for errors
 * @throws FewstepError bad-data naming the file and the tensor or the entry of the metadata
 */
export function decodePredictor(bytes: Uint8Array, name: string): StoredPredictor & { fewstep: string } {
  const file = parseSafetensors(bytes, name);
  checkFormat(file, FORMAT, name);
  const { metadata } = file;
  const bad = (what: string, cause?: unknown) => badContent(file, name, what, cause);
  const known = new Set<string>();
  /** A tensor of this shape, where an axis of undefined may have any length. */
  const tensor = <A extends Float32Array | Float64Array>(
    key: string,
    type: new (length: number) => A,
    shape: readonly (number | undefined)[],
  ): StoredTensor & { values: A } => {
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

  for (const key of ['kind', 'solver']) {
    if (!Object.hasOwn(metadata, key)) throw bad(`its metadata has no '${key}'`);
  }
  const afs = readMetadata(file, 'afs', v.boolean(), name);
  const schedules = readMetadata(file, 'schedules', schedulesSchema, name);
  const ofField = readMetadata(file, 'field', fieldSchema, name);
  const training = readMetadata(file, 'training', v.nullable(trainingSchema), name) ?? undefined;
  const denoised = tensor('field.denoised', Float32Array, [PROBES, ofField.dim]).values;
  const { solver } = metadata;
  let predictor: Predictor;
  if (metadata.kind === 'table') {
    const answered = schedules.map(({ offsets, ...schedule }): Schedule & { answers: Answer[] } => {
      if (offsets) throw bad('it is a table, and has offsets of a network');
      const steps = schedule.times.length - 1;
      const { values } = tensor(`answers.${schedule.nfe}`, Float64Array, [steps, ANSWERS]);
      return { ...schedule, answers: answersIn(values) };
    });
    predictor = { kind: 'table', solver, afs, schedules: answered };
  } else if (metadata.kind === 'network') {
    const { std, ...config } = readMetadata(file, 'network', networkSchema, name);
    const length = config.reads === 'state' ? ofField.dim : undefined;
    const mean = tensor('figures.mean', Float32Array, [length]).values;
    const parameters = storedNetwork(config, (part) => tensor(tensorName(part), Float32Array, part.shape));
    predictor = { kind: 'network', solver, afs, schedules, config, parameters, figures: { mean, std } };
  } else {
    throw bad(`it is a predictor of the kind '${metadata.kind}', and there are 'table' and 'network'`);
  }
  for (const key of file.tensors.keys()) {
    if (!known.has(key)) throw bad(`tensor '${key}' has no place in it`);
  }
  checkSchedules(predictor, bad);
  return { predictor, field: { ...ofField, denoised }, training, fewstep: metadata.fewstep ?? 'unknown' };
}

function tensorName({ name }: NetworkTensor): string {
  return `network.${name}`;
}

function partOf(parameters: Float32Array, { shape: [rows, columns], offset }: NetworkTensor): Float32Array {
  return parameters.slice(offset, offset + rows * columns);
}

/** The flat parameters of stored tensors. */
function storedNetwork(
  config: NetworkConfig,
  read: (tensor: NetworkTensor) => { values: Float32Array },
): StoredNetwork['parameters'] {
  const { tensors, size } = networkLayout(config);
  const parameters = new Float32Array(size);
  for (const tensor of tensors) parameters.set(read(tensor).values, tensor.offset);
  return parameters;
}

/** Refuses a predictor whose plans cannot be made, or make another number of evaluations than it says. */
function checkSchedules(predictor: Predictor, refuse: (what: string, cause?: unknown) => Error): void {
  const { solver: text, afs, schedules } = predictor;
  const seen = new Set<number>();
  for (const [i, { nfe, times }] of schedules.entries()) {
    if (seen.has(nfe)) throw refuse(`it has two schedules for NFE ${nfe}`);
    seen.add(nfe);
    const offsets = predictor.kind === 'network' ? predictor.schedules[i].offsets : undefined;
    if (offsets && offsets.length !== times.length - 1) {
      throw refuse(`its schedule for NFE ${nfe} has ${offsets.length} offsets for ${times.length - 1} steps`);
    }
    const answers = predictor.kind === 'table' ? predictor.schedules[i].answers : fixedAnswers(times);
    const made = planned(
      () => {
        const { solver, options } = amedSolver(text);
        return nfeOf(solver.planWith(times, answers, { afs, options }));
      },
      (error) => refuse(`its schedule for NFE ${nfe} cannot be: ${error.message}`, error),
    );
    if (made !== nfe) throw refuse(`its schedule for NFE ${nfe} makes ${made} evaluations`);
  }
}

function planned<T>(plan: () => T, refuse: (error: FewstepError) => Error): T {
  try {
    return plan();
  } catch (error) {
    throw error instanceof FewstepError ? refuse(error) : error;
  }
}
