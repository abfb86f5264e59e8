import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { checkFormat, type Format, readMetadata } from '../io/file-format.js';
import { parseSafetensors, writeSafetensors } from '../io/safetensors.js';
import { conform } from '../io/schema.js';
import type { MlpModel } from '../mlp/field.js';
import { readConfig, scalingSchema } from '../mlp/file-metadata.js';
import { namesSchema } from '../mlp/model-file.js';
import { checkNothingElse, flatParameters, storedParameters } from '../mlp/stored-parameters.js';
import { VERSION } from '../version.js';
import { distancesSchema, historySchema, settingsSchema } from './record.js';
import type { SidProgress } from './run.js';
import { type SidSettings, sidSettings } from './settings.js';

/** Everything that a distillation into a generator needs to go on as if it had never stopped. */
export interface SidCheckpoint {
  teacher: MlpModel;
  /** The teacher's file, for people. */
  teacherName: string;
  settings: SidSettings;
  measureEvery: number;
  samples?: number;
  progress: SidProgress;
}

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const stateSchema = v.strictObject({
  teacher: v.string(),
  settings: settingsSchema,
  measureEvery: v.pipe(count, v.minValue(1)),
  samples: v.optional(v.pipe(count, v.minValue(2))),
  step: count,
  history: historySchema,
  best: v.strictObject({ step: count, distances: distancesSchema }),
  pending: v.strictObject({ generator: finite, fake: finite, steps: count }),
});

/** What the tensors of each copy of the parameters begin with. */
const PREFIXES = {
  teacher: 'teacher.',
  best: 'best.',
  generator: 'generator.',
  average: 'generator.ema.',
  first: 'generator.adam.m.',
  second: 'generator.adam.v.',
  fake: 'fake.',
  fakeFirst: 'fake.adam.m.',
  fakeSecond: 'fake.adam.v.',
};
type Copy = keyof typeof PREFIXES;

const FORMAT: Format = 'fewstep-sid-checkpoint-1';

/**
 * A checkpoint as a safetensors file: the tensors of a model nine times, and in the metadata `format`, the `fewstep`
 * that wrote it and, as JSON, `config`, `scaling` (null for none), `labelNames` (null for none) and `state`.
 * @throws FewstepError bad-shape, not-finite or bad-argument for what could not be read again
 */
export function encodeSidCheckpoint(checkpoint: SidCheckpoint): Uint8Array {
  const { teacher, teacherName, settings, measureEvery, samples, progress } = checkpoint;
  const { step, generator, fake, history, best, pending } = progress;
  const { config, scaling, labelNames } = teacher;
  const refuse = (what: string) =>
    new FewstepError('bad-argument', `a checkpoint cannot be saved: ${what}`, 'correct it there');
  const nearest = { step: best.step, distances: best.distances };
  const measured = { measureEvery, ...(samples && { samples }) };
  const state = { teacher: teacherName, settings, ...measured, step, history, best: nearest, pending };
  const metadata = {
    format: FORMAT,
    fewstep: VERSION,
    config: JSON.stringify(config),
    scaling: JSON.stringify(conform(v.nullable(scalingSchema), scaling ?? null, refuse)),
    labelNames: JSON.stringify(conform(v.nullable(namesSchema(config)), labelNames ?? null, refuse)),
    state: JSON.stringify(conform(stateSchema, state, refuse)),
  };
  const copies: Record<Copy, Float32Array> = {
    teacher: teacher.parameters,
    best: best.parameters,
    generator: generator.parameters,
    average: generator.average,
    first: generator.first,
    second: generator.second,
    fake: fake.parameters,
    fakeFirst: fake.first,
    fakeSecond: fake.second,
  };
  const tensors = Object.entries(copies).flatMap(([copy, values]) =>
    storedParameters(config, values, PREFIXES[copy as Copy]),
  );
  return writeSafetensors({ tensors: new Map(tensors), metadata });
}

/**
 * What `encodeSidCheckpoint` wrote, bit for bit.
 *
 * @param name the file, for errors
 * @throws FewstepError bad-data naming the file and the tensor or the entry of the metadata
 */
export function decodeSidCheckpoint(bytes: Uint8Array, name: string): SidCheckpoint {
  const file = parseSafetensors(bytes, name);
  checkFormat(file, FORMAT, name);
  const config = readConfig(file, name);
  checkNothingElse(config, file.tensors, name, Object.values(PREFIXES));
  const copy = (which: Copy) => flatParameters(config, file.tensors, name, PREFIXES[which]);
  const { teacher, settings, measureEvery, samples, best, ...rest } = readMetadata(
    file,
    'state',
    stateSchema,
    name,
  );
  const fake = copy('fake');
  return {
    teacher: {
      config,
      parameters: copy('teacher'),
      scaling: readMetadata(file, 'scaling', v.nullable(scalingSchema), name) ?? undefined,
      labelNames: readMetadata(file, 'labelNames', v.nullable(namesSchema(config)), name) ?? undefined,
    },
    teacherName: teacher,
    settings: sidSettings(settings),
    measureEvery,
    ...(samples && { samples }),
    progress: {
      ...rest,
      best: { ...best, parameters: copy('best') },
      generator: {
        parameters: copy('generator'),
        average: copy('average'),
        first: copy('first'),
        second: copy('second'),
      },
      // Nobody reads the fake score's average.
      fake: { parameters: fake, average: fake, first: copy('fakeFirst'), second: copy('fakeSecond') },
    },
  };
}
