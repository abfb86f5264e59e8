import * as tf from '@tensorflow/tfjs-core';
import { solve } from '../../src/execute/solve.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { Plan } from '../../src/solver/plan.js';
import type { Contestant } from '../sampling/contestant.js';
import type { SamplingSubject } from '../sampling/subjects.js';
import { checkedDifference, finished } from './backend.js';
import { mixtureByDifferences, type TfjsField, tfjsField } from './fields.js';

/** Trajectories whose end points are compared with fewstep's. */
const CHECKED = 16384;
/** Largest tensor that TensorFlow.js is given, bytes: it holds several, and does not split. */
const LARGEST = 2 ** 30;

/**
 * The same plan in TensorFlow.js, from latents that lie on the device: it has no generator there.
 * @returns undefined where a tensor of the batch would be too large
 * @throws Error where its end points are not fewstep's
 */
export async function tfjsContestant(
  gpu: Gpu,
  subject: SamplingSubject,
  plan: Plan,
  batch: number,
): Promise<Contestant | undefined> {
  const { source, field } = subject;
  const widest = source.kind === 'network' ? Math.max(source.config.width, field.dim) : field.dim;
  const columns = source.kind === 'mixture' ? Math.max(widest, source.spec.weights.length) : widest;
  if (4 * batch * columns > Math.min(LARGEST, gpu.limits.maxStorageBufferBindingSize)) return undefined;
  return apart(gpu, () => prepareTfjs(gpu, subject, plan, batch));
}

async function prepareTfjs(
  gpu: Gpu,
  subject: SamplingSubject,
  plan: Plan,
  batch: number,
): Promise<Contestant> {
  const { source, field } = subject;
  const checked = Math.min(batch, CHECKED);
  const start = plan.states[0];
  const ours = await solve(gpu, field, plan, { latents: { batch: checked, seed: 0 }, keep: [start] });
  const few = tf.tensor2d(ours.kept.get(start)!, [checked, field.dim]);
  const made = tfjsField(source, plan.times);
  const difference = await check(gpu, plan, made, few, ours.samples);
  const latents = batch > checked ? tf.tidy(() => tf.tile(few, [batch / checked, 1])) : few;
  const chosen = await quickest(gpu, subject, plan, made, few);
  // What it cannot do with so many shows here, and not among the repeats.
  await runOften(gpu, plan, chosen, latents, 1);
  return {
    by: 'tfjs',
    difference,
    run: (count) => runOften(gpu, plan, chosen, latents, count),
    destroy() {
      chosen.destroy();
      tf.dispose([few, latents]);
    },
  };
}

/** Work of another library, whose errors of WebGPU are its own: uncaptured, they would end ours. */
async function apart<T>({ device }: Gpu, work: () => Promise<T>): Promise<T> {
  const filters = ['validation', 'out-of-memory', 'internal'] as const;
  for (const filter of filters) device.pushErrorScope(filter);
  let [result, thrown]: [T | undefined, unknown] = [undefined, undefined];
  try {
    result = await work();
  } catch (error) {
    thrown = error;
  }
  const errors = [];
  for (const _ of filters) errors.push(await device.popErrorScope());
  const error = errors.find((found) => found !== null);
  if (error) throw new Error(error.message);
  if (thrown !== undefined) throw thrown;
  return result!;
}

/** The trajectories from `latents` to the last time; plans of euler and heun. */
function sampled({ solver, times }: Plan, field: TfjsField, latents: tf.Tensor2D): tf.Tensor2D {
  let x = latents;
  for (let i = 0; i + 1 < times.length; i++) {
    const [t, next] = [times[i], times[i + 1]];
    x = tf.tidy(() => {
      const slope = (at: tf.Tensor2D, sigma: number) =>
        tf.mul(tf.sub(at, field.denoised(at, sigma)), 1 / sigma) as tf.Tensor2D;
      const d = slope(x, t);
      const predicted = tf.add(x, tf.mul(d, next - t)) as tf.Tensor2D;
      const ended =
        solver === 'euler'
          ? predicted
          : (tf.add(x, tf.mul(tf.add(d, slope(predicted, next)), (next - t) / 2)) as tf.Tensor2D);
      if (i > 0) x.dispose();
      return ended;
    });
  }
  return x;
}

async function runOften(
  gpu: Gpu,
  plan: Plan,
  field: TfjsField,
  latents: tf.Tensor2D,
  count: number,
): Promise<undefined> {
  for (let i = 1; i < count; i++) sampled(plan, field, latents).dispose();
  const last = sampled(plan, field, latents);
  await finished(gpu, last);
  last.dispose();
}

async function check(
  gpu: Gpu,
  plan: Plan,
  field: TfjsField,
  latents: tf.Tensor2D,
  ours: Float32Array,
): Promise<number> {
  const end = sampled(plan, field, latents);
  const theirs = await gpu.settle(end.data());
  end.dispose();
  return checkedDifference('end points', theirs, ours);
}

/** Of a mixture's two forms, where both have room, the one that is quicker on the checked batch. */
async function quickest(
  gpu: Gpu,
  { source }: SamplingSubject,
  plan: Plan,
  products: TfjsField,
  latents: tf.Tensor2D,
): Promise<TfjsField> {
  if (source.kind !== 'mixture') return products;
  const [batch, dim] = latents.shape;
  if (4 * batch * dim * source.spec.weights.length > 2 ** 28) return products;
  const differences = mixtureByDifferences(source.spec, plan.times);
  const forms = [products, differences];
  const times: number[] = [];
  for (const form of forms) {
    await runOften(gpu, plan, form, latents, 1);
    const begin = performance.now();
    await runOften(gpu, plan, form, latents, 3);
    times.push(performance.now() - begin);
  }
  const best = times[0] <= times[1] ? 0 : 1;
  forms[1 - best].destroy();
  return forms[best];
}
