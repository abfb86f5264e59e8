import { Command, Option } from 'commander';
import { DEFAULT_TOLERANCE } from '../execute/step-control.js';
import { DEFAULT_RANGE } from '../grid/grid.js';
import { PRIORS } from '../likelihood/prior.js';
import { untilInterrupted } from './interrupt.js';
import type { LikelihoodOptions } from './likelihood-request.js';
import { deviceOption, fieldOptions, positiveNumber, wholeNumber } from './options.js';

const HELP = `
The log-density of each row under the model: that of the prior at sigma_max and the integral of the divergence along the
probability-flow ODE (Score-SDE, arXiv 2011.13456, appendix D). Trajectories are integrated on the GPU by Dormand and
Prince's 5(4) pair, each with steps of its own, to --rtol and --atol, or with --nfe by RK4 with equal steps.

Data and densities are in the data's own units, as a field has them that was made with --scale; the noise levels and the
latents (--latents, which \`fewstep sample --latents\` takes back to the data) in the field's. --columns chooses columns of
the data, and of the field where that is a data file too.

The prior is what samples begin with, N(0, sigma_max^2), so that densities are those of the samples. --prior gaussian has
the mean and the covariance of the field's data as well: nearer to the field's own distribution, by as much as the mean
over sigma_max.

--report writes likelihood.json and report.html (one file, opens offline) into a folder: the spread of the densities, how
far the field is from being the score of any diffusing density (the Fokker-Planck residual), and in the plane the density
as a map, beside the exact one where that is known: of a mixture, of a model trained on a built-in problem, or with --exact.
Where rows have labels of their own (--labels) there is no one density: the report has neither residual nor map, and there
is no --prior gaussian.

Examples:
  fewstep likelihood --field mixture.json --data points.npy --prior gaussian --out logp.npy
  fewstep likelihood --field moons.safetensors --data points.csv --out logp.npy --report runs/moons
  fewstep likelihood --field digits.safetensors --data digits.csv.gz --columns 0-63 --method hutchinson --out logp.npy
  fewstep likelihood --field ring --data points.npy --out logp.npy --latents z.npy --json

Exit status: 0 when the files are written, 2 for a request that cannot be met, 130 when stopped.`;

/** `fewstep likelihood`: the log-density of data under a field. */
export function likelihoodCommand(): Command {
  const command = new Command('likelihood').description('log-densities of data under a field');
  for (const option of fieldOptions()) command.addOption(option);
  return command
    .requiredOption('--data <file>', 'data: CSV, .npy, .npz (points.npz:array) or IDX, each also .gz')
    .addOption(
      new Option(
        '--labels <column>',
        'column of a CSV file with labels: each density is that of a model with classes under the label of the row',
      ).conflicts('label'),
    )
    .requiredOption('--out <file>', 'where the log-densities go, float64 [rows] (.npy)')
    .addOption(
      new Option('--method <method>', 'divergence: exact, or estimated by probes')
        .choices(['exact', 'hutchinson'])
        .default('exact'),
    )
    .addOption(
      new Option('--probes <count>', 'probes a trajectory (default: 1)').argParser(wholeNumber(1, 1024)),
    )
    .addOption(
      new Option('--seed <seed>', 'seed of the probes and of the report’s noise (default: 0)').argParser(
        wholeNumber(0),
      ),
    )
    .addOption(
      new Option('--nfe <count>', 'equal steps of RK4 with so many evaluations, a multiple of 4')
        .argParser(wholeNumber(1, 65536))
        .conflicts(['rtol', 'atol']),
    )
    .addOption(
      new Option(
        '--rtol <tolerance>',
        `relative error of a step (default: ${DEFAULT_TOLERANCE.rtol})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--atol <tolerance>',
        `absolute error of a step (default: ${DEFAULT_TOLERANCE.atol})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--sigma-min <sigma>',
        `noise level of the density (default: ${DEFAULT_RANGE.sigmaMin})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--sigma-max <sigma>',
        `noise level of the prior (default: ${DEFAULT_RANGE.sigmaMax})`,
      ).argParser(positiveNumber),
    )
    .addOption(new Option('--prior <prior>', 'density at sigma-max').choices(PRIORS).default('latents'))
    .option('--latents <file>', 'where the states at sigma-max go (.npy)')
    .option('--report <folder>', 'where likelihood.json and report.html go')
    .option('--exact <field>', 'built-in problem or mixture (.json) whose density is the exact one')
    .addOption(deviceOption())
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', HELP)
    .action((options: LikelihoodOptions) =>
      untilInterrupted(async (signal) =>
        (await import('./likelihood-run.js')).runLikelihood(options, signal),
      ),
    );
}
