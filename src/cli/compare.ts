import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { type Comparison, compareResults, type PairedCell } from '../../bench/solvers/compare.js';
import { FewstepError } from '../errors.js';
import { plural } from '../report/number.js';
import type { Results } from '../report/results.js';
import { positiveNumber } from './options.js';
import { readResults } from './read-results.js';

const HELP = `
Cells are paired by problem, solver, grid, AFS, NFE and seed; ratios are b over a.

Example:
  fewstep compare before/results.json after/results.json --fail-above 1.05
  fewstep compare runs/before runs/after

Exit status: 0, or 1 when --fail-above is exceeded, or 2 when the files cannot be compared.`;

interface CompareOptions {
  failAbove?: number;
  json?: boolean;
}

/** `fewstep compare`: two benchmark runs, cell by cell. */
export function compareCommand(): Command {
  return new Command('compare')
    .description('compare two benchmark runs cell by cell')
    .argument('<a>', 'results.json of the run to compare with, or its folder')
    .argument('<b>', 'results.json of the other, or its folder')
    .addOption(
      new Option(
        '--fail-above <ratio>',
        "fail when a cell's mean error is more than this times what it was, or a cell diverged",
      ).argParser(positiveNumber),
    )
    .option('--json', 'print the comparison as JSON')
    .addHelpText('after', HELP)
    .action(async (a: string, b: string, options: CompareOptions) => {
      const comparison = compareResults(await loadResults(a), await loadResults(b));
      if (comparison.pairs.length === 0) {
        throw new FewstepError(
          'bad-data',
          `${a} and ${b} have no cell in common`,
          'compare runs of the same problems, solvers, NFE and seeds',
        );
      }
      const worse = failing(comparison, options.failAbove);
      process.stdout.write(
        options.json ? `${JSON.stringify({ ...comparison, worse }, null, 2)}\n` : text(comparison, worse),
      );
      if (worse.length > 0) process.exitCode = 1;
    });
}

/** What exceeds the bound, in words; nothing where there is none. */
function failing({ pairs, diverged }: Comparison, bound: number | undefined): string[] {
  if (bound === undefined) return [];
  return [
    ...diverged.map((key) => `diverged  ${key}`),
    // A ratio that is no number is above every bound.
    ...pairs.filter((pair) => !(pair.meanError <= bound)).map(line),
  ];
}

async function loadResults(given: string): Promise<Results> {
  return await readResults((await isFolder(given)) ? join(given, 'results.json') : given);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** How many cells are listed at either end. */
const LISTED = 5;

function text(comparison: Comparison, worse: string[]): string {
  const { pairs, onlyA, onlyB, diverged, meanError, medianError, throughput, warnings } = comparison;
  const best = pairs.slice(Math.max(LISTED, pairs.length - LISTED));
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    `${plural(pairs.length, 'cell')} in both runs, ${onlyA} only in a, ${onlyB} only in b`,
    `b over a, geometric means: mean error ${meanError.toFixed(4)}, median error ${medianError.toFixed(4)}, throughput ${throughput.toFixed(3)}`,
    'largest ratios of the mean error:',
    ...indented(pairs.slice(0, LISTED).map(line)),
    ...(best.length > 0 ? ['smallest:', ...indented(best.map(line))] : []),
    ...(diverged.length > 0 ? ['diverged in b alone:', ...indented(diverged)] : []),
    ...(worse.length > 0 ? [`${plural(worse.length, 'cell')} above the bound:`, ...indented(worse)] : []),
    '',
  ].join('\n');
}

function line({ meanError, key }: PairedCell): string {
  return `${meanError.toFixed(3)}  ${key}`;
}

function indented(lines: string[]): string[] {
  return lines.map((each) => `  ${each}`);
}
