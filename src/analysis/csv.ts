import type { Analysis, Distribution } from './results.js';

/** Heading of the columns, whose order stays. */
const COLUMNS = ['quantity', 'components', 'steps', 'step', 'sigma', 'mean', 'median', 'p5', 'p95'];

/** The figures of an analysis as CSV, a line each with all its digits; what does not apply to a line is empty. */
export function analysisCsv(analysis: Analysis): string {
  const { times, explained, projection, deviation, largestDeviation, meanValue, halved } = analysis;
  const line = (quantity: string, where: (number | '')[], { mean, median, p5, p95 }: Distribution) =>
    [quantity, ...where, mean, median, p5, p95].join(',');
  return [
    COLUMNS.join(','),
    ...explained.map(({ components, share }) => line('explained_variance', [components, '', '', ''], share)),
    ...projection.flatMap(({ components, error }) =>
      times.map((sigma, i) => line('projection_error', [components, '', '', sigma], error[i])),
    ),
    ...times.map((sigma, i) => line('chord_deviation', ['', '', '', sigma], deviation[i])),
    line('largest_chord_deviation', ['', '', '', ''], largestDeviation),
    ...meanValue.flatMap(({ steps, step, from, error, eulerError, angle, r }) => [
      line('mean_value_error', ['', steps, step, from], error),
      line('euler_error', ['', steps, step, from], eulerError),
      line('mean_value_angle', ['', steps, step, from], angle),
      line('mean_value_r', ['', steps, step, from], r),
    ]),
    line('halved_distance', ['', '', '', ''], halved),
    '',
  ].join('\n');
}
