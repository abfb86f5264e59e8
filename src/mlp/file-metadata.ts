import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import type { Safetensors } from '../io/safetensors.js';
import { conform } from '../io/schema.js';
import { EMBEDDING_KINDS, type MlpConfig, mlpConfig } from './config.js';

/** What a file holds, with the version of its layout: the metadata's `format`. */
export const FORMATS = {
  'fewstep-mlp-1': 'a model',
  'fewstep-checkpoint-1': 'a checkpoint of a training',
};
export type Format = keyof typeof FORMATS;

const configSchema = v.strictObject({
  dim: v.number(),
  width: v.number(),
  layers: v.number(),
  embedding: v.strictObject({ kind: v.picklist(EMBEDDING_KINDS), size: v.number(), scale: v.number() }),
  residual: v.boolean(),
  classes: v.number(),
  sigmaData: v.number(),
});

export const scalingSchema = v.strictObject({
  offset: v.pipe(v.number(), v.finite()),
  scale: v.pipe(v.number(), v.finite(), v.gtValue(0)),
});

/** @throws FewstepError bad-data where the file holds something else */
export function checkFormat({ metadata }: Safetensors, format: Format, file: string): void {
  const found = metadata.format;
  if (found === format) return;
  const known = Object.hasOwn(FORMATS, found) ? FORMATS[found as Format] : undefined;
  throw new FewstepError(
    'bad-data',
    known
      ? `${file} is ${known}, not ${FORMATS[format]}`
      : `${file} is no file of fewstep train: its metadata gives the format ${found ? `'${found}'` : 'no name'}`,
    known
      ? 'a model is for --field, a checkpoint for train --resume'
      : `give a file whose metadata has "format": "${format}"; networks of other programs cannot be read`,
  );
}

/** @throws FewstepError bad-data naming the entry that is missing, of a wrong type or out of bounds */
export function readConfig(file: Safetensors, name: string): MlpConfig {
  const options = readMetadata(file, 'config', configSchema, name);
  try {
    return mlpConfig(options);
  } catch (error) {
    if (!(error instanceof FewstepError)) throw error;
    throw badMetadata(name, `its config cannot be: ${error.message}`, error);
  }
}

/** The JSON of one entry of the metadata, checked. */
export function readMetadata<const Schema extends v.GenericSchema>(
  { metadata }: Safetensors,
  key: string,
  schema: Schema,
  name: string,
): v.InferOutput<Schema> {
  if (!Object.hasOwn(metadata, key)) throw badMetadata(name, `its metadata has no '${key}'`);
  let json: unknown;
  try {
    json = JSON.parse(metadata[key]);
  } catch (cause) {
    throw badMetadata(name, `its metadata's '${key}' is no JSON: ${(cause as Error).message}`, cause);
  }
  return conform(schema, json, (what) => badMetadata(name, `its metadata's '${key}' is malformed: ${what}`));
}

function badMetadata(name: string, what: string, cause?: unknown): FewstepError {
  const remedy = 'use the file as `fewstep train` wrote it, or train again';
  return new FewstepError('bad-data', `${name}: ${what}`, remedy, { cause });
}
