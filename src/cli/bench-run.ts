import { basename, join } from 'node:path';
import { describeRun } from '../../bench/describe-run.js';
import { type Measured, reachable, runBenchmark } from '../../bench/run.js';
import { type Subject, subjectOfField, subjectOfProblem } from '../../bench/subject.js';
import { rowsOf, type Suite, suiteByName } from '../../bench/suites.js';
import { FewstepError } from '../errors.js';
import { Gpu } from '../gpu/gpu.js';
import { DEFAULT_RANGE, parseGrid, type SigmaRange } from '../grid/grid.js';
import { scaleToUnit } from '../io/scaling.js';
import { type DeviceChoice, openDevice } from '../node/adapter.js';
import { type FieldOptions, loadField } from '../node/field/load.js';
import { loadDataSet, writeAtomic } from '../node/files.js';
import { problemFromData } from '../problem/problem.js';
import { problemByName } from '../problem/registry.js';
import { resultsCsv } from '../report/csv.js';
import { renderReport } from '../report/report.js';
import { RESULTS_SCHEMA, type Results } from '../report/results.js';
import { summaryTable } from '../report/terminal.js';
import { parseSolver } from '../solver/registry.js';
import { showProgress } from './progress.js';

/** What the command line says, as commander hands it over. */
export interface BenchOptions extends FieldOptions {
  suite: string;
  problem?: string[];
  data?: string;
  field?: string;
  image?: [number, number];
  solvers?: string[];
  grids?: string[];
  afs?: boolean;
  nfe?: number[];
  batch?: number;
  seeds?: number[];
  exactNfe?: number;
  sigmaMin?: number;
  sigmaMax?: number;
  out: string;
  device?: DeviceChoice;
  json?: boolean;
}

/**
 * Runs a suite and writes results.json, results.csv and report.html into a folder: after each problem, and at the
 * end or at Ctrl-C with what is finished. Each file is whole or not there.
 */
export async function runBench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  const suite = suiteOf(options);
  const range = rangeOf(options);
  const subjects = await subjectsOf(options, suite);
  for (const row of suite.rows) parseGrid(row.grid).times(1, range);
  reachable(suite.rows, suite.nfe); // refuses unknown solvers and options before a device is opened

  const started = new Date();
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const toResults = (measured: Measured): Results => ({
    schema: RESULTS_SCHEMA,
    complete: measured.complete,
    run: {
      ...description,
      started: started.toISOString(),
      seconds: (Date.now() - started.getTime()) / 1000,
      command: `fewstep ${process.argv.slice(2).join(' ')}`,
      suite: suite.name,
      batch: suite.batch,
      seeds: suite.seeds,
      nfe: suite.nfe,
      ...range,
    },
    problems: measured.problems,
    cells: measured.cells,
    failures: measured.failures,
  });

  let progress: ReturnType<typeof showProgress> | undefined;
  try {
    const measured = await runBenchmark({
      gpu,
      subjects,
      suite,
      range,
      signal,
      onProgress(done, total) {
        progress ??= showProgress(total, 'cells');
        progress.update(done);
      },
      onProblem: (so_far) => save(options.out, toResults(so_far)),
    });
    progress?.stop();
    const results = toResults(measured);
    await save(options.out, results);
    process.stdout.write(
      options.json
        ? `${JSON.stringify(outline(options.out, results), null, 2)}\n`
        : summary(options.out, results),
    );
    if (!measured.complete) {
      const { cells } = measured;
      throw new FewstepError(
        'interrupted',
        `stopped after ${cells.length} cells`,
        `they are kept in ${options.out}`,
      );
    }
  } finally {
    progress?.stop();
    gpu.destroy();
  }
}

function suiteOf(options: BenchOptions): Suite {
  const suite = suiteByName(options.suite);
  const { solvers, grids, nfe, batch, seeds, exactNfe } = options;
  if (solvers || grids || options.afs) {
    const names = solvers ?? [...new Set(suite.rows.map((row) => row.solver))];
    for (const name of names) parseSolver(name);
    suite.rows = rowsOf(
      names,
      grids ?? [...new Set(suite.rows.map((row) => row.grid))],
      options.afs ? [false, true] : [false],
    );
  }
  return {
    ...suite,
    ...(nfe && { nfe }),
    ...(batch && { batch }),
    ...(seeds && { seeds }),
    ...(exactNfe && { exactNfe }),
  };
}

function rangeOf({ sigmaMin, sigmaMax }: BenchOptions): SigmaRange {
  return { sigmaMin: sigmaMin ?? DEFAULT_RANGE.sigmaMin, sigmaMax: sigmaMax ?? DEFAULT_RANGE.sigmaMax };
}

async function subjectsOf(options: BenchOptions, suite: Suite): Promise<Subject[]> {
  const { problem, data, field, columns, bandwidth, scale, dim } = options;
  if (data !== undefined && field !== undefined) {
    throw new FewstepError('bad-argument', '--data and --field are given', 'run one after the other');
  }
  const named = problem ?? (data === undefined && field === undefined ? suite.problems : []);
  return [
    ...named.map((name) => subjectOfProblem(problemByName(name))),
    ...(data === undefined ? [] : [await subjectOfData(data, options)]),
    ...(field === undefined
      ? []
      : [subjectOfField(basename(field), await loadField(field, { columns, bandwidth, scale, dim }))]),
  ];
}

/** Part of the data's standard deviation that the kernel around each row has, unless --bandwidth says. */
const BANDWIDTH = 0.05;

async function subjectOfData(
  path: string,
  { columns, bandwidth, scale, image }: BenchOptions,
): Promise<Subject> {
  const raw = await loadDataSet(path, { columns });
  const { values, rows, columns: width, imageShape } = scale ? scaleToUnit(raw).dataSet : raw;
  const name = basename(path).replace(/\.(csv|npy|npz|gz|idx)/g, '');
  const deviation = standardDeviation(values);
  return subjectOfProblem(
    problemFromData(name, values, rows, width, bandwidth ?? BANDWIDTH * deviation, image ?? imageShape),
  );
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

async function save(folder: string, results: Results): Promise<void> {
  await writeAtomic(join(folder, 'results.json'), `${JSON.stringify(results)}\n`);
  await writeAtomic(join(folder, 'results.csv'), resultsCsv(results));
  await writeAtomic(join(folder, 'report.html'), renderReport(results));
}

function summary(folder: string, results: Results): string {
  const { run, cells, problems, failures } = results;
  const tables = problems.map((problem) => summaryTable(results, problem.name));
  const kind = run.adapter.software ? 'software adapter' : 'adapter';
  return [
    ...tables,
    `${cells.length} cells${failures.length > 0 ? ` (${failures.length} diverged)` : ''} in ${run.seconds.toFixed(0)} s on ${kind} ${run.adapter.name}`,
    `report: ${join(folder, 'report.html')}`,
    '',
  ].join('\n');
}

function outline(folder: string, { run, cells, failures, complete }: Results) {
  return {
    out: folder,
    complete,
    cells: cells.length,
    failures: failures.length,
    seconds: run.seconds,
    adapter: run.adapter,
  };
}
