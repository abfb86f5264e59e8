import type { Gpu } from '../../src/gpu/gpu.js';
import { STEPS_PER_SUBMIT } from '../../src/train/buffers.js';
import { countLasting } from '../adapter/count-lasting.js';
import { warmUp } from '../adapter/warm-up.js';
import { createTrainer } from '../mlp/passes.js';
import { mlpShape, multiplyAdds } from '../mlp/shape.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';

/** How fast a network learns: whole steps of `fewstep train`, from the draw of a batch to the averaged parameters. */
export interface TrainingRow {
  network: string;
  batch: number;
  repeats: number;
  /** Steps of a repeat. */
  count: number;
  /** A step: wall time, and of it what the host takes to record and submit it; milliseconds. */
  ms: MinMedianMax;
  encodeMs: MinMedianMax;
  /** Of the median. */
  stepsPerSecond: number;
  samplesPerSecond: number;
  /** Of the multiply-adds of forward pass, backward pass and weight gradients. */
  flops: number;
}

export async function measureTraining(
  gpu: Gpu,
  { dim, width, batch }: { dim: number; width: number; batch: number },
  { repeats, repeatMs }: { repeats: number; repeatMs: number },
): Promise<TrainingRow> {
  const shape = mlpShape(width, batch, dim);
  const trainer = await createTrainer(gpu, shape);
  const steps = async (count: number) => {
    const begin = performance.now();
    for (let left = count; left > 0; left -= STEPS_PER_SUBMIT) {
      trainer.submit(Math.min(left, STEPS_PER_SUBMIT));
    }
    const encodeMs = performance.now() - begin;
    await gpu.settle(gpu.device.queue.onSubmittedWorkDone());
    return { ms: performance.now() - begin, encodeMs };
  };
  await steps(1); // compiles
  await warmUp(gpu);
  const count = await countLasting(repeatMs, async (wanted) => (await steps(wanted)).ms);
  const times = { ms: [] as number[], encodeMs: [] as number[] };
  for (let i = 0; i < repeats; i++) {
    const { ms, encodeMs } = await steps(count);
    times.ms.push(ms / count);
    times.encodeMs.push(encodeMs / count);
  }
  await trainer.figures(); // fails where it broke
  trainer.destroy();
  const ms = minMedianMax(times.ms);
  const stepsPerSecond = 1000 / ms[1];
  return {
    network: `${dim}-${width}-${width}-${width}-${dim}`,
    batch,
    repeats,
    count,
    ms,
    encodeMs: minMedianMax(times.encodeMs),
    stepsPerSecond,
    samplesPerSecond: batch * stepsPerSecond,
    flops: 2 * 3 * multiplyAdds(shape.config, 'each') * batch * stepsPerSecond,
  };
}
