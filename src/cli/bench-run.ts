import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeRun } from '../../bench/describe-run.js';
import { withEarlier } from '../../bench/solvers/earlier.js';
import {
  identityOf,
  isBespoke,
  type Row,
  reachable,
  rowsOf,
  SEARCHED_GRID,
  solverOf,
} from '../../bench/solvers/rows.js';
import { amountOfWork, type Measured, runBenchmark } from '../../bench/solvers/run.js';
import type { Subject } from '../../bench/solvers/subject.js';
import { type Suite, suiteByName } from '../../bench/solvers/suites.js';
import { checkSettings } from '../distill/settings.js';
import { FewstepError } from '../errors.js';
import type { Executor } from '../execute/fused-plan.js';
import { Gpu } from '../gpu/gpu.js';
import { isProcessTime, parseGrid, type SigmaRange, timesIfAny } from '../grid/grid.js';
import { type DeviceChoice, openDevice } from '../node/adapter.js';
import { writeAtomic } from '../node/files.js';
import { resultsCsv } from '../report/csv.js';
import { plural } from '../report/number.js';
import { renderReport } from '../report/report.js';
import { type ProblemResult, RESULTS_SCHEMA, type Results } from '../report/results.js';
import { learnedSummary, summaryTable } from '../report/terminal.js';
import { rangeWithin } from '../sample-range.js';
import { checkableGrid } from '../search/resolve-grid.js';
import { planFor } from '../solver/plan-for.js';
import { checkGenerators, generatorRows, noteTeachers } from './bench-generators.js';
import { checkFields, predictorRows } from './bench-predictors.js';
import { PARTIAL, unfinishedResults } from './bench-resume.js';
import { type SubjectOptions, subjectsOf } from './bench-subjects.js';
import { checkMeans, tableRows } from './bench-tables.js';
import { commandLine } from './command-line.js';
import { checkForce } from './options.js';
import { checkFolder } from './output.js';
import { type Progress, showProgress } from './progress.js';

/** What the command line says, as commander hands it over. */
export interface BenchOptions extends SubjectOptions {
  suite: string;
  solvers?: string[];
  grids?: string[];
  afs?: boolean;
  nfe?: number[];
  batch?: number;
  seeds?: number[];
  exactNfe?: number;
  learnTrajectories?: number;
  learnIterations?: number;
  sigmaMin?: number;
  sigmaMax?: number;
  predictor?: string[];
  table?: string[];
  generator?: string[];
  force?: boolean;
  resume?: boolean;
  executor: Executor;
  out: string;
  device?: DeviceChoice;
  json?: boolean;
}

/**
 * Runs a suite and writes into a folder: results.json and results.csv after each problem and at the end, or at Ctrl-C
 * with what is finished, and then report.html. Each file is whole or not there, and those of an earlier run that finished
 * stay until this one has: what it has by then goes into a folder `partial` beside them.
 */
export async function runBench(options: BenchOptions, signal: AbortSignal): Promise<void> {
  checkFolder('--out', options.out);
  checkForce(options);
  const suite = suiteOf(options);
  checkLearning(options, suite.rows);
  const subjects = await subjectsOf(options, suite.problems);
  const range = rangeOf(subjects, options);
  const { rows, loaded } = await predictorRows(options.predictor ?? [], range);
  const tables = await tableRows(options.table ?? [], range);
  const generators = await generatorRows(options.generator ?? [], options);
  if (!options.grids) suite.rows = spanning(suite.rows, range);
  suite.rows = [...suite.rows, ...rows, ...tables, ...generators.rows];
  if (generators.rows.length > 0) suite.nfe = [...new Set([1, ...suite.nfe])];
  checkWork(suite, range);
  checkMeans(subjects, tables);
  checkGenerators(subjects, generators.rows);
  if (!options.solvers) announce(subjects, suite);

  const begin = new Date();
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  let progress: Progress | undefined;
  try {
    const description = describeRun(adapter);
    const command = commandLine('--resume');
    const before = options.resume
      ? await unfinishedResults(options.out, { ...description, command })
      : undefined;
    const run = {
      ...description,
      started: before?.run.started ?? begin.toISOString(),
      command,
      ...{ suite: suite.name, batch: suite.batch, seeds: suite.seeds, nfe: suite.nfe },
      ...range,
    };
    const toResults = (measured: Measured): Results => {
      const seconds = (before?.run.seconds ?? 0) + (Date.now() - begin.getTime()) / 1000;
      const { complete, ...figures } = measured;
      const kept = complete ? figures : withEarlier(figures, before);
      return { schema: RESULTS_SCHEMA, complete, run: { ...run, seconds }, ...kept };
    };
    const partial = (await hasFinished(options.out)) ? join(options.out, PARTIAL) : options.out;
    await checkFields(gpu, subjects, loaded, options.force === true);
    await noteTeachers(gpu, subjects, generators.loaded);
    const measured = await runBenchmark({
      gpu,
      subjects,
      suite,
      range,
      executor: options.executor,
      before,
      signal,
      onProgress(done, total, note) {
        progress ??= showProgress(total, 'parts'); // a distillation is some, a cell is one
        progress.update(done, note);
      },
      onProblem: async (soFar) => {
        if (!isEmpty(soFar)) await saveFigures(partial, toResults(soFar));
      },
    });
    progress?.stop();
    if (isEmpty(measured)) throw nothingMeasured(measured);
    const results = toResults(measured);
    const folder = measured.complete ? options.out : partial;
    await saveFigures(folder, results);
    await writeAtomic(join(folder, 'report.html'), renderReport(results));
    if (measured.complete && partial !== options.out) await rm(partial, { recursive: true, force: true });
    process.stdout.write(
      options.json ? `${JSON.stringify(outline(folder, results), null, 2)}\n` : summary(folder, results),
    );
    if (!measured.complete) {
      throw stopped(
        `after ${plural(results.cells.length, 'cell')}`,
        `they are kept in ${folder}; with --resume the same command goes on`,
      );
    }
  } finally {
    progress?.stop();
    gpu.destroy();
  }
}

