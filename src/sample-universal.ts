import { chooseUniversal } from './distill/bespoke/universal-choice.js';
import { FewstepError } from './errors.js';
import type { Field } from './field/field.js';
import type { Gpu } from './gpu/gpu.js';
import type { StudentRequest } from './sample-plan.js';
import type { SearchCost } from './search/gits.js';
import { type UniversalKind, universalCounts, universalTable } from './solver/universal.js';

/** Whether a request names the bespoke solver without what was learned for a field: a universal table then. */
export function isUniversal({ solver, predictor, plan }: StudentRequest): boolean {
  return solver === 'bespoke' && !predictor && !plan;
}

/**
 * A request for a universal table with its plan in place of the solver; others as they are.
 * @param gpu to measure the data's mean and spread with, where the field does not know them, and to compare tables
 * @param onSearch called meanwhile, as `chooseUniversal` does
 */
export async function resolveUniversal<R extends StudentRequest>(
  gpu: Gpu | undefined,
  field: Field,
  request: R,
  signal?: AbortSignal,
  onSearch?: (done: number, total: number) => void,
): Promise<{ request: R; kind?: UniversalKind; search?: SearchCost }> {
  if (!isUniversal(request)) return { request };
  checkUniversal(request);
  const { nfe, range } = request;
  const choosing = { nfe: nfe!, range, signal, onProgress: onSearch };
  const { kind, plan, search } = await chooseUniversal(gpu, field, choosing);
  const unnamed = { solver: undefined, nfe: undefined, range: undefined, afs: undefined };
  return { request: { ...request, plan, ...unnamed }, kind, ...(search && { search }) };
}

/** @throws FewstepError what of a request can be known to be impossible before anything runs */
export function checkUniversal(request: StudentRequest): void {
  for (const name of ['grid', 'afs'] as const) {
    if (!request[name]) continue;
    throw new FewstepError(
      'bad-argument',
      `the bespoke solver has its own times and its own start, and ${name === 'afs' ? 'AFS' : 'a grid'} is given`,
      'leave it out',
    );
  }
  if (request.nfe === undefined) {
    throw new FewstepError(
      'bad-argument',
      'the request has no NFE',
      `give one of ${universalCounts.join(', ')}`,
    );
  }
  universalTable(request.nfe);
}
