import { shown } from '../arguments.js';
import { FewstepError, nearestName } from '../errors.js';
import type { MlpConfig } from './config.js';

/** Characters that a label's name may have at most. */
export const LONGEST_LABEL = 200;
/** Names that an error lists at most. */
const LISTED = 20;

/**
 * The number of a label, 0 to classes - 1.
 *
 * @param names of the labels in their order, where the model has them
 * @param label its number; or its name, or its number as text where the model has no names
 * @throws FewstepError unknown-name for a name that the model does not have, bad-argument for a number
 */
export function labelNumber(
  { classes }: Pick<MlpConfig, 'classes'>,
  names: readonly string[] | undefined,
  label: number | string,
): number {
  const named = typeof label === 'string' && names !== undefined && classes > 0;
  const number = named ? names.indexOf(label) : labelOf(label);
  if (Number.isInteger(number) && number >= 0 && number < classes) return number;
  if (named) {
    const nearest = nearestName(label, names);
    const hint = nearest === undefined ? '' : `did you mean '${nearest}'? `;
    throw new FewstepError('unknown-name', `unknown label '${label}'`, `${hint}known: ${listed(names)}`);
  }
  throw new FewstepError(
    'bad-argument',
    `the label is ${label === '' ? 'empty' : typeof label === 'string' ? label : shown(label)}, of a model with ${classes} classes`,
    classes > 0 ? `give ${whatThereIs(classes, names)}, or none` : 'this model takes no labels',
  );
}

/** What one may give for the labels of a field. */
export type LabelChoice = number | string | readonly (number | string)[] | Uint32Array;

/**
 * The labels that a field is asked for, by condition: one, several in turn, or of 'all' each.
 * @param choice a label as `labelNumber` takes it, a list of them, or 'all', unless a class is called that
 * @throws FewstepError as `labelNumber`, bad-argument for an empty list
 */
export function labelsOf(
  config: Pick<MlpConfig, 'classes'>,
  names: readonly string[] | undefined,
  choice: LabelChoice,
): number[] {
  if (choice === 'all' && config.classes > 0 && !names?.includes(choice))
    return [...Array(config.classes).keys()];
  const isList = Array.isArray(choice) || ArrayBuffer.isView(choice);
  // Where a list has holes, they are labels that there are not.
  const all = isList ? Array.from<number | string>(choice) : [choice as number | string];
  if (all.length > 0) return all.map((label) => labelNumber(config, names, label));
  throw new FewstepError(
    'bad-argument',
    'the list of labels is empty',
    'give at least one, or leave labels out',
  );
}

/**
 * A choice of labels as one writes it: '3', 'seven', 'all', or several with commas between them, '0,3,5'. A class whose
 * name has a comma, or is 'all', comes first.
 */
export function parseLabels(names: readonly string[] | undefined, text: string): LabelChoice {
  return names?.includes(text) || !text.includes(',') ? text : text.split(',').map((label) => label.trim());
}

/** What one may give as a label, for errors. */
export function whatThereIs(classes: number, names: readonly string[] | undefined): string {
  const numbers = `from 0 to ${classes - 1}`;
  // As text a label with a name has no number: it might be another's name.
  return names ? `a label of ${listed(names)} (in code also its number ${numbers})` : `a label ${numbers}`;
}

/** Number() alone would take '' for 0. */
function labelOf(label: number | string): number {
  if (typeof label === 'number') return label;
  return typeof label === 'string' && /^\d+$/.test(label) ? Number(label) : Number.NaN;
}

function listed(names: readonly string[]): string {
  const left = names.length - LISTED;
  return `${names.slice(0, LISTED).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
