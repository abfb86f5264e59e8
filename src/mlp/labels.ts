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
    `the label is ${label}, of a model with ${classes} classes`,
    classes > 0 ? `give ${whatThereIs(classes, names)}, or none` : 'this model takes no labels',
  );
}

/** What one may give as a label, for errors. */
export function whatThereIs(classes: number, names: readonly string[] | undefined): string {
  return `a label from 0 to ${classes - 1}${names ? ` (${listed(names)})` : ''}`;
}

/** Number() alone would take '' for 0. */
function labelOf(label: number | string): number {
  return typeof label === 'number' ? label : /^\d+$/.test(label) ? Number(label) : Number.NaN;
}

function listed(names: readonly string[]): string {
  const left = names.length - LISTED;
  return `${names.slice(0, LISTED).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
