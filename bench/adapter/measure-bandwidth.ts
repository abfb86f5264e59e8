import type { Gpu } from '../../src/gpu/gpu.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';
import type { BandwidthSubject } from './bandwidth-subject.js';
import { Clock, ofGpu } from './clock.js';
import { countLasting } from './count-lasting.js';
import { warmUp } from './warm-up.js';

/** How fast something bound by memory was. */
export interface BandwidthRow {
  name: string;
  /** Read and written by doing it once. */
  bytes: number;
  repeats: number;
  /** How often a repeat did it in one submit. */
  count: number;
  /** Doing it once: wall time, and by the GPU's clock where it has one; milliseconds. */
  wallMs: MinMedianMax;
  gpuMs?: MinMedianMax;
  /** Of the median by the GPU's clock, or else of the median wall time. */
  bytesPerSecond: number;
}

/** Times subjects in turn, so that what else the machine does meets them alike; a repeat lasts about `repeatMs`. */
export async function measureBandwidth(
  gpu: Gpu,
  subjects: readonly BandwidthSubject[],
  { repeats, repeatMs }: { repeats: number; repeatMs: number },
): Promise<BandwidthRow[]> {
  const clock = new Clock(gpu);
  const run = (subject: BandwidthSubject, count: number) =>
    clock.time((encoder) => subject.record(encoder, count));
  const timed = subjects.map((subject) => ({ subject, count: 1, wall: [] as number[], gpu: [] as number[] }));
  for (const { subject } of timed) await run(subject, 1); // compiles
  await warmUp(gpu);
  for (const each of timed) {
    each.count = await countLasting(repeatMs, async (count) => ofGpu(await run(each.subject, count)));
  }
  for (let i = 0; i < repeats; i++) {
    for (const { subject, count, ...times } of timed) {
      const { wallMs, gpuMs } = await run(subject, count);
      times.wall.push(wallMs / count);
      if (gpuMs !== undefined) times.gpu.push(gpuMs / count);
    }
  }
  clock.destroy();
  return timed.map(({ subject: { name, bytes }, count, wall, gpu: own }) => {
    const wallMs = minMedianMax(wall);
    // The clock may fail now and then; what it says counts where it always did.
    const gpuMs = own.length === repeats ? minMedianMax(own) : undefined;
    const bytesPerSecond = (1000 * bytes) / (gpuMs ?? wallMs)[1];
    return { name, bytes, repeats, count, wallMs, ...(gpuMs && { gpuMs }), bytesPerSecond };
  });
}
