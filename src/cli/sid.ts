import { Command, Option } from 'commander';
import { SID_DEFAULTS, SID_LOSSES, SID_WEIGHTINGS } from '../sid/settings.js';
import { untilFinished } from './interrupt.js';
import { deviceOption, imageShape, nonNegativeNumber, positiveNumber, wholeNumber } from './options.js';
import type { SidOptions } from './sid-run.js';

const HELP = `
Distils a model into a generator of one evaluation, g(z) = D(2.5 z, 2.5), without data: score identity distillation
(arXiv 2404.04057). A frozen teacher, a fake score and the generator all begin as the model. In each step the fake
score learns to denoise what the generator makes, then the generator learns from where the two disagree.

The losses do not show how good it is, so every --measure-every steps samples of the generator's average are compared
with accurate samples of the teacher, and the state with the smallest sliced Wasserstein distance is what is written.
Beside the generator go generator.distances.csv and generator.report.html (one file, opens offline), whose distances
are on other latents. Samples: \`fewstep sample --generator generator.safetensors --out x.npy\`.

Losses: l2-alpha-l1 is the published one, with --alpha 1 (safe) or 1.2 (the paper's). l1, l2 and l3 are the same
divergence in other words and have other gradients: they show why it is needed. l1 and l3 shrink the samples.

While it runs, and when it is stopped or breaks, generator.checkpoint.safetensors keeps all that --resume needs to end
with the same generator to the last bit, on the same adapter; --lr and --fake-lr may then be others.

Examples:
  fewstep sid --teacher moons.safetensors --out generator.safetensors
  fewstep sid --teacher digits.safetensors --steps 4000 --batch 256 --image 8x8 --out generator.safetensors
  fewstep sid --resume generator.checkpoint.safetensors --out generator.safetensors

Exit status: 0 when the generator is written, 2 for a request that cannot be met or a run that breaks, 130 when stopped.`;

/** `fewstep sid`: a one-step generator from a network. */
export function sidCommand(): Command {
  return new Command('sid')
    .description('distil a model into a generator of one evaluation, without data')
    .option('--teacher <model>', 'model of `fewstep train` (.safetensors)')
    .requiredOption('--out <file>', 'where the generator goes (.safetensors)')
    .addOption(
      new Option('--loss <loss>', `what the generator minimises (default: ${SID_DEFAULTS.loss})`).choices(
        SID_LOSSES,
      ),
    )
    .addOption(
      new Option('--alpha <factor>', `of L1 in l2-alpha-l1 (default: ${SID_DEFAULTS.alpha})`).argParser(
        nonNegativeNumber,
      ),
    )
    .addOption(
      new Option(
        '--weighting <form>',
        `of noise levels: x0 as published, eps as between noises (default: ${SID_DEFAULTS.weighting})`,
      ).choices(SID_WEIGHTINGS),
    )
    .addOption(
      new Option('--steps <count>', `updates of each network (default: ${SID_DEFAULTS.steps})`).argParser(
        wholeNumber(1, 2 ** 30),
      ),
    )
    .addOption(
      new Option('--batch <count>', `trajectories in a step (default: ${SID_DEFAULTS.batch})`).argParser(
        wholeNumber(1, 2 ** 20),
      ),
    )
    .addOption(
      new Option(
        '--lr <rate>',
        `learning rate of the generator, falling to 0 as a cosine (default: ${SID_DEFAULTS.rate})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--fake-lr <rate>',
        `learning rate of the fake score, likewise (default: ${SID_DEFAULTS.fakeRate})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--ema-half-life <samples>',
        `of the generator's moving average, in generated samples (default: ${SID_DEFAULTS.halfLife})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option('--seed <seed>', `of all draws (default: ${SID_DEFAULTS.seed})`).argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        '--measure-every <steps>',
        'from one comparison with the teacher to the next (default: a fortieth of the steps)',
      ).argParser(wholeNumber(1)),
    )
    .addOption(
      new Option(
        '--samples <count>',
        'in each set that is compared (default: 4096, fewer of large networks)',
      ).argParser(wholeNumber(2, 2 ** 20)),
    )
    .option('--resume <checkpoint>', 'go on with a run that was stopped, as it began')
    .addOption(
      new Option('--checkpoint-every <seconds>', 'time between checkpoints')
        .argParser(nonNegativeNumber)
        .default(30),
    )
    .option('--no-report', 'leave out generator.report.html')
    .addOption(
      new Option('--image <shape>', 'samples are images in the report, as in 8x8').argParser(imageShape),
    )
    .addOption(deviceOption())
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', HELP)
    .action((options: SidOptions) =>
      untilFinished(
        async (signal) => (await import('./sid-run.js')).runSid(options, signal),
        'finishing the steps at hand, then saving',
      ),
    );
}
