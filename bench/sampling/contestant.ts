/** One who solves a subject's plan, ready to be timed. */
export interface Contestant {
  /** 'stepwise', 'fused', 'solve', 'tfjs' ... */
  by: string;
  /** Solves so many times, waits for the end, and says what the GPU's own clock has of one, milliseconds. */
  run(count: number): Promise<number | undefined>;
  destroy(): void;
  /** How far its end points are from fewstep's in float32, where they need not be the same: |difference| / |fewstep's|. */
  difference?: number;
}
