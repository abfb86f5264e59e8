import { PlanAdjoint } from '../../execute/plan-adjoint.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { READ_FEATURES } from '../../predictor/network-config.js';
import { checkPredictor, type NetworkPredictor } from '../../predictor/network-predictor.js';
import { PredictorAdjoint } from '../../predictor/predictor-adjoint.js';
import { PredictorPass } from '../../predictor/predictor-pass.js';
import { poolConditions, type TeacherPool } from '../pool.js';
import type { NetworkWeights } from './network-weights.js';
import { type StateLoss, StateLossPass } from './state-loss.js';

export interface NetworkTrainerOptions {
  batch: number;
  loss: StateLoss;
  /** Of each batch the loss is that of the whole trajectory; or of each step in turn, with an update after each. */
  mode: 'whole' | 'steps';
  /** In steps: whether each begins with the teacher's state, or with the student's own. */
  restart: boolean;
}

/**
 * Trains a network that answers per trajectory, on the GPU: forwards, back, and the update of its weights without the
 * host. States are where a step begins: the gradient of a step's loss does not go further back.
 */
export class NetworkTrainer {
  private constructor(
    private readonly gpu: Gpu,
    private readonly predictor: NetworkPredictor,
    private readonly options: NetworkTrainerOptions,
    private readonly adjoint: PlanAdjoint,
    private readonly pass: PredictorPass,
    private readonly back: PredictorAdjoint,
    private readonly loss: StateLossPass,
    private readonly weights: NetworkWeights,
    private readonly own: { features: GPUBuffer; latents: GPUBuffer },
    /** Of the teacher, at each time after the first, or at the last alone. */
    private readonly states: GPUBuffer[],
    /** Of the pool, of a field that has some. */
    private readonly conditions: Uint32Array | undefined,
    /** The slot of the state at each time of the grid. */
    private readonly slots: number[],
    /** Whole batches that the pool holds. */
    readonly batches: number,
  ) {}

  static async create(
    gpu: Gpu,
    field: Field,
    predictor: NetworkPredictor,
    pool: TeacherPool,
    options: NetworkTrainerOptions,
    trained: NetworkWeights,
  ): Promise<NetworkTrainer> {
    checkPredictor(predictor, field, predictor.predicted.plan);
    const { STORAGE, COPY_SRC } = GPUBufferUsage;
    const { predicted, config } = predictor;
    const { batch } = options;
    const { dim } = field;
    const own = {
      features: gpu.buffer('features', STORAGE, 4 * READ_FEATURES * batch),
      latents: gpu.buffer('latents of the teacher', COPY_SRC, pool.latents),
    };
    const states = pool.states.map((state) => gpu.buffer('states of the teacher', COPY_SRC, state));
    const adjoint = await PlanAdjoint.create(gpu, field, predicted.plan, batch, {
      features: own.features,
      ...(options.mode === 'steps' && { parts: predicted.steps }),
    });
    const { slots, columns, columnGradient } = adjoint.buffers;
    const { features } = own;
    const { weights, gradient, errors } = trained;
    const pass = await PredictorPass.create(
      gpu,
      field,
      predictor,
      { slots, columns, features, weights, capacity: batch },
      (slot) => adjoint.slot(slot) / 4,
      true,
    );
    pass.upload(batch);
    const back = await PredictorAdjoint.create(
      gpu,
      predicted,
      config,
      pass,
      { columns, columnGradient, weights, gradient },
      batch,
    );
    const grid = gridSlots(predictor);
    const compared = grid.slice(1).map((slot) => ({
      result: adjoint.slot(slot),
      cotangent: adjoint.cotangent(slot),
    }));
    const loss = await StateLossPass.create(gpu, { slots, errors }, compared, options.loss, { batch, dim });
    const batches = Math.floor(pool.latents.length / dim / batch);
    return new NetworkTrainer(
      gpu,
      predictor,
      options,
      adjoint,
      pass,
      back,
      loss,
      trained,
      own,
      states,
      poolConditions(pool, field),
      grid,
      batches,
    );
  }

  /** Updates that one batch takes. */
  get updatesPerBatch(): number {
    return this.options.mode === 'whole' ? 1 : this.predictor.predicted.steps.length;
  }

  /** Records and submits batch `index` of the pool, modulo their number. Nobody waits for it. */
  submit(index: number): void {
    const encoder = this.gpu.device.createCommandEncoder();
    const { adjoint, own, conditions } = this;
    const { batch } = this.options;
    const first = (index % this.batches) * batch;
    if (conditions) adjoint.tell(conditions.subarray(first, first + batch));
    this.copyRows(encoder, own.latents, index, adjoint.buffers.slots, 0);
    if (this.options.mode === 'whole') this.recordWhole(encoder, index);
    else this.recordSteps(encoder, index);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    for (const part of [this.adjoint, this.pass, this.back, this.loss]) part.destroy();
    for (const buffer of [...Object.values(this.own), ...this.states]) buffer.destroy();
  }

  private recordWhole(encoder: GPUCommandEncoder, index: number): void {
    const { adjoint, back, loss, predictor } = this;
    const { steps } = predictor.predicted;
    this.copyRows(encoder, this.states[this.states.length - 1], index, loss.targets, 0);
    adjoint.recordClear(encoder);
    back.recordClear(encoder);
    const pass = encoder.beginComputePass();
    adjoint.recordForward(pass, this.ask);
    loss.record(pass, steps.length - 1);
    adjoint.recordBackward(pass);
    for (let n = steps.length - 1; n >= 0; n--) back.recordStep(pass, n);
    this.weights.recordUpdate(pass);
    pass.end();
  }

  private recordSteps(encoder: GPUCommandEncoder, index: number): void {
    const { adjoint, back, loss, states, predictor } = this;
    for (const [n, step] of predictor.predicted.steps.entries()) {
      if (this.options.restart && n > 0) {
        const start = 4 * adjoint.slot(this.slots[n]);
        this.copyRows(encoder, states[n - 1], index, adjoint.buffers.slots, start);
      }
      this.copyRows(encoder, states[n], index, loss.targets, 0);
      adjoint.recordClear(encoder);
      back.recordClear(encoder);
      const pass = encoder.beginComputePass();
      adjoint.recordForward(pass, this.ask, step);
      loss.record(pass, n);
      adjoint.recordBackward(pass, step);
      back.recordStep(pass, n);
      this.weights.recordUpdate(pass);
      pass.end();
    }
  }

  private readonly ask = (pass: GPUComputePassEncoder, i: number) =>
    this.pass.record(pass, i, this.options.batch);

  private copyRows(
    encoder: GPUCommandEncoder,
    from: GPUBuffer,
    index: number,
    to: GPUBuffer,
    offset: number,
  ): void {
    const bytes = 4 * this.options.batch * this.adjoint.dim;
    encoder.copyBufferToBuffer(from, (index % this.batches) * bytes, to, offset, bytes);
  }
}

/** The slots of the states at the times of the grid: a plugin's plan also has those at t_m. */
function gridSlots({ predicted: { plan, steps } }: NetworkPredictor): number[] {
  const doubled = plan.states.length > steps.length + 1;
  return plan.states.filter((_, i) => !doubled || i % 2 === 0);
}
