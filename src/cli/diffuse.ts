import { Command, Option } from 'commander';
import { type DiffuseOptions, runDiffuse } from './diffuse-run.js';
import { untilInterrupted } from './interrupt.js';
import { deviceOption, numbersOf, wholeNumber } from './options.js';

const HELP = `
Draws x_t = alpha-bar(t) x_0 + beta-bar(t) n for each row x_0 and each time t, and writes them as one array
[times, rows, columns], float32. A row's noise depends on the seed, the row's and the time's place alone, so that more
rows change nothing of the first. Times are the process' own; --sigmas are noise-to-signal ratios, beta-bar / alpha-bar.
\`fewstep processes\` lists the processes; a module of one's own exports alphaBar(t), betaBar(t) and
range = { min, max }.

Examples:
  fewstep diffuse --data x.npy --process vp-linear --times .1,.5,.9 --out noised.npy
  fewstep diffuse --data two-moons --rows 5000 --process flow --sigmas .1,1,10 --out noised.npy
  fewstep diffuse --data digits.csv.gz --columns 0-63 --scale --process my-process.mjs --times 1 --out noised.npy

Exit status: 0 when the file is written, 2 for a request that cannot be met, 130 when stopped.`;

/** `fewstep diffuse`: data noised by a forward process. */
export function diffuseCommand(): Command {
  return new Command('diffuse')
    .description('noise data to given times of a forward process')
    .requiredOption('--data <data>', 'CSV, .npy, .npz or IDX, also .gz, or a built-in problem')
    .requiredOption('--process <process>', 'a built-in such as vp-linear:beta_max=12, or a module (.mjs)')
    .addOption(new Option('--times <times>', "in the process' own time, as in .1,.5,.9").argParser(numbersOf))
    .addOption(
      new Option('--sigmas <sigmas>', 'noise-to-signal ratios in place of times')
        .argParser(numbersOf)
        .conflicts('times'),
    )
    .requiredOption('--out <file>', 'where the noised rows go (.npy)')
    .option('--columns <selection>', 'columns of a data file, such as 0-63 or x,y')
    .option('--scale', 'scale a data file to [-1, 1] first; the noised rows are in those units')
    .addOption(
      new Option('--rows <count>', 'true draws of a problem (default: 1000)').argParser(wholeNumber(1)),
    )
    .addOption(
      new Option('--seed <seed>', 'of the noise, and of the draws').argParser(wholeNumber(0)).default(0),
    )
    .addOption(deviceOption())
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', HELP)
    .action((options: DiffuseOptions) => untilInterrupted((signal) => runDiffuse(options, signal)));
}