/** Says how much there is to do where nobody chose it: with a predictor alone one may not expect a suite. */
function announce(subjects: readonly Subject[], suite: Suite): void {
  const { cells, distillations } = amountOfWork(subjects, suite);
  const learned = distillations > 0 ? ` and ${plural(distillations, 'distillation')}` : '';
  process.stderr.write(
    `the ${suite.name} suite with ${plural(cells, 'cell')}${learned} on ${plural(subjects.length, 'problem')}; --solvers chooses others or fewer\n`,
  );
}

function isEmpty({ cells, failures }: Measured): boolean {
  return cells.length + failures.length === 0;
}

/** Why a run has no cell: it was stopped, or the range had room for none. */
function nothingMeasured({ complete, problems }: Measured): FewstepError {
  if (!complete) return stopped('before the first cell', 'run again');
  const reasons = problems.flatMap(leftOutOf).join('; ');
  return new FewstepError(
    'bad-grid',
    `nothing to measure: ${reasons}`,
    'give a wider range, or other solvers',
  );
}

function leftOutOf({ name, leftOut = [] }: ProblemResult): string[] {
  return leftOut.map(({ solvers, reason }) => `${name} has no ${solvers.join(', ')}: ${reason}`);
}

function stopped(when: string, remedy: string): FewstepError {
  return new FewstepError('interrupted', `stopped ${when}`, remedy);
}

/** Refuses what needs no device to be refused: grids, solvers, their options, and an NFE that nobody reaches. */
function checkWork(suite: Suite, range: SigmaRange): void {
  checkSettings(suite.learning);
  for (const { grid, solver, answers } of suite.rows) {
    if (grid === SEARCHED_GRID) {
      if (answers) continue;
      throw new FewstepError(
        'bad-argument',
        `--grids ${grid}: it is searched for answers, and ${solver} asks for none`,
        'take a grid with a rule or gits; or an AMED solver whose r is searched, as in amed:r=best',
      );
    }
    if (grid.startsWith('explicit')) {
      throw new FewstepError(
        'bad-argument',
        `--grids ${grid}: listed times fix the number of steps, and here it follows from the NFE`,
        'take a grid with a rule, such as polynomial:7 or logsnr',
      );
    }
    const rule = checkableGrid(grid);
    (typeof rule === 'string' ? parseGrid(rule) : rule).times(1, range);
  }
  const work = reachable(suite);
  // A searched grid has no more steps than its teacher.
  const ruled = work.filter(({ row }) => !row.predictor && !row.plan && !isBespoke(row));
  for (const { row, nfe } of ruled) {
    const grid = row.grid === SEARCHED_GRID ? undefined : checkableGrid(row.grid);
    const { solver, afs } = row;
    planFor({ solver, afs, grid, nfe, range });
  }
  const nameOf = (row: Row) => identityOf(row).solver;
  const found = new Set(work.map(({ row }) => nameOf(row)));
  const left = new Set(suite.rows.map(nameOf).filter((solver) => !found.has(solver)));
  if (left.size === 0) return;
  process.stderr.write(`note: left out, since no NFE of the run is in reach: ${[...left].join(', ')}\n`);
}

