import { type MinMedianMax, minMedianMax } from '../spread.js';
import type { MlpSubject } from './subject.js';

/** How one subject did on one shape. */
export interface MlpRow {
  name: string;
  width: number;
  batch: number;
  repeats: number;
  /** How often a repeat did it before it waited. */
  count: number;
  /** Wall time of doing it once. */
  ms: MinMedianMax;
  /** Of the median: trajectories, and operations of their multiply-adds. */
  evaluationsPerSecond: number;
  flops: number;
  /** |difference| / |fewstep's| of another library's results. */
  differences?: Record<string, number>;
}

/** Times a subject; a repeat does it as often as fills `repeatMs`, so that waiting does not count. */
export async function measureSubject(
  { name, multiplyAdds, prepare }: MlpSubject,
  { width, batch, repeats, repeatMs }: { width: number; batch: number; repeats: number; repeatMs: number },
  warm: () => Promise<void> = async () => {},
): Promise<MlpRow> {
  const { run, destroy, differences } = await prepare();
  try {
    await run(1); // compiles
    await warm();
    const once = await wallMs(() => run(1));
    const count = Math.min(MOST, Math.max(1, Math.round(repeatMs / once)));
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) times.push((await wallMs(() => run(count))) / count);
    const ms = minMedianMax(times);
    const evaluationsPerSecond = (1000 * batch) / ms[1];
    const flops = 2 * multiplyAdds * evaluationsPerSecond;
    return { name, width, batch, repeats, count, ms, evaluationsPerSecond, flops, differences };
  } finally {
    destroy();
  }
}

/** As many as a submit of training steps may hold. */
const MOST = 256;

async function wallMs(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
