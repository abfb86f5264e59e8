import { FewstepError } from '../errors.js';
import type { DistillRequest } from './distill-request.js';
import type { Distiller } from './distill-run.js';

/**
 * What distils networks, by either recipe.
 * @throws FewstepError bad-argument, as long as there is none
 */
export function networkDistiller({ recipe }: DistillRequest): Distiller {
  const what = recipe === 'published' ? 'the published recipe' : '--kind network';
  throw new FewstepError('bad-argument', `${what} is not there yet`, 'take --recipe robust --kind table');
}
