/** One thing that is timed. */
export interface MlpSubject {
  /** What it is, and by whom: 'forward f32', 'tfjs forward'. */
  name: string;
  /** Multiply-adds for one trajectory. */
  multiplyAdds: number;
  /** Allocates and compiles, and checks what can be checked. */
  prepare(): Promise<PreparedSubject>;
}

export interface PreparedSubject {
  /** Does it so many times, and waits for the end. */
  run(count: number): Promise<void>;
  destroy(): void;
  /** How far its result is from fewstep's, where it is another library's: |difference| / |fewstep's|. */
  differences?: Record<string, number>;
}
