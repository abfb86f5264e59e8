import type { Gpu } from '../../src/gpu/gpu.js';
import type { StructValue } from '../../src/gpu/layout.js';
import { mlpField } from '../../src/mlp/field.js';
import { Network } from '../../src/mlp/network.js';
import { NetworkPasses } from '../../src/mlp/passes.js';
import { type Precision, precisionsOf } from '../../src/mlp/precision.js';
import { random } from '../../src/rng/random.js';
import { trainingSettings } from '../../src/train/settings.js';
import { initialState, Trainer } from '../../src/train/trainer.js';
import { timed } from '../adapter/ceiling.js';
import { type MlpShape, multiplyAdds } from './shape.js';
import type { MlpSubject, PreparedSubject } from './subject.js';

/** Bytes from one pass's uniform to the next. */
const STRIDE = 256;
const each = { offset: 0, scale: 1, column: 0 };

/** Everything of ours that is timed on a shape. */
export function mlpSubjects(gpu: Gpu, shape: MlpShape): MlpSubject[] {
  const { config } = shape;
  const [one, own] = [multiplyAdds(config, 'one'), multiplyAdds(config, 'each')];
  const pass = (name: string, which: 'jvp' | 'vjp' | 'weightGradient'): MlpSubject => ({
    name,
    multiplyAdds: own,
    prepare: () => preparePass(gpu, shape, which),
  });
  const forward = (precision: Precision): MlpSubject => ({
    name: `forward ${precision}`,
    multiplyAdds: one,
    prepare: () => prepareForward(gpu, shape, precision),
  });
  return [
    ...precisionsOf(gpu).map(forward),
    pass('vjp', 'vjp'),
    pass('jvp', 'jvp'),
    pass('weight gradient', 'weightGradient'),
    { name: 'training step', multiplyAdds: 3 * own, prepare: () => prepareTraining(gpu, shape) },
  ];
}

/** One evaluation of the field, all trajectories at one sigma as most solvers ask for it. */
export async function prepareForward(
  gpu: Gpu,
  { config, parameters, batch, x, sigma }: MlpShape,
  precision: Precision,
): Promise<PreparedSubject & { denoised(): Promise<Float32Array> }> {
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const prepared = await mlpField({ config, parameters }, { precision }).prepare(gpu);
  const slots = gpu.buffer('slots', STORAGE | COPY_SRC | COPY_DST, 2 * x.byteLength);
  gpu.device.queue.writeBuffer(slots, 0, x as Float32Array<ArrayBuffer>);
  const columns = gpu.buffer('columns', STORAGE, 4);
  const status = gpu.buffer('status', STORAGE, 8 + 4 * batch);
  const uniform = new ArrayBuffer(prepared.operationSize);
  const time = { offset: sigma, scale: 0, column: -1 };
  const operands = { state: 0, output: x.length, trajectories: batch, velocity: 0 };
  prepared.pack({ ...operands, sigma: time, divisor: time }, uniform, 0);
  const operation = gpu.buffer('operation', UNIFORM, uniform);
  const bound = prepared.bind({ slots, columns, status, operation, capacity: batch });
  return {
    async run(count) {
      await timed(gpu, (pass) => {
        for (let i = 0; i < count; i++) bound.encode(pass, 0, batch);
      });
    },
    denoised: async () => new Float32Array(await gpu.read(slots, x.byteLength, x.byteLength)),
    destroy() {
      bound.destroy();
      for (const buffer of [slots, columns, status, operation]) buffer.destroy();
    },
  };
}

/** A pass that goes on from a forward pass: that, and the passes that it needs, are done once before. */
async function preparePass(
  gpu: Gpu,
  { config, parameters, batch, x, sigma }: MlpShape,
  which: 'jvp' | 'vjp' | 'weightGradient',
): Promise<PreparedSubject> {
  const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
  const network = new Network(gpu, config, parameters);
  const slots = gpu.buffer('slots', STORAGE | COPY_DST, 4 * x.byteLength);
  // The states themselves serve as tangents and as cotangents.
  for (const slot of [0, 1]) {
    gpu.device.queue.writeBuffer(slots, slot * x.byteLength, x as Float32Array<ArrayBuffer>);
  }
  const columns = gpu.buffer('columns', STORAGE, new Float32Array(batch).fill(sigma));
  const operation = gpu.buffer('operations', UNIFORM | COPY_DST, 4 * STRIDE);
  const passes = await NetworkPasses.create(network, { slots, columns, operation, capacity: batch });
  const common = { state: 0, trajectories: batch, sigma: each };
  const uniforms = new ArrayBuffer(4 * STRIDE);
  const pack = (at: number, pass: 'forward' | 'jvp' | 'vjp' | 'weightGradient', own: StructValue) =>
    passes.pack(pass, { ...common, ...own }, uniforms, at * STRIDE);
  pack(0, 'forward', { output: 2 * x.length, velocity: 0, divisor: each });
  pack(1, 'jvp', { tangent: x.length, output: 3 * x.length, sigma_tangent: each });
  pack(2, 'vjp', { cotangent: x.length, output: 3 * x.length });
  pack(3, 'weightGradient', {});
  gpu.device.queue.writeBuffer(operation, 0, uniforms);
  await timed(gpu, (pass) => {
    passes.transpose(pass);
    passes.forward(pass, 0, batch);
    passes.vjp(pass, 2 * STRIDE, batch);
  });
  const offset = { jvp: STRIDE, vjp: 2 * STRIDE, weightGradient: 3 * STRIDE }[which];
  return {
    async run(count) {
      await timed(gpu, (pass) => {
        for (let i = 0; i < count; i++) passes[which](pass, offset, batch);
      });
    },
    destroy() {
      passes.destroy();
      network.destroy();
      for (const buffer of [slots, columns, operation]) buffer.destroy();
    },
  };
}

/** Whole steps of EDM's loss, the draw of the batch and the averages included. */
async function prepareTraining(gpu: Gpu, shape: MlpShape): Promise<PreparedSubject> {
  const trainer = await createTrainer(gpu, shape);
  return {
    async run(count) {
      trainer.submit(count);
      await gpu.settle(gpu.device.queue.onSubmittedWorkDone());
    },
    destroy: () => trainer.destroy(),
  };
}

export function createTrainer(gpu: Gpu, { config, parameters, batch }: MlpShape): Promise<Trainer> {
  const draw = random(2);
  const values = Float32Array.from({ length: 1024 * config.dim }, () => config.sigmaData * draw.normal());
  const state = { ...initialState(config, 1), parameters };
  return Trainer.create(gpu, { config, settings: trainingSettings({ batch }), data: { values }, state });
}
