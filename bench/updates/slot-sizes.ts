import { FewstepError } from '../../src/errors.js';
import type { Gpu } from '../../src/gpu/gpu.js';

/** Slots of one size that lie in one buffer, as those of a run do. */
export interface SlotSize {
  slotBytes: number;
  slots: number;
}

const MIB = 2 ** 20;
/** What a combination of six terms and its result need. */
const LEAST = 7;
/** What is far beyond any cache together. */
const ENOUGH = { slots: 14, bytes: 2 ** 31 };

/**
 * The sizes to time updates at: 64 MiB, and 256 on hardware unless it is quick; where a binding cannot hold that, as on
 * lavapipe, the largest power of two.
 * @throws FewstepError device-limit where not even 1 MiB fits
 */
export function slotSizes({ adapter, limits }: Gpu, quick: boolean): SlotSize[] {
  const room = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, ENOUGH.bytes);
  const sizeOf = (slotBytes: number) => ({
    slotBytes,
    slots: Math.min(ENOUGH.slots, Math.floor(room / slotBytes)),
  });
  const wanted = quick || adapter.software ? [64] : [64, 256];
  const fitting = wanted.map((mib) => sizeOf(mib * MIB)).filter(({ slots }) => slots >= LEAST);
  if (fitting.length > 0) return fitting;
  const largest = 2 ** Math.floor(Math.log2(room / LEAST));
  if (largest >= MIB) return [sizeOf(largest)];
  throw new FewstepError(
    'device-limit',
    `${LEAST} slots of 1 MiB do not fit a binding of ${room} bytes`,
    'use another adapter: `fewstep doctor` lists them',
  );
}
