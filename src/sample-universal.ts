import { fieldFigures } from './distill/bespoke/field-figures.js';
import { FewstepError } from './errors.js';
import type { Field } from './field/field.js';
import type { Gpu } from './gpu/gpu.js';
import { rangeFrom } from './grid/grid.js';
import type { StudentRequest } from './sample-plan.js';
import type { SearchCost } from './search/gits.js';
import type { BespokeForm } from './solver/bespoke.js';
import { universalCounts, universalPlan, universalTable } from './solver/universal.js';

/** Whether a request names the bespoke solver without what was learned for a field: the universal table then. */
export function isUniversal({ solver, predictor, plan }: StudentRequest): boolean {
  return solver === 'bespoke' && !predictor && !plan;
}

/**
 * A request for the universal table with its plan in place of the solver; others as they are.
 * @param gpu to measure the data's mean and spread with, where the field does not know them
 * @param onSearch called meanwhile, with how many samples are drawn for that, of how many
 */
export async function resolveUniversal<R extends StudentRequest>(
  gpu: Gpu | undefined,
  field: Field,
  request: R,
  signal?: AbortSignal,
  onSearch?: (done: number, total: number) => void,
): Promise<{ request: R; search?: SearchCost }> {
  if (!isUniversal(request)) return { request };
  checkUniversal(request);
  const { data, search } = await fieldFigures(gpu, field, request.range, signal, onSearch);
  return { request: withPlan(request, data), ...(search && { search }) };
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

function withPlan<R extends StudentRequest>(request: R, data: BespokeForm['data']): R {
  const { nfe, range } = request;
  const plan = universalPlan(nfe!, data, rangeFrom(range));
  return { ...request, plan, ...{ solver: undefined, nfe: undefined, range: undefined, afs: undefined } };
}
