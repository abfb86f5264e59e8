import { existsSync } from 'node:fs';
import { FewstepError, nearestName } from '../../errors.js';
import type { Field } from '../../field/field.js';
import { gaussianMixture } from '../../field/gaussian-mixture.js';
import { splitArrayName } from '../../io/npz.js';
import type { MlpFieldOptions } from '../../mlp/field.js';
import { problemByName, problems } from '../../problem/registry.js';
import { type DataFieldOptions, loadDataField } from './data.js';
import { loadDescribedField } from './description.js';
import { loadExternalField } from './external.js';
import { loadModelField } from './model.js';
import { loadShaderField } from './shader.js';

/** What may be said about a field besides where it is; each kind of source takes some of it. */
export interface FieldOptions extends DataFieldOptions, MlpFieldOptions {
  /** Dimension of a field written in WGSL. */
  dim?: number;
}

/** One kind of thing that a field can be loaded from. */
interface Source {
  /** What it is, for errors. */
  readonly what: string;
  readonly takes: readonly (keyof FieldOptions)[];
  load(spec: string, options: FieldOptions): Promise<Field>;
}

const problem: Source = {
  what: 'a built-in problem',
  takes: [],
  load: async (name) => gaussianMixture(problemByName(name).mixture),
};

const description: Source = { what: 'a field described in JSON', takes: [], load: loadDescribedField };

const shader: Source = {
  what: 'a field in WGSL',
  takes: ['dim'],
  async load(path, { dim }) {
    if (dim !== undefined) return loadShaderField(path, dim);
    throw new FewstepError(
      'bad-argument',
      `the dimension of the field ${path} is not known`,
      'give its dim (--dim on the command line), the length D of its array<f32, D>',
    );
  },
};

const external: Source = {
  what: 'a model that a module computes',
  takes: ['label'],
  load: loadExternalField,
};

const model: Source = {
  what: 'a trained model',
  takes: ['label', 'guidance', 'precision'],
  load: loadModelField,
};

const data: Source = {
  what: 'a data set',
  takes: ['columns', 'bandwidth', 'scale'],
  load: loadDataField,
};

/**
 * Loads a field for the command line.
 *
 * @param spec name of a built-in problem; a .json file that describes a field; a .wgsl file with
 *   `fn denoise`; a .safetensors file of a trained model; a .mjs or .js module that computes one; or a data file (CSV,
 *   .npy, .npz, IDX, also .gz), whose exact field is taken
 * @throws FewstepError naming the file and the place: `unknown-name`, `file`, `bad-data`, `bad-field`, and
 *   `bad-argument` for an option that this kind of source does not take
 */
export async function loadField(spec: string, options: FieldOptions = {}): Promise<Field> {
  const source = sourceOf(spec);
  const given = (Object.keys(options) as (keyof FieldOptions)[]).filter((key) => options[key] !== undefined);
  const foreign = given.find((key) => !source.takes.includes(key));
  if (foreign) {
    const takes = source.takes.map((key) => `--${key}`).join(', ');
    throw new FewstepError(
      'bad-argument',
      `--${foreign} does not apply to ${spec}, which is ${source.what}`,
      takes ? `leave it out; it takes ${takes}` : 'leave it out',
    );
  }
  return source.load(spec, options);
}

/** Whether what a field is loaded from takes an option. @throws FewstepError unknown-name */
export function fieldTakes(spec: string, option: keyof FieldOptions): boolean {
  return sourceOf(spec).takes.includes(option);
}

function sourceOf(spec: string): Source {
  if (Object.hasOwn(problems, spec)) return problem;
  if (/\.json$/i.test(spec)) return description;
  if (/\.wgsl$/i.test(spec)) return shader;
  if (/\.safetensors$/i.test(spec)) return model;
  if (/\.m?js$/i.test(spec)) return external;
  if (/[./\\]/.test(spec) || existsSync(splitArrayName(spec).path)) return data;
  const names = Object.keys(problems);
  const nearest = nearestName(spec, names);
  throw new FewstepError(
    'unknown-name',
    `field '${spec}' is neither a built-in problem nor a file`,
    `${nearest ? `did you mean '${nearest}'? ` : ''}built in: ${names.join(', ')}; files: .json, .wgsl, .safetensors, .mjs, .csv, .npy, .npz, IDX`,
  );
}
