import { type MinMedianMax, minMedianMax } from '../spread.js';
import type { Contestant } from './contestant.js';

/** How long a repeat and all of them may take. */
export interface Repetition {
  repeats: number;
  /** What a repeat lasts at least, so that waiting does not count, milliseconds. */
  repeatMs: number;
  /** After so long, three repeats do, milliseconds. */
  enoughMs: number;
}

/** What one solve took. */
export interface RepeatedFigures {
  repeats: number;
  /** Solves of a repeat. */
  count: number;
  /** Wall time, milliseconds. */
  ms: MinMedianMax;
  /** By the GPU's clock, milliseconds, where there is one. */
  gpuMs?: MinMedianMax;
  /** CPU time of this process, milliseconds: of a software adapter the work itself, whatever else the machine does. */
  cpuMs: MinMedianMax;
}

/** More would only queue up. */
const MOST = 1024;

/**
 * Times contestants in turn, so that what else the machine does meets them alike. Each solves once before, which
 * compiles; a repeat solves as often as fills its time, or half of it.
 * @param warm called once everything is compiled
 */
export async function repeatInTurn(
  contestants: readonly Contestant[],
  { repeats, repeatMs, enoughMs }: Repetition,
  warm: () => Promise<void> = async () => {},
): Promise<RepeatedFigures[]> {
  const states = [];
  for (const contestant of contestants) await contestant.run(1);
  await warm();
  for (const contestant of contestants) {
    const { count, time } = await countFor(contestant, repeatMs);
    states.push({ contestant, count, times: [time], spent: time.ms * count });
  }
  for (let turn = 1; turn < repeats; turn++) {
    for (const state of states) {
      if (state.times.length >= 3 && state.spent > enoughMs) continue;
      const time = await timeOf(state.contestant, state.count);
      state.times.push(time);
      state.spent += time.ms * state.count;
    }
  }
  return states.map(({ count, times }) => {
    const gpuMs = times.flatMap((time) => time.gpuMs ?? []);
    return {
      repeats: times.length,
      count,
      ms: minMedianMax(times.map(({ ms }) => ms)),
      ...(gpuMs.length > 0 && { gpuMs: minMedianMax(gpuMs) }),
      cpuMs: minMedianMax(times.map(({ cpuMs }) => cpuMs)),
    };
  });
}

/** By doing it more and more often: a single one is mostly the cost of waiting for it. The last is the first repeat. */
async function countFor(contestant: Contestant, repeatMs: number): Promise<{ count: number; time: Time }> {
  for (let count = 1; ; ) {
    const time = await timeOf(contestant, count);
    const wanted = Math.min(MOST, Math.max(1, Math.round(repeatMs / time.ms)));
    if (wanted <= 2 * count) return { count, time };
    count = Math.min(wanted, 8 * count);
  }
}

interface Time {
  ms: number;
  gpuMs?: number;
  cpuMs: number;
}

async function timeOf(contestant: Contestant, count: number): Promise<Time> {
  const [cpu, begin] = [process.cpuUsage(), performance.now()];
  const gpuMs = await contestant.run(count);
  const ms = (performance.now() - begin) / count;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, gpuMs, cpuMs: (user + system) / 1000 / count };
}
