import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { checkFormat, type Format, readMetadata } from '../io/file-format.js';
import { parseSafetensors, writeSafetensors } from '../io/safetensors.js';
import { conform } from '../io/schema.js';
import { VERSION } from '../version.js';
import type { MlpConfig } from './config.js';
import type { MlpModel } from './field.js';
import { readConfig, scalingSchema } from './file-metadata.js';
import { LONGEST_LABEL } from './labels.js';
import { checkNothingElse, flatParameters, storedParameters } from './stored-parameters.js';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());

const trainingSchema = v.strictObject({
  data: v.string(),
  loss: v.string(),
  steps: count,
  seed: count,
  losses: v.strictObject({ training: finite, validation: v.optional(finite) }),
});

/** One name a class, no name twice. */
export function namesSchema({ classes }: MlpConfig) {
  return v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(LONGEST_LABEL))),
    v.length(classes, `a model with ${classes} classes has as many names`),
    v.check((names) => new Set(names).size === names.length, 'a name stands twice'),
  );
}

/** How a model was made, for people. */
export interface TrainingInfo {
  /** What it was trained on: the name of a problem or of a file. */
  data: string;
  /** Name of the loss. */
  loss: string;
  steps: number;
  seed: number;
  /** At the end of the training; validation on held-out data, where there are any. */
  losses: { training: number; validation?: number };
}

/** A model as a file holds it. */
export interface StoredModel extends MlpModel {
  training?: TrainingInfo;
}

const FORMAT: Format = 'fewstep-mlp-1';

/**
 * A model as a safetensors file: a tensor [rows, columns] for each of `parameterLayout`, and in the metadata
 * `format`, the `fewstep` that wrote it and, as JSON, `config`, `scaling` (null for none), `training` and, where its
 * classes have names, `labelNames`.
 *
 * @throws FewstepError bad-shape for parameters that are not those of the configuration, not-finite for a weight
 *   that is not a number, bad-argument for training info or names that could not be read again
 */
export function encodeModel({ config, parameters, scaling, training, labelNames }: StoredModel): Uint8Array {
  const refuse = (what: string) =>
    new FewstepError('bad-argument', `a model cannot be saved: ${what}`, 'correct it there');
  const metadata = {
    format: FORMAT,
    fewstep: VERSION,
    config: JSON.stringify(config),
    scaling: JSON.stringify(conform(v.nullable(scalingSchema), scaling ?? null, refuse)),
    training: JSON.stringify(conform(v.nullable(trainingSchema), training ?? null, refuse)),
    ...(labelNames && { labelNames: JSON.stringify(conform(namesSchema(config), labelNames, refuse)) }),
  };
  return writeSafetensors({ tensors: new Map(storedParameters(config, parameters)), metadata });
}

/**
 * What `encodeModel` wrote; the parameters bit for bit.
 *
 * @param name the file, for errors
 * @throws FewstepError bad-argument for what is not bytes; bad-data naming the file and the tensor or the entry of
 *   the metadata
 */
export function decodeModel(
  bytes: Uint8Array | ArrayBuffer,
  name: string,
): StoredModel & { fewstep: string } {
  const file = parseSafetensors(bytes, name);
  checkFormat(file, FORMAT, name);
  const config = readConfig(file, name);
  checkNothingElse(config, file.tensors, name);
  return {
    config,
    parameters: flatParameters(config, file.tensors, name),
    scaling: readMetadata(file, 'scaling', v.nullable(scalingSchema), name) ?? undefined,
    training: readMetadata(file, 'training', v.nullable(trainingSchema), name) ?? undefined,
    // Models that were written before labels had names have none.
    ...(Object.hasOwn(file.metadata, 'labelNames') && {
      labelNames: readMetadata(file, 'labelNames', namesSchema(config), name),
    }),
    fewstep: file.metadata.fewstep ?? 'unknown',
  };
}
