/** Something bound by memory that is timed, done again and again on other memory each time. */
export interface BandwidthSubject {
  name: string;
  /** Read and written by doing it once. */
  bytes: number;
  /** Records doing it so many times. */
  record(encoder: GPUCommandEncoder, count: number): void;
  destroy(): void;
}
