import { median } from '../../src/metrics/quantile.js';
import type { Distances } from '../../src/report/results.js';

/** True draws that distributions are compared with. */
export const TRUE_SAMPLES = 4096;
/** Seeds of the true draws, away from those of latents. */
export const [REFERENCE_SEED, FLOOR_SEED] = [10_001, 20_001];
export const FLOOR_DRAWS = 8;

/**
 * The distances that true draws themselves have: medians over a few draws, since one of a few hundred samples may be off
 * by half.
 */
export function floorOf(draw: (i: number) => Distances): Distances {
  const draws = Array.from({ length: FLOOR_DRAWS }, (_, i) => draw(i));
  return {
    slicedWasserstein: median(draws.map((each) => each.slicedWasserstein)),
    energy: median(draws.map((each) => each.energy)),
    frechet: median(draws.map((each) => each.frechet)),
  };
}
