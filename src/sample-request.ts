import { checkEntries, type Entries } from './arguments.js';
import { FewstepError } from './errors.js';
import { conditionsOf } from './execute/conditions.js';
import { checkExecutor } from './execute/fused-plan.js';
import { batchOf, checkChunk } from './execute/inputs.js';
import { checkField } from './field/check.js';
import { rangeFrom } from './grid/grid.js';
import type { SampleRequest } from './sample.js';
import { PLAN_ENTRIES } from './solver/plan-for.js';

const ENTRIES: Entries<SampleRequest> = {
  field: true,
  ...PLAN_ENTRIES,
  solver: false,
  nfe: false,
  predictor: false,
  plan: false,
  batch: false,
  seed: false,
  latents: false,
  conditions: false,
  trajectory: false,
  executor: false,
  chunk: false,
  onProgress: false,
  onSearch: false,
  signal: false,
};

/**
 * Refuses what `sample` and `sampleReference` cannot take, the plan aside.
 * @returns the number of trajectories
 * @throws FewstepError bad-argument, unknown-name, bad-shape, not-finite
 */
export function checkSampleRequest(who: string, request: SampleRequest): number {
  checkEntries(`${who}'s request`, request, ENTRIES);
  const { field, latents, batch, seed = 0, executor, chunk, range } = request;
  checkField(field);
  checkExecutor(executor);
  checkChunk(chunk);
  rangeFrom(range);
  const count = batchOf(latents ? { values: latents } : { batch: batch ?? 64, seed }, field.dim);
  conditionsOf(field, count, request.conditions);
  if (batch === undefined || batch === count) return count;
  throw new FewstepError(
    'bad-argument',
    `the batch is ${batch}, and there are latents of ${count} trajectories`,
    'leave the batch out, or give latents of as many',
  );
}
