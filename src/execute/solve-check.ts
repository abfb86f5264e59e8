import { checkEntries, type Entries, isObject, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { checkField } from '../field/check.js';
import type { Field } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { checkPlan, type Plan } from '../solver/plan.js';
import { checkExecutor } from './fused-plan.js';
import type { Latents } from './inputs.js';
import type { SolveOptions } from './solve.js';

const ENTRIES: Entries<SolveOptions> = {
  latents: true,
  columns: false,
  predictor: false,
  conditions: false,
  seed: false,
  executor: false,
  keep: false,
  chunk: false,
  onProgress: false,
  signal: false,
};

/** @throws FewstepError bad-argument or unknown-name for what is none of the things that `solve` takes */
export function checkSolve(gpu: Gpu, field: Field, plan: Plan, options: SolveOptions): void {
  checkGpu(gpu);
  checkField(field);
  checkPlan(plan);
  checkEntries("solve's options", options, ENTRIES);
  checkLatents(options.latents);
  checkExecutor(options.executor);
}

function checkLatents(latents: Latents): void {
  if (isObject(latents) && 'values' in latents) {
    checkEntries<{ values: ArrayLike<number> }>('the latents', latents, { values: true });
  } else if (isObject(latents)) {
    checkEntries<{ batch: number; seed: number }>('the latents', latents, { batch: true, seed: true });
  } else {
    throw new FewstepError(
      'bad-argument',
      `the latents are ${shown(latents)}`,
      'write { values: latents }, or { batch, seed } to have them drawn',
    );
  }
}
