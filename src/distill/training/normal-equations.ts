import type { Executor } from '../../execute/fused-plan.js';
import { notFinite } from '../../execute/not-finite.js';
import { runShape } from '../../execute/run-shape.js';
import { SolveRun } from '../../execute/solve-run.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Random } from '../../rng/random.js';
import { inputsOf, type Plan, type Slot } from '../../solver/plan.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import { scalarsOf } from '../../solver/scalars.js';
import type { TeacherPool } from '../pool.js';
import { EquationsPass } from './equations-pass.js';
import { addMapped } from './linear-map.js';
import { fillColumns, tiled } from './variants.js';

/** What Gauss-Newton knows of a loss near some parameters, of which there are P. */
export interface NormalEquations {
  /** J^T W J, [P, P]: J the derivatives of the end points, W the weights of the trajectories. */
  matrix: Float64Array;
  /** J^T W e, e the errors: the loss's gradient, [P]. */
  gradient: Float64Array;
  loss: number;
  /** Mean distance of the end points to the teacher's. */
  meanError: number;
}

/** Trajectories of a teacher: where they begin and where they end, [count, dim], and under which conditions, [count]. */
export interface Trajectories {
  latents: Float32Array;
  endpoints: Float32Array;
  conditions?: Uint32Array;
}

/**
 * How far a number is moved for the derivative to it. Of order 1 are all: logarithms of times, scales,
 * weights. What float32 rounds of an end point is divided by it, what the derivative changes over it is left out.
 */
export const STEP = 2e-3;

/** Nothing of a run is timed. */
const NEITHER = { begin: false, end: false };

/** Draws trajectories of a pool. */
export function drawTrajectories(pool: TeacherPool, count: number, order: Random): Trajectories {
  const { dim, latents, states, conditions } = pool;
  const ends = states[states.length - 1];
  const drawn: Trajectories = {
    latents: new Float32Array(count * dim),
    endpoints: new Float32Array(count * dim),
    ...(conditions && { conditions: new Uint32Array(count) }),
  };
  for (let i = 0; i < count; i++) {
    const at = Math.floor((order.uniform() * latents.length) / dim) * dim;
    if (conditions) drawn.conditions![i] = conditions[at / dim];
    drawn.latents.set(latents.subarray(at, at + dim), i * dim);
    drawn.endpoints.set(ends.subarray(at, at + dim), i * dim);
  }
  return drawn;
}

/** What a linearisation is of. */
export interface LinearisationSize {
  /** Trajectories in a batch. */
  batch: number;
  /** Added to squared errors. */
  softening: number;
  /** At most so many solves at once; by default what the adapter's limits allow. */
  chunk?: number;
  /** Default 'stepwise': a fused kernel would make every solve's evaluations anew. */
  executor?: Executor;
}

/**
 * Normal equations of the loss log(mean |e|) + mean(log |e|^2) / 4, with |e|^2 + softening for |e|^2, on batches of
 * trajectories. W is what makes J^T W e its gradient: 1 / (n mean|e| |e|) + 1 / (2 n |e|^2), each trajectory by how much
 * its error counts. The derivatives are differences of solves, all numbers in one batch: no gradient of the field is
 * needed, and a device has work for many lanes. A number that is moved changes nothing before its own step: where
 * operations are dispatches of their own, what is before it is not done again. Sums are made on the device, too.
 */
export class Linearisation {
  /** Trajectories in a batch, a multiple of 4. */
  readonly batch: number;
  private readonly columns: Float32Array;

  private constructor(
    private readonly family: PlanFamily,
    /** The numbers that are moved, in the order of the solves behind that of none. */
    private readonly moved: readonly number[],
    private readonly run: SolveRun,
    private readonly sums: EquationsPass,
    private readonly size: { batch: number; dim: number; capacity: number; repeats: boolean },
  ) {
    const { batch, capacity, repeats } = size;
    this.batch = batch;
    this.columns = new Float32Array(localOf(family).plan.columns * (repeats ? moved.length + 1 : capacity));
  }

  /** Compiles, allocates and binds once for all batches. @throws FewstepError device-limit */
  static async create(
    gpu: Gpu,
    field: Field,
    family: PlanFamily,
    size: LinearisationSize,
  ): Promise<Linearisation> {
    const local = localOf(family);
    const { plan } = local;
    const batch = wholeBatch(size.batch);
    const wanted = [plan.states[plan.states.length - 1]];
    const { moved, dependent } = inOrderOfChange(local);
    const all = batch * (moved.length + 1);
    const rows = dependent.map((variants) => batch * (variants + 1));
    const shape = await runShape(gpu, field, plan, {
      batch: all,
      wanted,
      reads: false,
      seed: 0,
      chunk: size.chunk,
      executor: size.executor ?? 'stepwise',
      repeats: { period: batch, rows },
    });
    const { dim } = field;
    const { softening } = size;
    const [run, sums] = await Promise.all([
      SolveRun.create(gpu, field, plan, shape),
      EquationsPass.create(gpu, { batch, dim, moved: moved.length, step: STEP, softening }),
    ]);
    const { capacity, repeats } = shape;
    return new Linearisation(family, moved, run, sums, {
      batch,
      dim,
      capacity,
      repeats: repeats !== undefined,
    });
  }

