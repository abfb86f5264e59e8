import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Fingerprint } from '../field/fingerprint.js';
import { type MlpFieldOptions, mlpField } from '../mlp/field.js';
import { parseLabels, whatThereIs } from '../mlp/labels.js';
import { inFile } from '../node/field/place.js';
import { loadGenerator } from '../node/generator.js';
import { planOfGenerator } from '../sid/generator.js';
import type { Plan } from '../solver/plan.js';

/** What a generator's file is to a run. */
export interface GeneratorSource {
  field: Field;
  plan: Plan;
  classes: number;
  /** What the file knows its teacher by: without a class, where it has some. */
  teacher: Fingerprint;
  /** The teacher's file, where that is known. */
  teacherName?: string;
}

/**
 * The field of a generator and the plan that it brings.
 * @throws FewstepError as `loadGenerator`, bad-argument for a label that is missing or for guidance, of which a
 *   generator has none
 */
export async function generatorSource(
  path: string,
  { label, guidance, precision }: MlpFieldOptions,
): Promise<GeneratorSource> {
  const generator = await loadGenerator(path);
  const { classes } = generator.config;
  if (guidance !== undefined) {
    throw new FewstepError('bad-argument', '--guidance does not apply to a generator', 'leave it out');
  }
  if (classes > 0 && label === undefined) {
    throw new FewstepError(
      'bad-argument',
      `${path} makes samples of a class, and no --label is given`,
      `give ${whatThereIs(classes, generator.labelNames)}`,
    );
  }
  const labels = typeof label === 'string' ? parseLabels(generator.labelNames, label) : label;
  const field = await inFile(path, () => mlpField(generator, { label: labels, precision }));
  const { teacher, record } = generator;
  return { field, plan: planOfGenerator(generator), classes, teacher, teacherName: record?.teacher };
}
