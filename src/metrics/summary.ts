import { FewstepError } from '../errors.js';
import { random } from '../rng/random.js';
import { quantileOfSorted } from './quantile.js';
import { countSamples, type Samples } from './samples.js';

export interface SummaryOptions {
  /** Bootstrap resamples; 1,000 by default. */
  resamples?: number;
  /** Coverage that the intervals aim at; 0.95 by default. */
  level?: number;
  /** Of the resampling; 0 by default. */
  seed?: number;
}

/** Figures of a set of per-trajectory errors. */
export interface ErrorSummary {
  mean: number;
  median: number;
  p95: number;
  /** Bootstrap percentile interval of the mean, [low, high]. */
  meanInterval: [number, number];
  /** Bootstrap percentile interval of the median, [low, high]. */
  medianInterval: [number, number];
}

/**
 * Mean, median and 95th percentile with percentile bootstrap intervals (Efron and Tibshirani, An introduction
 * to the bootstrap, 1993, chapter 13). The work is resamples x errors.
 *
 * @param errors [count]
 * @throws FewstepError `bad-shape` without errors, `not-finite` where one is NaN or infinite, `bad-argument`
 */
export function summarize(errors: Samples, options: SummaryOptions = {}): ErrorSummary {
  const { resamples = 1000, level = 0.95, seed = 0 } = options;
  if (!(level > 0 && level < 1 && Number.isSafeInteger(resamples) && resamples >= 1)) {
    throw new FewstepError(
      'bad-argument',
      `bootstrap with ${resamples} resamples at level ${level}`,
      'give at least one resample and a level between 0 and 1',
    );
  }
  countSamples(errors, 1);
  const sorted = Float64Array.from(errors).sort();
  const { means, medians } = bootstrap(sorted, resamples, seed);
  const interval = (figures: Float64Array): [number, number] => [
    quantileOfSorted(figures, (1 - level) / 2),
    quantileOfSorted(figures, (1 + level) / 2),
  ];
  return {
    mean: sorted.reduce((sum, error) => sum + error, 0) / sorted.length,
    median: quantileOfSorted(sorted, 0.5),
    p95: quantileOfSorted(sorted, 0.95),
    meanInterval: interval(means),
    medianInterval: interval(medians),
  };
}

/**
 * Means and medians of resamples with replacement, each in increasing order. Because the errors are sorted,
 * counting how often each is drawn gives the median by walking the counts, with no sort for each resample.
 */
function bootstrap(sorted: Float64Array, resamples: number, seed: number) {
  const count = sorted.length;
  const source = random(seed);
  const draws = new Uint32Array(count);
  const means = new Float64Array(resamples);
  const medians = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    draws.fill(0);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const index = Math.floor((source.bits() >>> 0) * 2 ** -32 * count);
      draws[index]++;
      sum += sorted[index];
    }
    means[r] = sum / count;
    medians[r] = medianOfCounts(sorted, draws);
  }
  return { means: means.sort(), medians: medians.sort() };
}

/** Median of a sample in which `sorted[i]` occurs `draws[i]` times, as many in all as there are entries. */
function medianOfCounts(sorted: Float64Array, draws: Uint32Array): number {
  const upperRank = Math.floor(sorted.length / 2);
  const lowerRank = Math.floor((sorted.length - 1) / 2);
  let at = 0;
  let seen = draws[0];
  while (seen <= lowerRank) seen += draws[++at];
  const lower = sorted[at];
  while (seen <= upperRank) seen += draws[++at];
  return (lower + sorted[at]) / 2;
}
