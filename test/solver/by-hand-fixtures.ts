/** Times whose steps differ by factors, so that no coefficient of another grid passes for one of theirs. */
export const UNEVEN = [80, 31, 17, 3.5, 1.6, 0.9, 0.11, 0.02];
/** One step, in which a multistep method has no history. */
export const SINGLE = [12, 2];

export const LATENTS = [-93, 12.5, 61];

/** A smooth D that differs at every state and time. */
export function D(x: number, sigma: number): number {
  return 0.7 * Math.sin(x / (1 + sigma) + 0.4) + 0.5 * Math.cos(0.3 * x - Math.log(sigma));
}
