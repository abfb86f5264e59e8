import type * as v from 'valibot';
import { FewstepError } from '../errors.js';
import type { Safetensors } from './safetensors.js';
import { conform } from './schema.js';

/** The kinds of file that fewstep writes as safetensors, by the version of their layout: the metadata's `format`. */
const FORMATS = {
  'fewstep-mlp-1': { what: 'a model', by: 'train', use: 'a model is for loadModel, decodeModel and --field' },
  'fewstep-checkpoint-1': {
    what: 'a checkpoint of a training',
    by: 'train',
    use: 'a checkpoint is for `fewstep train --resume`',
  },
  'fewstep-generator-1': {
    what: 'a generator',
    by: 'sid',
    use: 'a generator is for loadGenerator, decodeGenerator and `fewstep sample --generator`',
  },
  'fewstep-sid-checkpoint-1': {
    what: 'a checkpoint of a distillation into a generator',
    by: 'sid',
    use: 'it is for `fewstep sid --resume`',
  },
  'fewstep-predictor-1': {
    what: 'a predictor',
    by: 'distill',
    use: 'a predictor is for loadPredictor, decodePredictor and --predictor',
  },
};
export type Format = keyof typeof FORMATS;

/** @throws FewstepError bad-data where the file holds something else, or was written by a later fewstep */
export function checkFormat({ metadata }: Safetensors, format: Format, file: string): void {
  const found = metadata.format;
  if (found === format) return;
  const { what, by } = FORMATS[format];
  const known = Object.hasOwn(FORMATS, found) ? FORMATS[found as Format] : undefined;
  if (known) throw new FewstepError('bad-data', `${file} is ${known.what}, not ${what}`, known.use);
  if (found && kindOf(found) === kindOf(format)) {
    throw new FewstepError(
      'bad-data',
      `${file} is ${what} in the format '${found}', which this fewstep does not know`,
      `update fewstep, or write the file again with this one: \`fewstep ${by}\``,
    );
  }
  throw new FewstepError(
    'bad-data',
    `${file} is no file of fewstep ${by}: its metadata gives the format ${found ? `'${found}'` : 'no name'}`,
    `give a file whose metadata has "format": "${format}"; those of other programs cannot be read`,
  );
}

/** A format without its version. */
function kindOf(format: string): string {
  return format.replace(/-\d+$/, '');
}

/**
 * The JSON of one entry of the metadata, checked.
 * @param name the file, for errors
 * @throws FewstepError bad-data naming the entry that is missing or malformed
 */
export function readMetadata<const Schema extends v.GenericSchema>(
  { metadata }: Safetensors,
  key: string,
  schema: Schema,
  name: string,
): v.InferOutput<Schema> {
  const bad = (what: string, cause?: unknown) => badContent({ metadata }, name, what, cause);
  if (!Object.hasOwn(metadata, key)) throw bad(`its metadata has no '${key}'`);
  let json: unknown;
  try {
    json = JSON.parse(metadata[key]);
  } catch (cause) {
    throw bad(`its metadata's '${key}' is no JSON: ${(cause as Error).message}`, cause);
  }
  return conform(schema, json, (what) => bad(`its metadata's '${key}' is malformed: ${what}`));
}

/** The error of a file whose content cannot be: what is wrong, and which command writes it as it should be. */
export function badContent(
  { metadata }: Pick<Safetensors, 'metadata'>,
  name: string,
  what: string,
  cause?: unknown,
): FewstepError {
  const { by } = FORMATS[metadata.format as Format];
  return new FewstepError(
    'bad-data',
    `${name}: ${what}`,
    `use the file as \`fewstep ${by}\` wrote it, or write it again with that command`,
    { cause },
  );
}
