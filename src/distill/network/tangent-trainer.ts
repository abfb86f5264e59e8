import { PlanAdjoint } from '../../execute/plan-adjoint.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { TangentAdjoint } from '../../tangent/tangent-adjoint.js';
import { TangentPass } from '../../tangent/tangent-pass.js';
import { checkTangentPredictor, type TangentPredictor } from '../../tangent/tangent-predictor.js';
import { poolConditions, type TeacherPool } from '../pool.js';
import type { NetworkWeights } from './network-weights.js';
import { StateLossPass } from './state-loss.js';

export interface TangentTrainerOptions {
  /** Trajectories in a batch. */
  batch: number;
  /** Added to squared errors, in the loss log(mean |e|) + mean(log |e|^2) / 4. */
  softening: number;
}

/**
 * Trains a tangent network through whole trajectories to the teacher's end points, on the GPU: forwards, back, and the
 * update of all its parameters in one submit a batch, without the host.
 */
export class TangentTrainer {
  private constructor(
    private readonly gpu: Gpu,
    private readonly batch: number,
    private readonly adjoint: PlanAdjoint,
    private readonly pass: TangentPass,
    private readonly back: TangentAdjoint,
    private readonly loss: StateLossPass,
    private readonly weights: NetworkWeights,
    private readonly teacher: { latents: GPUBuffer; endpoints: GPUBuffer },
    /** Of the pool, of a field that has some. */
    private readonly conditions: Uint32Array | undefined,
    /** Whole batches that the pool holds. */
    readonly batches: number,
  ) {}

  /**
   * @param trained the parameters, which it updates
   * @throws FewstepError as checkTangentPredictor and PlanAdjoint.create
   */
  static async create(
    gpu: Gpu,
    field: Field,
    predictor: TangentPredictor,
    pool: TeacherPool,
    { batch, softening }: TangentTrainerOptions,
    trained: NetworkWeights,
  ): Promise<TangentTrainer> {
    const { COPY_SRC } = GPUBufferUsage;
    const { dim } = field;
    const { plan } = predictor.tangent;
    checkTangentPredictor(predictor, field, plan);
    const adjoint = await PlanAdjoint.create(gpu, field, plan, batch);
    const { slots, columns, columnGradient } = adjoint.buffers;
    const { weights, gradient, errors } = trained;
    const start = (slot: number) => adjoint.slot(slot) / 4;
    const forward = { slots, columns, weights, capacity: batch };
    const pass = await TangentPass.create(gpu, predictor, forward, start, true);
    pass.upload(batch);
    const backward = { columns, columnGradient, weights, gradient };
    const back = await TangentAdjoint.create(gpu, predictor, pass, backward, batch);
    const end = { result: adjoint.slot(adjoint.result), cotangent: adjoint.cotangent(adjoint.result) };
    const kind = 'log-mean' as const;
    const shape = { batch, dim };
    const loss = await StateLossPass.create(gpu, { slots, errors }, [end], { kind, softening }, shape);
    const teacher = {
      latents: gpu.buffer('latents of the teacher', COPY_SRC, pool.latents),
      endpoints: gpu.buffer('end points of the teacher', COPY_SRC, pool.states[pool.states.length - 1]),
    };
    const batches = Math.floor(pool.latents.length / dim / batch);
    const conditions = poolConditions(pool, field);
    return new TangentTrainer(gpu, batch, adjoint, pass, back, loss, trained, teacher, conditions, batches);
  }

  /** Records and submits batch `index` of the pool, modulo their number. Nobody waits for it. */
  submit(index: number): void {
    const { adjoint, teacher, loss, conditions, batch } = this;
    const bytes = 4 * batch * adjoint.dim;
    const at = (index % this.batches) * batch;
    const first = 4 * at * adjoint.dim;
    if (conditions) adjoint.tell(conditions.subarray(at, at + batch));
    const encoder = this.gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(teacher.latents, first, adjoint.buffers.slots, 0, bytes);
    encoder.copyBufferToBuffer(teacher.endpoints, first, loss.targets, 0, bytes);
    adjoint.recordClear(encoder);
    const pass = encoder.beginComputePass();
    adjoint.recordForward(pass, (recording, i) => this.pass.record(recording, i, this.batch));
    loss.record(pass);
    adjoint.recordBackward(pass);
    this.back.record(pass);
    this.weights.recordUpdate(pass);
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** What the last batch came to: its loss, and the mean distance of its results to the targets. */
  async figures(): Promise<{ loss: number; meanError: number }> {
    const [loss, meanError] = new Float32Array(await this.gpu.read(this.loss.figures));
    return { loss, meanError };
  }

  destroy(): void {
    for (const part of [this.adjoint, this.pass, this.back, this.loss]) part.destroy();
    for (const buffer of Object.values(this.teacher)) buffer.destroy();
  }
}
