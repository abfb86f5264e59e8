import type { Field } from '../../field/field.js';
import { type MlpFieldOptions, mlpField } from '../../mlp/field.js';
import { parseLabels } from '../../mlp/labels.js';
import { loadModel } from '../model.js';
import { inFile } from './place.js';

/** The field of a trained model; the scaling of its data comes with it. */
export async function loadModelField(
  path: string,
  { label, guidance, precision }: MlpFieldOptions,
): Promise<Field> {
  const model = await loadModel(path);
  const labels = typeof label === 'string' ? parseLabels(model.labelNames, label) : label;
  return inFile(path, () => mlpField(model, { label: labels, guidance, precision }));
}
