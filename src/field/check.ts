import { isObject, isPromise, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { isGpu } from '../gpu/check.js';

/** What people have in place of a field, by an entry of it, and what makes a field of it. */
const MAKERS = {
  means: ['the description of a mixture', 'make a field of it: gaussianMixture({ weights, means, stds })'],
  predict: ['the description of a model', 'make a field of it: externalField({ dim, predict, .. })'],
  predictOnDevice: [
    'the description of a model',
    'make a field of it: externalField({ dim, predictOnDevice, .. })',
  ],
  wgsl: ['the description of a field', 'make a field of it: customField({ dim, wgsl })'],
  config: ['a model', 'make a field of it: mlpField(model)'],
} as const;

/** @throws FewstepError bad-argument unless it is a `Field`, with what makes one */
export function checkField(given: unknown): void {
  if (isObject(given) && typeof given.prepare === 'function' && typeof given.dim === 'number') return;
  const refuse = (what: string, remedy: string) =>
    new FewstepError('bad-argument', `the field is ${what}, not a Field`, remedy);
  if (isPromise(given)) throw refuse('a promise', 'await it');
  if (isGpu(given)) throw refuse('a Gpu', 'give the arguments in their order');
  for (const [entry, [what, remedy]] of Object.entries(MAKERS)) {
    if (isObject(given) && entry in given) throw refuse(what, remedy);
  }
  throw refuse(
    shown(given),
    'give what gaussianMixture, empirical, customField, mlpField or externalField makes',
  );
}
