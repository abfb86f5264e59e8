import { FewstepError } from '../../errors.js';
import { type ExternalFieldOptions, externalField } from '../../field/external.js';
import type { Field } from '../../field/field.js';
import type { MlpFieldOptions } from '../../mlp/field.js';
import { labelsOf, parseLabels } from '../../mlp/labels.js';
import { importModule } from '../module.js';
import { inFile, named } from './place.js';

const REMEDY =
  'write: export default { dim: 64, prediction: "eps", process: "vp-linear", predict(states, times) { ... } }, ' +
  'or an async function that returns such an object';

/**
 * A field that a JavaScript module computes, with whatever it likes: `externalField`.
 *
 * @param path module whose default export is an object of `ExternalFieldOptions`, or a function, also an async one, that
 *   returns it
 * @param options which of its conditions, as numbers: '3', '0,2' or 'all'
 * @throws FewstepError bad-field, unknown-name, bad-argument, file
 */
export async function loadExternalField(
  path: string,
  { label }: Pick<MlpFieldOptions, 'label'> = {},
): Promise<Field> {
  const module = await importModule(path, 'bad-field', REMEDY);
  const described = await descriptionOf(path, module.default);
  if (typeof described !== 'object' || described === null) {
    throw new FewstepError('bad-field', `${path} has no object as its default export`, REMEDY);
  }
  const options = described as ExternalFieldOptions;
  return inFile(path, () => {
    if (label === undefined) return externalField(options);
    const classes = options.conditions ?? 0;
    const labels = typeof label === 'string' ? parseLabels(undefined, label) : label;
    return externalField({ ...options, condition: labelsOf({ classes }, undefined, labels) });
  });
}

async function descriptionOf(path: string, exported: unknown): Promise<unknown> {
  if (typeof exported !== 'function') return exported;
  try {
    return await exported();
  } catch (error) {
    if (error instanceof FewstepError) throw named(path, error);
    const message = error instanceof Error ? error.message : String(error);
    throw new FewstepError('bad-field', `${path} failed: ${message}`, 'correct its default export', {
      cause: error,
    });
  }
}
