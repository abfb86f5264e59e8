import { shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { isStochastic, type Plan, type Slot } from '../solver/plan.js';

/**
 * Where trajectories begin: given states x [batch, dim] in the field's units, or noise N(0, t_0^2) drawn on the GPU.
 * Seeds are whole numbers from 0 to 2^53 - 1; a trajectory's noise depends on the seed and its own index alone.
 */
export type Latents = { values: ArrayLike<number> } | { batch: number; seed: number };

/**
 * The number of trajectories of given latents, [batch, dim].
 * @throws FewstepError bad-shape, or not-finite naming the first row that is
 */
export function rowsOf(latents: ArrayLike<number>, dim: number): number {
  if (latents.length === 0 || latents.length % dim !== 0) {
    throw new FewstepError(
      'bad-shape',
      `${latents.length} numbers are no latents [batch, ${dim}]`,
      `give rows of ${dim} numbers`,
    );
  }
  for (let i = 0; i < latents.length; i++) {
    // Beyond float32 is infinite on a GPU.
    if (Number.isFinite(Math.fround(latents[i]))) continue;
    const [row, column] = [Math.floor(i / dim), i % dim];
    throw new FewstepError(
      'not-finite',
      `latent ${row} is ${latents[i]} in dimension ${column}`,
      'give latents that are finite in float32',
    );
  }
  return latents.length / dim;
}

/** Latents of one's own: whoever gave them may write others there while a run goes on. */
export function copyOf(latents: Latents): Latents {
  return 'values' in latents ? { values: Float32Array.from(latents.values) } : latents;
}

/** The number of trajectories. @throws FewstepError bad-argument, or as `rowsOf` */
export function batchOf(latents: Latents, dim: number): number {
  if ('values' in latents) return rowsOf(latents.values, dim);
  checkWhole('batch', latents.batch, 1);
  checkWhole('seed', latents.seed, 0);
  return latents.batch;
}

/**
 * Numbers of all trajectories on the host.
 * @throws FewstepError out-of-memory
 */
export function hostArray<Numbers>(
  type: new (length: number) => Numbers,
  batch: number,
  numbers: number,
): Numbers {
  try {
    return new type(batch * numbers);
  } catch (cause) {
    throw new FewstepError(
      'out-of-memory',
      `${batch} trajectories with ${numbers} numbers each are more than one array holds here`,
      'use a smaller batch, several times with another seed each',
      { cause },
    );
  }
}

/** @throws FewstepError bad-argument unless it is left out, or at least one trajectory at once */
export function checkChunk(chunk: number | undefined): void {
  if (chunk !== undefined) checkWhole('chunk', chunk, 1);
}

/** @throws FewstepError bad-shape unless there is one value per column and trajectory */
export function checkColumns(plan: Plan, columns: ArrayLike<number>, batch: number): void {
  if (columns.length === plan.columns * batch) return;
  throw new FewstepError(
    'bad-shape',
    `${plan.solver} reads ${plan.columns} values per trajectory, ${plan.columns * batch} in all; got ${columns.length}`,
    'give columns as [columns, batch]',
  );
}

/** @throws FewstepError bad-shape unless the plan's constants are states of `dim` numbers, not-finite */
export function checkConstants(plan: Plan, dim: number): void {
  for (const operation of plan.operations) {
    if (operation.kind !== 'constant') continue;
    const { values } = operation;
    if (values.length !== dim) {
      throw new FewstepError(
        'bad-shape',
        `${plan.solver} has a constant of ${values.length} numbers; the field's states have ${dim}`,
        'use it with the field that it was made for',
      );
    }
    // Beyond float32 is infinite on a GPU.
    const bad = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (bad < 0) continue;
    throw new FewstepError(
      'not-finite',
      `a constant of ${plan.solver} is ${values[bad]} in dimension ${bad}`,
      'give constants that are finite in float32',
    );
  }
}

/** @throws FewstepError bad-argument for a slot that the plan does not have */
export function checkKept(plan: Plan, keep: Iterable<Slot>): void {
  for (const slot of keep) {
    if (Number.isInteger(slot) && slot >= 0 && slot < plan.slots) continue;
    throw new FewstepError(
      'bad-argument',
      `${plan.solver} has no slot ${slot} to keep`,
      `slots run from 0 to ${plan.slots - 1}`,
    );
  }
}

/** @throws FewstepError bad-argument unless it is a whole number from `least` on */
export function checkWhole(what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new FewstepError(
    'bad-argument',
    `the ${what} is ${shown(value)}`,
    `give a whole number from ${least} to 2^53 - 1`,
  );
}

/**
 * The seed of the noise that a plan adds: the one that is given, or that of drawn latents.
 * @throws FewstepError bad-argument where a stochastic plan has neither
 */
export function noiseSeed(plan: Plan, { seed, latents }: { seed?: number; latents: Latents }): number {
  const found = seed ?? ('seed' in latents ? latents.seed : undefined);
  if (found === undefined && isStochastic(plan)) {
    throw new FewstepError(
      'bad-argument',
      `the plan of ${plan.solver} draws noise in its steps, and no seed is given`,
      'give a seed with the latents',
    );
  }
  checkWhole('seed', found ?? 0, 0);
  return found ?? 0;
}
