import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { badContent, readMetadata } from '../io/file-format.js';
import type { Safetensors } from '../io/safetensors.js';
import { PREDICTIONS } from '../process/prediction.js';
import { storedProcessSchema } from '../process/tabulated.js';
import { EMBEDDING_KINDS, type MlpConfig, mlpConfig } from './config.js';

const configSchema = v.strictObject({
  dim: v.number(),
  width: v.number(),
  layers: v.number(),
  embedding: v.strictObject({ kind: v.picklist(EMBEDDING_KINDS), size: v.number(), scale: v.number() }),
  residual: v.boolean(),
  classes: v.number(),
  sigmaData: v.number(),
  // Models with EDM's preconditioning have none, as all had once.
  convention: v.optional(
    v.strictObject({ process: storedProcessSchema, prediction: v.picklist(PREDICTIONS) }),
  ),
});

export const scalingSchema = v.strictObject({
  offset: v.pipe(v.number(), v.finite()),
  scale: v.pipe(v.number(), v.finite(), v.gtValue(0)),
});

/** @throws FewstepError bad-data naming the entry that is missing, of a wrong type or out of bounds */
export function readConfig(file: Safetensors, name: string): MlpConfig {
  const options = readMetadata(file, 'config', configSchema, name);
  try {
    return mlpConfig(options);
  } catch (error) {
    if (!(error instanceof FewstepError)) throw error;
    throw badContent(file, name, `its config cannot be: ${error.message}`, error);
  }
}
