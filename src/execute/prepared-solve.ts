import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { checkTrajectoryPredictor, type TrajectoryPredictor } from '../predictor/trajectory-predictor.js';
import type { Plan, Slot } from '../solver/plan.js';
import { conditionsOf } from './conditions.js';
import type { Executor } from './fused-plan.js';
import { checkColumns, checkWhole, noiseSeed } from './inputs.js';
import { notFinite } from './not-finite.js';
import { runShape } from './run-shape.js';
import { SolveRun } from './solve-run.js';

export interface PreparedSolveOptions {
  /** Trajectories of one solve. */
  batch: number;
  /** Who fills the plan's columns while it runs. */
  predictor?: TrajectoryPredictor;
  /** The condition of each trajectory, [batch], of a field that has some; by default in turn. */
  conditions?: ArrayLike<number>;
  /** Default 'auto'. */
  executor?: Executor;
  /** At most so many trajectories at once; by default what the adapter's limits allow. */
  chunk?: number;
}

/** What solves in a row took. */
export interface RepeatedTime {
  /** From the first submit until the device had done the last, milliseconds. */
  hostMs: number;
  /** Of the last solve alone, from the begin of its first pass to the end of its last, where the adapter has timestamps. */
  gpuMs?: number;
}

const NOTHING = new Float32Array(0);

/**
 * A solve that is compiled, allocated and bound once, to be run again with other latents. Samples stay on the device, so
 * a run costs what sampling costs, and not what the way to the host does.
 */
export class PreparedSolve {
  private constructor(
    private readonly gpu: Gpu,
    private readonly last: Slot,
    private readonly run: SolveRun,
    private readonly batch: number,
    private readonly capacity: number,
    private readonly conditions: Uint32Array | undefined,
    /** Who runs the plan. */
    readonly executor: Exclude<Executor, 'auto'>,
  ) {}

  /**
   * @param plan without columns, unless a predictor fills them. Its own noise, where it draws some, is the same in each run
   * @throws FewstepError as `solve`
   */
  static async create(
    gpu: Gpu,
    field: Field,
    plan: Plan,
    { batch, predictor, conditions, executor, chunk }: PreparedSolveOptions,
  ): Promise<PreparedSolve> {
    checkWhole('batch', batch, 1);
    if (predictor) checkTrajectoryPredictor(predictor, field, plan);
    else checkColumns(plan, NOTHING, batch);
    const seed = noiseSeed(plan, { latents: { batch, seed: 0 } });
    const told = conditionsOf(field, batch, conditions);
    const last = plan.states[plan.states.length - 1];
    const shape = await runShape(gpu, field, plan, {
      batch,
      wanted: [last],
      reads: false,
      prepared: true,
      predictor,
      seed,
      executor,
      chunk,
    });
    const run = await SolveRun.create(gpu, field, plan, shape);
    return new PreparedSolve(gpu, last, run, batch, shape.capacity, told, shape.fused ? 'fused' : 'stepwise');
  }

  /**
   * Solves `count` times, one behind the other, with latents of the seeds `seed`, `seed + 1`, ..., and waits once.
   * @throws FewstepError not-finite, naming the first step
   */
  async repeat(count: number, seed = 0): Promise<RepeatedTime> {
    const { batch, capacity, conditions } = this;
    checkWhole('count', count, 1);
    checkWhole('seed', seed, 0);
    this.run.clearStatus();
    const begin = performance.now();
    for (let i = 0; i < count; i++) {
      const latents = { batch, seed: seed + i, conditions };
      for (let first = 0; first < batch; first += capacity) {
        const ended = first + capacity >= batch;
        const ends = i + 1 === count ? { begin: first === 0, end: ended } : NEITHER;
        await this.run.submit(first, Math.min(capacity, batch - first), latents, NOTHING, ends);
      }
    }
    await this.gpu.settle(this.gpu.device.queue.onSubmittedWorkDone());
    const hostMs = performance.now() - begin;
    const { step, trajectories } = await this.run.status();
    if (trajectories > 0) throw notFinite(step, trajectories, count * batch);
    const gpuMs = await this.run.timedMs();
    return { hostMs, ...(gpuMs !== undefined && { gpuMs }) };
  }

  /** The samples of the last solve, of its last chunk where the batch takes more than one, [count, dim]. */
  samples(): Promise<Float32Array> {
    return this.run.wanted(this.last, this.batch % this.capacity || this.capacity);
  }

  /** Field evaluations of one solve, per trajectory. */
  get evaluations(): number {
    return this.run.evaluations;
  }

  destroy(): void {
    this.run.destroy();
  }
}

const NEITHER = { begin: false, end: false };
