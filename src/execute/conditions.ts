import { shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';

/**
 * The condition of each trajectory, [batch], of a field that has some: those that are given, or in turn.
 * @param first number of the first trajectory
 * @throws FewstepError bad-argument for conditions that the field does not have, bad-shape unless there is one a
 *   trajectory
 */
export function conditionsOf(
  { kind, conditions }: Pick<Field, 'kind' | 'conditions'>,
  batch: number,
  given?: ArrayLike<number>,
  first = 0,
): Uint32Array<ArrayBuffer> | undefined {
  if (conditions === undefined) {
    if (given === undefined) return undefined;
    throw new FewstepError(
      'bad-argument',
      `conditions are given, and the ${kind} field has none`,
      'leave them out, or give a field that says how many it has',
    );
  }
  const told = new Uint32Array(batch);
  if (given === undefined) {
    for (let i = 0; i < batch; i++) told[i] = (first + i) % conditions;
    return told;
  }
  if (typeof given !== 'object' || typeof given?.length !== 'number') {
    throw new FewstepError(
      'bad-argument',
      `the conditions are ${shown(given)}, not a list`,
      'give one number a trajectory, or none to have them in turn',
    );
  }
  if (given.length !== batch) {
    throw new FewstepError(
      'bad-shape',
      `there are ${given.length} conditions for ${batch} trajectories`,
      'give one a trajectory, or none to have them in turn',
    );
  }
  for (let i = 0; i < batch; i++) {
    const condition = given[i];
    if (Number.isInteger(condition) && condition >= 0 && condition < conditions) {
      told[i] = condition;
      continue;
    }
    throw new FewstepError(
      'bad-argument',
      `trajectory ${i} has condition ${shown(given[i])}, of a field with ${conditions}`,
      `give whole numbers from 0 to ${conditions - 1}`,
    );
  }
  return told;
}

/**
 * Refuses a field with conditions where all trajectories have to follow one.
 * @throws FewstepError bad-field
 */
export function refuseConditions({ kind, conditions }: Field, what: string): void {
  if (conditions === undefined) return;
  throw new FewstepError(
    'bad-field',
    `${what} is that of one field, and the ${kind} field has ${conditions} conditions`,
    'give a field with one, such as a network with one label',
  );
}
