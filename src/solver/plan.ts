/**
 * A solver is a pure function from a time grid to a plan, and a plan is data: a list of operations over slots.
 * NFE, execution on the CPU and on the GPU, and gradients all follow from it.
 */
import { isObject, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';

/** A state-sized array [batch, dim]. Every operation writes a slot of its own; executors decide what is reused. */
export type Slot = number;

/**
 * A time or a coefficient: one number for the batch, or one per trajectory, offset + scale * column, from
 * column-major columns [columns, batch] that come with the run.
 */
export type Scalar = number | { readonly column: number; readonly scale: number; readonly offset: number };

/** One value per trajectory: offset + scale * column, by default the column as it is. */
export function perTrajectory(column: number, scale = 1, offset = 0): Scalar {
  return { column, scale, offset };
}

/** Evaluates the field: the only operation that costs a network call. */
export interface Evaluate {
  readonly kind: 'evaluate';
  /** x. */
  readonly state: Slot;
  /** The noise level that the field is told. */
  readonly time: Scalar;
  /** D(x, time), or the velocity (x - D(x, time)) / divisor. */
  readonly output: 'denoised' | 'velocity';
  /** The time to divide by; AMED evaluates at a scaled time and divides by the unscaled one. */
  readonly divisor: Scalar;
  readonly out: Slot;
}

/** out = sum of coefficient * slot, in this order. */
export interface Combine {
  readonly kind: 'combine';
  readonly terms: readonly { readonly coefficient: Scalar; readonly slot: Slot }[];
  readonly out: Slot;
}

/** out = state + scale (at - start) velocity: the Euler prediction at a time that may differ per trajectory. */
export interface EulerAt {
  readonly kind: 'euler-at';
  readonly state: Slot;
  readonly velocity: Slot;
  readonly start: Scalar;
  readonly at: Scalar;
  readonly scale: Scalar;
  readonly out: Slot;
}

/** out = the same vector for every trajectory, such as the mean of the data. */
export interface Constant {
  readonly kind: 'constant';
  /** [dim] */
  readonly values: readonly number[];
  readonly out: Slot;
}

/** out = state + scale z, with z standard normal: what a sampler of the reverse SDE adds. */
export interface Noise {
  readonly kind: 'noise';
  readonly state: Slot;
  readonly scale: number;
  /** Which of the plan's draws it is: with the seed and the trajectory, the key of its numbers. */
  readonly draw: number;
  readonly out: Slot;
}

/** What a plan is made of. Each reads slots that were written before it, and writes one of its own. */
export type Operation = Evaluate | Combine | EulerAt | Constant | Noise;

/** Terms of one combination, at most. */
export const MAX_TERMS = 30;

/**
 * What a solver is to do on a grid, as data: the same for every field, batch and executor. `PlanBuilder` writes one.
 */
export interface Plan {
  /** The solver with its options, as one writes it: 'dpm-solver-2:r=0.4'. */
  readonly solver: string;
  /** Decreasing times (sigma) of the grid; with `states`, where the trajectory is at each. */
  readonly times: readonly number[];
  /** Whether the first evaluation is analytical. */
  readonly afs: boolean;
  /** In the order in which they are done. */
  readonly operations: readonly Operation[];
  /** The slot of the state at each time of the grid; the first is x at the first time, the last the result. */
  readonly states: readonly Slot[];
  /** How many slots the operations write, x at the first time being slot 0. */
  readonly slots: number;
  /** How many per-trajectory columns the operations read. */
  readonly columns: number;
}

/** @throws FewstepError bad-argument for what is no plan */
export function checkPlan(plan: unknown): void {
  if (isObject(plan) && Array.isArray(plan.operations) && Array.isArray(plan.states)) return;
  throw new FewstepError(
    'bad-argument',
    `the plan is ${shown(plan)}, not a Plan`,
    "give what planFor makes, as of { solver: 'ipndm-3', nfe: 6 }, or planOfTable",
  );
}

/** Number of function evaluations per trajectory: a property of the plan, since nothing else calls the field. */
export function nfeOf(plan: Plan): number {
  return plan.operations.filter((operation) => operation.kind === 'evaluate').length;
}

/** What each evaluation tells the field, sigma; undefined where trajectories differ. */
export function evaluationTimes({ operations }: Plan): number[] | undefined {
  const times = operations.flatMap((operation) => (operation.kind === 'evaluate' ? [operation.time] : []));
  return times.every((time) => typeof time === 'number') ? times : undefined;
}

/** Whether a run of the plan draws random numbers, besides its latents. */
export function isStochastic(plan: Plan): boolean {
  return plan.operations.some(({ kind }) => kind === 'noise');
}

/** The slots that an operation reads. */
export function inputsOf(operation: Operation): Slot[] {
  switch (operation.kind) {
    case 'evaluate':
      return [operation.state];
    case 'combine':
      return operation.terms.map((term) => term.slot);
    case 'euler-at':
      return [operation.state, operation.velocity];
    case 'noise':
      return [operation.state];
    case 'constant':
      return [];
  }
}

/** The step (0-based interval of the grid) that each operation belongs to. */
export function stepsOf(plan: Plan): number[] {
  const ends = plan.states.map((slot) => plan.operations.findIndex((operation) => operation.out === slot));
  return plan.operations.map((_, i) => ends.slice(1).filter((end) => end < i).length);
}

/**
 * Places slots into as few buffers as their lifetimes allow.
 * @param keep slots that must survive to the end of the run, besides the result
 * @param alsoRead slots that something else reads before an operation
 * @param inPlace whether an operation has read all its inputs before it writes, so that it may write over them
 * @returns the place of each slot, and how many places there are
 */
export function allocate(
  plan: Plan,
  keep: Iterable<Slot> = [],
  alsoRead: Iterable<{ slot: Slot; before: number }> = [],
  inPlace = false,
): { place: number[]; places: number } {
  const lastRead = new Array<number>(plan.slots).fill(-1);
  for (const { slot, before } of alsoRead) lastRead[slot] = Math.max(lastRead[slot], before);
  for (const [i, operation] of plan.operations.entries()) {
    for (const slot of inputsOf(operation)) lastRead[slot] = Math.max(lastRead[slot], i);
  }
  for (const slot of [...keep, plan.states[plan.states.length - 1]])
    lastRead[slot] = Number.POSITIVE_INFINITY;

  const place = new Array<number>(plan.slots).fill(-1);
  place[0] = 0;
  const free: number[] = [];
  const live = new Set<Slot>([0]);
  let places = 1;
  for (const [i, operation] of plan.operations.entries()) {
    const release = () => {
      for (const slot of live) {
        if (lastRead[slot] > i) continue;
        free.push(place[slot]);
        live.delete(slot);
      }
    };
    // In memory an operation reads each number before it writes it, but a field mixes the numbers of a trajectory:
    // its output may not take the place of its input, so inputs are freed only afterwards.
    if (inPlace) release();
    place[operation.out] = free.pop() ?? places++;
    live.add(operation.out);
    release();
  }
  return { place, places };
}

/** @throws FewstepError bad-argument for a plan that draws noise */
export function refuseStochastic(plan: Plan, remedy: string): void {
  if (!isStochastic(plan)) return;
  throw new FewstepError('bad-argument', `the plan of ${plan.solver} draws noise in its steps`, remedy);
}
