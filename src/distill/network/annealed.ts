/** The share of a learning rate: a rise over the warm-up, times half a cosine down to 0. */
export function annealed(step: number, steps: number, warmup: number): number {
  return Math.min(1, (step + 1) / Math.max(1, warmup)) * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
}
