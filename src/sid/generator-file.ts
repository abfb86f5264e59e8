import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { PROBES } from '../field/fingerprint.js';
import { badContent, checkFormat, type Format, readMetadata } from '../io/file-format.js';
import { parseSafetensors, type StoredTensor, writeSafetensors } from '../io/safetensors.js';
import { conform } from '../io/schema.js';
import { readConfig, scalingSchema } from '../mlp/file-metadata.js';
import { namesSchema } from '../mlp/model-file.js';
import { checkNothingElse, flatParameters, storedParameters } from '../mlp/stored-parameters.js';
import { VERSION } from '../version.js';
import type { Generator } from './generator.js';
import { type GeneratorRecord, recordSchema } from './record.js';

/** A generator as a file holds it. */
export interface StoredGenerator extends Generator {
  record?: GeneratorRecord;
}

const FORMAT: Format = 'fewstep-generator-1';
const FINGERPRINT = 'teacher.denoised';
/** A generator's latents are noisier than where its plan ends. */
const sigmaSchema = v.pipe(v.number(), v.finite(), v.gtValue(0.002));

/**
 * A generator as a safetensors file: the tensors of a model, `teacher.denoised` [6, dim], D of its teacher at the probes
 * of src/field/fingerprint.ts, and in the metadata `format`, the `fewstep` that wrote it and, as JSON, `config`,
 * `scaling` (null for none), `sigma`, `teacher` (its kind of field), `record` (null for none) and, where the teacher
 * has conditions, their number `teacherConditions`, where its classes have names, `labelNames`.
 *
 * @throws FewstepError bad-shape for parameters that are not those of the configuration, not-finite for one that is not
 *   a number, bad-argument for what could not be read again
 */
export function encodeGenerator(generator: StoredGenerator): Uint8Array {
  const { config, parameters, scaling, labelNames, sigma, teacher, record } = generator;
  const refuse = (what: string) =>
    new FewstepError('bad-argument', `a generator cannot be saved: ${what}`, 'correct it there');
  const metadata = {
    format: FORMAT,
    fewstep: VERSION,
    config: JSON.stringify(config),
    scaling: JSON.stringify(conform(v.nullable(scalingSchema), scaling ?? null, refuse)),
    sigma: JSON.stringify(conform(sigmaSchema, sigma, refuse)),
    teacher: JSON.stringify(teacher.kind),
    ...(teacher.conditions !== undefined && { teacherConditions: JSON.stringify(teacher.conditions) }),
    record: JSON.stringify(conform(v.nullable(recordSchema), record ?? null, refuse)),
    ...(labelNames && { labelNames: JSON.stringify(conform(namesSchema(config), labelNames, refuse)) }),
  };
  const tensors = new Map<string, StoredTensor>([
    ...storedParameters(config, parameters),
    [FINGERPRINT, { shape: [PROBES, config.dim], values: teacher.denoised }],
  ]);
  return writeSafetensors({ tensors, metadata });
}

/**
 * What `encodeGenerator` wrote, its numbers bit for bit.
 *
 * @param name the file, for errors
 * @throws FewstepError bad-argument for what is not bytes; bad-data naming the file and the tensor or the entry of
 *   the metadata
 */
export function decodeGenerator(
  bytes: Uint8Array | ArrayBuffer,
  name: string,
): StoredGenerator & { fewstep: string } {
  const file = parseSafetensors(bytes, name);
  checkFormat(file, FORMAT, name);
  const config = readConfig(file, name);
  const { dim } = config;
  const tensors = new Map(file.tensors);
  const probes = tensors.get(FINGERPRINT);
  if (!(probes?.values instanceof Float32Array && probes.shape.join() === `${PROBES},${dim}`)) {
    throw badContent(file, name, `tensor '${FINGERPRINT}' of shape [${PROBES}, ${dim}] and F32 is missing`);
  }
  tensors.delete(FINGERPRINT);
  checkNothingElse(config, tensors, name);
  const entry = <const Schema extends v.GenericSchema>(key: string, schema: Schema) =>
    readMetadata(file, key, schema, name);
  const conditions = Object.hasOwn(file.metadata, 'teacherConditions')
    ? { conditions: entry('teacherConditions', v.pipe(v.number(), v.integer(), v.minValue(1))) }
    : {};
  return {
    config,
    parameters: flatParameters(config, tensors, name),
    scaling: entry('scaling', v.nullable(scalingSchema)) ?? undefined,
    sigma: entry('sigma', sigmaSchema),
    teacher: { kind: entry('teacher', v.string()), dim, ...conditions, denoised: probes.values },
    record: entry('record', v.nullable(recordSchema)) ?? undefined,
    ...(Object.hasOwn(file.metadata, 'labelNames') && {
      labelNames: entry('labelNames', namesSchema(config)),
    }),
    fewstep: file.metadata.fewstep ?? 'unknown',
  };
}
