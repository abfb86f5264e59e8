import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { checkFormat, type Format, readMetadata } from '../io/file-format.js';
import { parseSafetensors, writeSafetensors } from '../io/safetensors.js';
import type { Scaling } from '../io/scaling.js';
import { conform, dictionary } from '../io/schema.js';
import { VERSION } from '../version.js';
import type { MlpConfig } from './config.js';
import { readConfig, scalingSchema } from './file-metadata.js';
import { checkNothingElse, flatParameters, storedParameters } from './stored-parameters.js';

/** Everything that a training needs to go on as if it had never stopped. */
export interface Checkpoint {
  config: MlpConfig;
  /** How the data was scaled. */
  scaling?: Scaling;
  /** Flat as parameterLayout says, like the three that follow. */
  parameters: Float32Array;
  /** Exponential moving average of the parameters: the model that comes out. */
  average: Float32Array;
  /** Adam's moving averages of the gradient (m) and of its squares (v). */
  first: Float32Array;
  second: Float32Array;
  /** Steps done. */
  step: number;
  seed: number;
  /** What the training was asked for: plain values, infinite numbers among them. */
  options: Record<string, unknown>;
  /** The losses so far, oldest first. */
  history: LossRecord[];
}

export interface LossRecord {
  step: number;
  training: number;
  /** On held-out data, where there are any. */
  validation?: number;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());

const stateSchema = v.strictObject({
  step: count,
  seed: count,
  options: dictionary(v.unknown()),
  history: v.array(v.strictObject({ step: count, training: finite, validation: v.optional(finite) })),
});

/** What the tensors of each copy of the parameters begin with. */
const PREFIXES = {
  parameters: 'parameters.',
  average: 'ema.',
  first: 'adam.m.',
  second: 'adam.v.',
};
type Copy = keyof typeof PREFIXES;
const COPIES = Object.entries(PREFIXES) as [Copy, string][];

const FORMAT: Format = 'fewstep-checkpoint-1';

/**
 * A checkpoint as a safetensors file: four times the tensors of a model, and in the metadata `format`, the
 * `fewstep` that wrote it and, as JSON, `config`, `scaling` (null for none) and `state`.
 *
 * @throws FewstepError bad-shape for numbers that are not those of the configuration, not-finite for one that is
 *   not a number, bad-argument for a state that could not be read again
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { config, scaling, step, seed, options, history } = checkpoint;
  const refuse = (what: string) =>
    new FewstepError('bad-argument', `a checkpoint cannot be saved: ${what}`, 'correct it there');
  const metadata = {
    format: FORMAT,
    fewstep: VERSION,
    config: JSON.stringify(config),
    scaling: JSON.stringify(conform(v.nullable(scalingSchema), scaling ?? null, refuse)),
    state: infiniteJson(conform(stateSchema, { step, seed, options, history }, refuse), refuse),
  };
  const tensors = COPIES.flatMap(([copy, prefix]) => storedParameters(config, checkpoint[copy], prefix));
  return writeSafetensors({ tensors: new Map(tensors), metadata });
}

/** JSON with infinite numbers, such as a bound that means none: 1e999, which JSON.parse takes for Infinity. */
function infiniteJson(value: unknown, refuse: (what: string) => Error): string {
  const marked = JSON.stringify(value, (key, entry) => {
    if (Number.isNaN(entry)) throw refuse(`${key} is NaN`);
    return typeof entry === 'number' && !Number.isFinite(entry) ? `\0${entry}` : entry;
  });
  return marked.replace(/"\\u0000(-?)Infinity"/g, (_, sign) => `${sign}1e999`);
}

/**
 * What `encodeCheckpoint` wrote, bit for bit.
 *
 * @param name the file, for errors
 * @throws FewstepError bad-data naming the file and the tensor or the entry of the metadata
 */
export function decodeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const file = parseSafetensors(bytes, name);
  checkFormat(file, FORMAT, name);
  const config = readConfig(file, name);
  checkNothingElse(config, file.tensors, name, Object.values(PREFIXES));
  const copy = (which: Copy) => flatParameters(config, file.tensors, name, PREFIXES[which]);
  return {
    config,
    scaling: readMetadata(file, 'scaling', v.nullable(scalingSchema), name) ?? undefined,
    parameters: copy('parameters'),
    average: copy('average'),
    first: copy('first'),
    second: copy('second'),
    ...readMetadata(file, 'state', stateSchema, name),
  };
}