/** @throws FewstepError bad-argument for what is said of distillations where there is none */
function checkLearning({ learnTrajectories, learnIterations }: BenchOptions, rows: readonly Row[]): void {
  const said = Object.entries({ trajectories: learnTrajectories, iterations: learnIterations });
  const given = said.find(([, value]) => value !== undefined);
  if (!given || rows.some(({ answers }) => answers && answers !== 'table')) return;
  throw new FewstepError(
    'bad-argument',
    `--learn-${given[0]} is given, and no solver of the run learns`,
    'leave it out, or add one that does: bespoke, or amed:r=learned',
  );
}

function suiteOf(options: BenchOptions): Suite {
  const suite = suiteByName(options.suite);
  const { solvers, grids, nfe, batch, seeds, exactNfe, learnTrajectories, learnIterations } = options;
  if (solvers || grids || options.afs) suite.rows = rowsFor(options, suite.rows);
  // The suite's own rows learn at a few NFE to be quick; who asks for others gets them.
  if (solvers || nfe) suite.rows = suite.rows.map((row) => ({ ...row, nfe: undefined }));
  suite.learning = {
    ...suite.learning,
    ...(learnTrajectories && { trajectories: learnTrajectories }),
    ...(learnIterations !== undefined && { iterations: learnIterations }),
  };
  if (learnIterations !== undefined) suite.bespoke = { ...suite.bespoke, iterations: learnIterations };
  return {
    ...suite,
    ...(solvers && { learnsUpTo: undefined }),
    ...(nfe && { nfe }),
    ...(batch && { batch, imageBatch: batch }),
    ...(seeds && { seeds }),
    ...(exactNfe && { exactNfe }),
  };
}

/** Of a suite's rows those whose grid the range has room for: not every process spans it. */
function spanning(rows: readonly Row[], range: SigmaRange): Row[] {
  return rows.filter(({ grid }) => !isProcessTime(grid) || timesIfAny(grid, 1, range) !== undefined);
}

/** Rows of the asked solvers, or the suite's, on the asked grids; answers that are learned or searched come with AFS. */
function rowsFor({ solvers, grids, afs }: BenchOptions, usual: readonly Row[]): Row[] {
  const unique = <T>(values: readonly T[]) => [...new Set(values)];
  const plain = usual.filter((row) => !row.answers);
  const usualGrids = unique(plain.filter((row) => !row.afs).map((row) => row.grid));
  const [answered, others] = solvers
    ? [true, false].map((has) => solvers.filter((name) => (solverOf(name).answers !== undefined) === has))
    : [[], unique(plain.map((row) => row.solver))];
  const both = [false, true];
  return [
    ...rowsOf(others, grids ?? usualGrids, afs ? both : [false]),
    ...(solvers ? rowsOf(answered, grids ?? [SEARCHED_GRID], both) : usual.filter((row) => row.answers)),
  ];
}

/** One range for all subjects. */
function rangeOf(subjects: readonly Subject[], options: BenchOptions): SigmaRange {
  const ranges = subjects.map(({ field }) => rangeWithin(field, options));
  return {
    sigmaMin: Math.max(...ranges.map(({ sigmaMin }) => sigmaMin)),
    sigmaMax: Math.min(...ranges.map(({ sigmaMax }) => sigmaMax)),
  };
}

/** Whether a folder has the results of a run that was not stopped. */
async function hasFinished(folder: string): Promise<boolean> {
  const path = join(folder, 'results.json');
  if (!existsSync(path)) return false;
  try {
    return JSON.parse(await readFile(path, 'utf8')).complete !== false;
  } catch {
    return true; // whatever it is, it is somebody's
  }
}

/** The report takes seconds to draw, so it waits for the end; the figures do not. */
async function saveFigures(folder: string, results: Results): Promise<void> {
  await writeAtomic(join(folder, 'results.json'), `${JSON.stringify(results)}\n`);
  await writeAtomic(join(folder, 'results.csv'), resultsCsv(results));
}

function summary(folder: string, results: Results): string {
  const { run, cells, problems, failures } = results;
  const tables = problems.map((problem) => summaryTable(results, problem.name));
  const kind = run.adapter.software ? 'software adapter' : 'adapter';
  const learned = learnedSummary(results);
  const notes = problems.flatMap(leftOutOf).map((note) => `${note}\n`);
  return [
    ...tables,
    ...(learned ? [learned] : []),
    ...notes,
    `${plural(cells.length, 'cell')}${failures.length > 0 ? ` and ${failures.length} that diverged` : ''} in ${run.seconds.toFixed(0)} s on ${kind} ${run.adapter.name}`,
    `report: ${join(folder, 'report.html')}`,
    '',
  ].join('\n');
}

function outline(folder: string, { run, problems, cells, failures, complete }: Results) {
  return {
    results: join(folder, 'results.json'),
    report: join(folder, 'report.html'),
    complete,
    problems: problems.map((problem) => problem.name),
    cells: cells.length,
    failures: failures.length,
    seconds: run.seconds,
    adapter: run.adapter,
  };
}
