import { Command, InvalidArgumentError, Option } from 'commander';
import { suiteNames } from '../../bench/solvers/suites.js';
import { EXECUTORS } from '../execute/fused-plan.js';
import { untilFinished } from './interrupt.js';
import {
  deviceOption,
  fieldDetails,
  imageShape,
  rangeOptions,
  wholeNumber,
  wholeNumbers,
} from './options.js';

const HELP = `
Every solver is compared at the same number of field evaluations (NFE), on the same latents: its end points with
those of the exact flow, its samples with true ones. Without --problem, --data or --field the suite's own problems
are taken: quick takes a minute or two on two cores without a GPU, full hours. Without --solvers all solvers of the
suite are measured, beside a --predictor, --table or --generator too, and those that learn are distilled.

Data get a Gaussian around each row, a twentieth of their standard deviation wide unless --bandwidth says, so that
their distribution has a density. Samples of the accurate solve stand in for true ones of a --field.

The bespoke solver, of which everything is learned, is distilled before it is measured: for each problem and NFE, from
a teacher's trajectories. An AMED solver may learn where in each step to look: write r=learned, as in amed-ipndm:r=learned. It is distilled before
it is measured, for each problem and NFE, with the grid chosen too. r=best only tries one r for all steps, r=random
draws one for each trajectory and step. Any other solver of the ODE may learn its times, and what the field is told at
each: unipc-2:times=learned.

A generator solves nothing and does not follow the flow of its noise, so it has no end-point error: its distances tell
how good its samples are. The same holds for samplers of the SDE, which draw noise in their steps.

--executor fused and stepwise are for comparing what plans cost; fused refuses what cannot run so.

The folder gets results.json, results.csv and report.html (one file, opens offline). A run that is stopped keeps there what
is finished, or in partial/ where an earlier one finished; the same command with --resume goes on from it. What was
learned is learned again where a problem was not done, with the same result.

Examples:
  fewstep bench --out runs/quick
  fewstep bench --problem two-moons --solvers heun,ipndm-3,dpmpp-2m --nfe 4,6,8 --out runs/moons
  fewstep bench --problem ring --solvers ipndm-3,bespoke,amed-ipndm:r=learned --nfe 3,4 --learn-iterations 240 --out runs/amed
  fewstep bench --field moons.safetensors --generator generator.safetensors --solvers heun --nfe 18 --out runs/one-step
  fewstep bench --problem ring --table unipc.json --nfe 5,6 --out runs/table
  fewstep bench --data digits.csv.gz --columns 0-63 --scale --image 8x8 --out runs/digits

Exit status: 0 when all is measured, 2 for a request that cannot be met, 130 when stopped (what is finished is kept).`;

/** More than this is a slip of the finger: true draws, projections and sorting take a core minutes a cell. */
const MOST_TRAJECTORIES = 2 ** 20;

/** `fewstep bench`: solvers at fixed NFE, in figures and plots. */
export function benchCommand(): Command {
  const [sigmaMin, sigmaMax] = rangeOptions();
  const command = new Command('bench').description('compare solvers at fixed NFE and write a report');
  command
    .addOption(new Option('--suite <name>', 'what to run').choices(suiteNames).default('quick'))
    .addOption(new Option('--problem <names>', 'built-in problems, separated by commas').argParser(names))
    .option('--data <file>', 'your own data: CSV, .npy, .npz or IDX, also .gz')
    .option('--field <field>', 'your own field: .json, .wgsl, .mjs or a model, .safetensors')
    .addOption(new Option('--image <shape>', 'rows of the data are images, as in 8x8').argParser(imageShape));
  for (const option of fieldDetails('of --data a twentieth of its standard deviation, of --field 0'))
    command.addOption(option);
  return command
    .addOption(
      new Option('--solvers <names>', 'solvers, separated by commas (default: all of the suite)').argParser(
        names,
      ),
    )
    .addOption(
      new Option('--grids <grids>', 'time grids, separated by commas, as in polynomial:7,gits').argParser(
        names,
      ),
    )
    .option('--afs', 'each solver with AFS too')
    .addOption(
      new Option('--nfe <counts>', "evaluations, as in 3,4,5 (default: the suite's)").argParser(
        wholeNumbers(1, 4096),
      ),
    )
    .addOption(
      new Option('--batch <count>', 'trajectories per cell').argParser(wholeNumber(2, MOST_TRAJECTORIES)),
    )
    .addOption(new Option('--seeds <seeds>', 'seeds of the latents, as in 0,1,2').argParser(wholeNumbers(0)))
    .addOption(
      new Option('--exact-nfe <count>', 'evaluations of the solve that counts as exact').argParser(
        evenNumber,
      ),
    )
    .addOption(
      new Option(
        '--learn-trajectories <count>',
        "the teacher's trajectories that solvers learn from",
      ).argParser(wholeNumber(128, MOST_TRAJECTORIES)),
    )
    .addOption(
      new Option(
        '--learn-iterations <count>',
        'steps of the optimiser, of a bespoke solver in all',
      ).argParser(wholeNumber(0, 1e6)),
    )
    .addOption(
      new Option('--predictor <files>', 'what `fewstep distill` wrote, separated by commas').argParser(names),
    )
    .addOption(
      new Option(
        '--table <files>',
        'tables of coefficients (.json), separated by commas, each at its own NFE',
      ).argParser(names),
    )
    .addOption(
      new Option(
        '--generator <files>',
        'what `fewstep sid` made, separated by commas, each at NFE 1, which joins the others',
      ).argParser(names),
    )
    .addOption(
      new Option(
        '--executor <executor>',
        'how plans run: an operation a dispatch, all in one, or what is faster',
      )
        .choices(EXECUTORS)
        .default('auto'),
    )
    .option('--force', 'use a network on another field than the one it was distilled on')
    .addOption(sigmaMin)
    .addOption(sigmaMax)
    .requiredOption('--out <folder>', 'where the results go')
    .addOption(deviceOption())
    .option(
      '--resume',
      'go on where the same command was stopped: what --out has of it is not measured again',
    )
    .option('--json', 'print an outline of the results as JSON')
    .addHelpText('after', HELP)
    .action((options) =>
      untilFinished(async (signal) => (await import('./bench-run.js')).runBench(options, signal)),
    );
}

/** Names separated by commas, where a name may hold options with commas of their own: a:x=1,y=2,b. */
function names(text: string): string[] {
  const parts: string[] = [];
  for (const part of text.split(',')) {
    if (/^[\w.]+=/.test(part) && parts.length > 0) parts[parts.length - 1] += `,${part}`;
    else parts.push(part.trim());
  }
  if (parts.every((part) => part !== '')) return [...new Set(parts)];
  throw new InvalidArgumentError('Give names separated by commas.');
}

/** The accurate solve is checked against half of its evaluations. */
function evenNumber(text: string): number {
  const value = wholeNumber(8, 4096)(text);
  if (value % 2 === 0) return value;
  throw new InvalidArgumentError('Give an even number, because half of it serves as the check.');
}