  /**
   * @param given as many trajectories as `batch`
   * @throws FewstepError not-finite where a trajectory diverges, bad-grid where times of a plan have become one
   */
  async at(parameters: Float64Array, trajectories: Trajectories): Promise<NormalEquations> {
    const { family, moved } = this;
    const local = localOf(family);
    const numbers = family.local?.of(parameters) ?? parameters;
    this.sums.compareWith(trajectories.endpoints);
    await this.solve([local.values(numbers), ...local.moved(numbers, moved, STEP)], trajectories);
    const { status, ...own } = await this.sums.read();
    if (status.trajectories > 0)
      throw notFinite(status.step, status.trajectories, this.batch * (moved.length + 1));
    const size = parameters.length;
    const sums = { matrix: new Float64Array(size * size), gradient: new Float64Array(size) };
    const rows = family.local?.rows(parameters);
    addMapped(
      own,
      moved.map((i) => rows?.[i] ?? [{ at: i, weight: 1 }]),
      1,
      sums,
    );
    return { ...own, ...sums };
  }

  destroy(): void {
    this.run.destroy();
    this.sums.destroy();
  }

  /** Submits the latents by each of some sets of columns, and the sums of what they come to. */
  private async solve(values: readonly Float64Array[], { latents, conditions }: Trajectories): Promise<void> {
    const { run, sums, columns } = this;
    const { batch, capacity, dim, repeats } = this.size;
    const { plan } = localOf(this.family);
    const ends = run.result(plan.states[plan.states.length - 1]);
    const count = batch * values.length;
    const times = repeats ? 1 : values.length;
    const all = { values: tiled(latents, times), conditions: conditions && tiled(conditions, times) };
    run.clearStatus();
    for (let first = 0; first < count; first += capacity) {
      const rows = Math.min(capacity, count - first);
      const own = columns.subarray(0, plan.columns * (repeats ? values.length : rows));
      if (repeats) fillColumns(own, values, 1, 0, values.length);
      else fillColumns(own, values, batch, first, rows);
      await run.submit(first, rows, all, own, NEITHER, (encoder) => {
        sums.take(encoder, ends, first * dim, rows * dim);
        if (first + rows === count) sums.record(encoder, (target) => run.recordStatus(encoder, target, 0));
      });
    }
  }
}

/** Evaluations of the field that one linearisation takes, of so many trajectories. */
export function linearisationEvaluations(family: PlanFamily, batch: number): number {
  const local = localOf(family);
  const { dependent } = inOrderOfChange(local);
  const solves = local.plan.operations.reduce(
    (sum, { kind }, i) => sum + (kind === 'evaluate' ? dependent[i] + 1 : 0),
    0,
  );
  return solves * wholeBatch(batch);
}

/** Trajectories in a batch fill vec4. */
function wholeBatch(batch: number): number {
  return 4 * Math.ceil(batch / 4);
}

/** The family in the numbers that are moved. */
function localOf(family: PlanFamily): PlanFamily {
  return family.local?.family ?? family;
}

/**
 * The numbers of a family that change something, those first that change the first evaluations; and of each operation, up
 * to how many of them it depends on.
 */
function inOrderOfChange(family: PlanFamily): { moved: number[]; dependent: number[] } {
  const { plan } = family;
  const influences = family.influences();
  const changes = influences.map((columns) => changedBy(plan, new Set(columns)));
  const evaluations = [...plan.operations.keys()].filter((i) => plan.operations[i].kind === 'evaluate');
  const firsts = changes.map((changed) => evaluations.find((i) => changed[i]) ?? Infinity);
  const moved = [...influences.keys()]
    .filter((i) => influences[i].length > 0)
    .sort((a, b) => (firsts[a] === firsts[b] ? 0 : firsts[a] - firsts[b]));
  const dependent = plan.operations.map((_, i) => 1 + moved.findLastIndex((number) => changes[number][i]));
  return { moved, dependent };
}

/** Which operations of a plan come to something else when some columns change. */
function changedBy(plan: Plan, columns: ReadonlySet<number>): boolean[] {
  const changed = new Set<Slot>();
  return plan.operations.map((operation) => {
    const own = scalarsOf([operation]).some(
      (scalar) => typeof scalar !== 'number' && columns.has(scalar.column),
    );
    if (!own && !inputsOf(operation).some((slot) => changed.has(slot))) return false;
    changed.add(operation.out);
    return true;
  });
}
