import { Command, Option } from 'commander';
import { DEFAULT_GRID } from '../grid/grid.js';
import type { AnalyzeCommandOptions } from './analyze-run.js';
import { untilInterrupted } from './interrupt.js';
import { deviceOption, fieldOptions, rangeOptions, wholeNumber, wholeNumbers } from './options.js';

const HELP = `
Measures why few steps suffice (AMED, arXiv 2312.00094, section 3) on accurate trajectories of a field: how much of
each lies in its first 1, 2 and 3 principal components, how far it leaves the chord between its ends, and whether one
direction on it carries a whole coarse step, as the mean value theorem has it in one dimension.

The folder gets analysis.json, analysis.csv and report.html (one file, opens offline). Lengths are relative, so that
they do not depend on the field's units.

Examples:
  fewstep analyze --field ring --out runs/ring
  fewstep analyze --field digits.csv.gz --columns 0-63 --scale --out runs/digits
  fewstep analyze --field models/digits.safetensors --trajectories 128 --out runs/model

Exit status: 0 when the files are written, 2 for a request that cannot be met, 130 when stopped.`;

/** The figures of more would fill the memory, and tell nothing new. */
const MOST_TRAJECTORIES = 2 ** 16;

/** `fewstep analyze`: the shape of a field's trajectories, in figures and plots. */
export function analyzeCommand(): Command {
  const [sigmaMin, sigmaMax] = rangeOptions();
  const command = new Command('analyze').description('measure the shape of trajectories and write a report');
  for (const option of fieldOptions()) command.addOption(option);
  return command
    .addOption(
      new Option('--trajectories <count>', 'how many')
        .argParser(wholeNumber(2, MOST_TRAJECTORIES))
        .default(512),
    )
    .addOption(new Option('--seed <seed>', 'seed of the latents').argParser(wholeNumber(0)).default(0))
    .option('--solver <name>', 'solver of the accurate trajectories', 'unipc-3')
    .addOption(
      new Option(
        '--nfe <count>',
        'its evaluations; 120 because grids of 4, 5 and 6 steps are part of its times',
      )
        .argParser(wholeNumber(8, 4096))
        .default(120),
    )
    .option('--grid <grid>', 'time grid, as in `fewstep sample`', DEFAULT_GRID)
    .addOption(sigmaMin)
    .addOption(sigmaMax)
    .addOption(
      new Option('--steps <counts>', 'coarse grids to test directions on')
        .argParser(wholeNumbers(1, 1024))
        .default([4, 5, 6], '4,5,6'),
    )
    .requiredOption('--out <folder>', 'where the results go')
    .addOption(deviceOption())
    .option('--json', 'print an outline of the results as JSON')
    .addHelpText('after', HELP)
    .action((options: AnalyzeCommandOptions) =>
      untilInterrupted(async (signal) => (await import('./analyze-run.js')).runAnalyze(options, signal)),
    );
}
