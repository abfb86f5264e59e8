import { dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { FewstepError, unknownName } from '../../errors.js';
import type { Field } from '../../field/field.js';
import { gaussianMixture, mixtureSpec } from '../../field/gaussian-mixture.js';
import { PRECISIONS } from '../../mlp/precision.js';
import { readBytes } from '../files.js';
import { loadDataField } from './data.js';
import { loadModelField } from './model.js';
import { inFile } from './place.js';
import { loadShaderField } from './shader.js';

const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'));
const number = v.number('must be a number');
const numbers = v.array(number, 'must be a list of numbers');
const rows = v.array(numbers, 'must be a list of lists of numbers');

/** The kinds of field that a JSON file can describe: what is written there, and how it becomes a field. */
const KINDS = {
  'gaussian-mixture': kind(
    {
      weights: numbers,
      means: rows,
      stds: v.array(v.union([number, numbers], 'must be a number or a list of numbers'), 'must be a list'),
    },
    async ({ weights, means, stds }, file) =>
      inFile(file, () =>
        gaussianMixture(mixtureSpec({ weights, means, stds: stds as number[] | number[][] })),
      ),
  ),
  empirical: kind(
    {
      data: text,
      columns: v.optional(text),
      bandwidth: v.optional(number),
      scale: v.optional(v.boolean('must be true or false')),
    },
    ({ data, ...options }, file) => loadDataField(beside(file, data), options),
  ),
  custom: kind({ dim: number, wgsl: text, reference: v.optional(text) }, ({ dim, wgsl, reference }, file) =>
    loadShaderField(beside(file, wgsl), dim, reference && beside(file, reference)),
  ),
  mlp: kind(
    {
      model: text,
      label: v.optional(
        v.union(
          [number, text, v.array(v.union([number, text]))],
          'must be a number, a name or a list of them',
        ),
      ),
      guidance: v.optional(number),
      precision: v.optional(v.picklist(PRECISIONS, `must be ${PRECISIONS.join(' or ')}`)),
    },
    ({ model, ...options }, file) => loadModelField(beside(file, model), options),
  ),
};

/**
 * A field described by a JSON file, whose `kind` says what else is in it. Paths in it are relative to it.
 *
 * @throws FewstepError `bad-field` naming file and place, `unknown-name` for a kind that does not exist
 */
export async function loadDescribedField(file: string): Promise<Field> {
  const description = parseJson(file, new TextDecoder().decode(await readBytes(file)));
  const names = Object.keys(KINDS);
  const name = (description as { kind?: unknown } | null)?.kind;
  if (typeof name !== 'string') {
    throw bad(
      file,
      "it has no 'kind'",
      `write {"kind": ...} with one of ${names.map((known) => `"${known}"`).join(', ')}`,
    );
  }
  if (!Object.hasOwn(KINDS, name))
    return inFile(file, () => raise(unknownName('kind of field', name, names)));
  return KINDS[name as keyof typeof KINDS](description, file);
}

/** The loader of one kind: checks what is written, then makes the field. */
function kind<const Entries extends v.ObjectEntries>(
  entries: Entries,
  load: (
    description: v.InferOutput<v.StrictObjectSchema<Entries, undefined>>,
    file: string,
  ) => Promise<Field>,
) {
  const schema = v.strictObject({ kind: v.string(), ...entries });
  const keys = Object.keys(schema.entries).join(', ');
  return async (description: unknown, file: string): Promise<Field> => {
    const parsed = v.safeParse(schema, description, { abortEarly: true });
    if (parsed.success) return load(parsed.output as Parameters<typeof load>[0], file);
    const [issue] = parsed.issues;
    const where = place(v.getDotPath(issue) ?? '');
    const remedy = `it takes: ${keys}`;
    if (issue.expected === 'never') throw bad(file, `'${where}' is not known`, remedy);
    if (issue.received === 'undefined') throw bad(file, `'${where}' is missing`, remedy);
    throw bad(file, `${where} ${issue.message}, not ${issue.received}`, 'correct it there');
  };
}

/** A path as one writes it: means[2][0]. */
function place(dotPath: string): string {
  return dotPath.replace(/\.(\d+)/g, '[$1]');
}

function beside(file: string, path: string): string {
  return resolve(dirname(file), path);
}

function parseJson(file: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const what = (cause as SyntaxError).message.replace(/\s+/g, ' ');
    throw bad(file, `it is no JSON: ${what}`, 'correct it there; a JSON checker helps', cause);
  }
}

function bad(file: string, what: string, remedy: string, cause?: unknown): FewstepError {
  return new FewstepError('bad-field', `${file}: ${what}`, remedy, { cause });
}

function raise(error: Error): never {
  throw error;
}
