import type { Cell, Results, StudentResult } from './results.js';

type Value = string | number | boolean | undefined;

/** The columns in their order, which stays: new ones come at the end. */
const columns: readonly [name: string, value: (cell: Cell, results: Results) => Value][] = [
  ['problem', (cell) => cell.problem],
  ['solver', (cell) => cell.solver],
  ['grid', (cell) => cell.grid],
  ['afs', (cell) => cell.afs],
  ['nfe', (cell) => cell.nfe],
  ['seed', (cell) => cell.seed],
  ['evaluations', (cell) => cell.evaluations],
  ['error_mean', (cell) => cell.error?.mean],
  ['error_mean_low', (cell) => cell.error?.meanInterval[0]],
  ['error_mean_high', (cell) => cell.error?.meanInterval[1]],
  ['error_median', (cell) => cell.error?.median],
  ['error_median_low', (cell) => cell.error?.medianInterval[0]],
  ['error_median_high', (cell) => cell.error?.medianInterval[1]],
  ['error_p95', (cell) => cell.error?.p95],
  ['sliced_wasserstein', (cell) => cell.distances.slicedWasserstein],
  ['energy', (cell) => cell.distances.energy],
  ['frechet', (cell) => cell.distances.frechet],
  ['timing_repeats', (cell) => cell.timing.repeats],
  ['host_ms_min', (cell) => cell.timing.hostMs[0]],
  ['host_ms_median', (cell) => cell.timing.hostMs[1]],
  ['host_ms_max', (cell) => cell.timing.hostMs[2]],
  ['gpu_ms_min', (cell) => cell.timing.gpuMs?.[0]],
  ['gpu_ms_median', (cell) => cell.timing.gpuMs?.[1]],
  ['gpu_ms_max', (cell) => cell.timing.gpuMs?.[2]],
  ['trajectories_per_second', (cell) => cell.timing.trajectoriesPerSecond],
  ['adapter', (_, { run }) => run.adapter.name],
  ['software', (_, { run }) => run.adapter.software],
  ['times', (cell) => cell.times?.join(' ')],
  ['answers', (cell) => cell.answers],
  ['r', (cell, results) => answersOf(cell, results, 'r')],
  ['direction', (cell, results) => answersOf(cell, results, 'direction')],
  ['time', (cell, results) => answersOf(cell, results, 'time')],
  ['search_seconds', (cell, results) => studentOf(cell, results)?.seconds.search],
  ['training_seconds', (cell, results) => studentOf(cell, results)?.seconds.training],
  ['r_p5', (cell) => cell.steps?.map(({ r }) => r.p5).join(' ')],
  ['r_p95', (cell) => cell.steps?.map(({ r }) => r.p95).join(' ')],
  ['candidates_seconds', (cell, results) => studentOf(cell, results)?.seconds.candidates],
  ['told_times', (cell, results) => toldTimes(studentOf(cell, results))?.join(' ')],
  ['universal', (cell) => cell.universal],
];

function toldTimes(student: StudentResult | undefined): number[] | undefined {
  return student?.table?.times ?? student?.times?.told;
}

/** Of each step; the mean over trajectories where they differ. */
function answersOf(cell: Cell, results: Results, name: 'r' | 'direction' | 'time'): string | undefined {
  if (cell.steps) return cell.steps.map((step) => step[name].mean).join(' ');
  return studentOf(cell, results)
    ?.answers.map((answer) => answer[name])
    .join(' ');
}

function studentOf(cell: Cell, { problems }: Results): StudentResult | undefined {
  const students = problems.find(({ name }) => name === cell.problem)?.learning?.students ?? [];
  return students.find((student) =>
    (['solver', 'grid', 'afs', 'nfe'] as const).every((key) => student[key] === cell[key]),
  );
}

/**
 * The cells as CSV (RFC 4180 with \n): a heading and one line a cell, numbers with all their digits, an empty
 * field where a cell has no such figure.
 */
export function resultsCsv(results: Results): string {
  const lines = [
    columns.map(([name]) => name),
    ...results.cells.map((cell) => columns.map(([, value]) => field(value(cell, results)))),
  ];
  return lines.map((line) => `${line.join(',')}\n`).join('');
}

function field(value: Value): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
