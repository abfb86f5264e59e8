import { Command, Option } from 'commander';
import { EMBEDDING_KINDS } from '../mlp/config.js';
import { PREDICTIONS } from '../process/prediction.js';
import { LOSSES, TRAINING_DEFAULTS, WEIGHTINGS } from '../train/settings.js';
import { untilFinished } from './interrupt.js';
import { deviceOption, imageShape, nonNegativeNumber, positiveNumber, wholeNumber } from './options.js';
import type { TrainOptions } from './train-run.js';

const HELP = `
Trains a small denoiser network by score matching, on the GPU. The model is the moving average of the parameters;
--field model.safetensors takes it wherever a field is taken. Beside it goes model.loss.csv: the mean training
loss since the line before, and the loss of the averaged parameters on held-out data, which are a tenth of the
problem's draws or of a file's rows, chosen at random. model.report.html (one file, opens offline) shows how good the
model is: its field against the exact one by noise level, its samples beside held-out data, and their distances;
\`fewstep inspect\` makes it again.

While it runs, and when it is stopped, model.checkpoint.safetensors keeps all that --resume needs to end with the
same model to the last bit, on the same adapter. With --labels the model is conditional: its classes are the
distinct labels in their order.

With --process and --prediction the network is trained in that convention: times even over the process, from that of
sigma 0.002 on, and |F - target|^2 of what it predicts (--weighting prediction), its likelihood's weight or min-snr. A
module of one's own exports alphaBar(t), betaBar(t) and range = { min, max }; the model remembers it as a table. Whatever
its convention, a model is a field for every solver.

Examples:
  fewstep train --problem two-moons --out moons.safetensors
  fewstep train --problem two-moons --process flow --prediction velocity --out flow.safetensors
  fewstep train --data digits.csv.gz --labels 64 --scale --width 256 --steps 20000 --out digits.safetensors
  fewstep train --resume digits.checkpoint.safetensors --out digits.safetensors

Exit status: 0 when the model is written, 2 for a request that cannot be met, 130 when stopped.`;

/** `fewstep train`: a network from data. */
export function trainCommand(): Command {
  return new Command('train')
    .description('train a denoiser network on data or on a problem')
    .option('--data <file>', 'data to train on: CSV, .npy, .npz or IDX, also .gz')
    .addOption(new Option('--problem <name>', 'built-in problem to train on').conflicts('data'))
    .requiredOption('--out <file>', 'where the model goes (.safetensors)')
    .option('--columns <selection>', 'columns of a data file, such as 0-63 or x,y')
    .option('--labels <column>', 'column of a CSV file with labels, for a conditional model')
    .option('--scale', "scale a data file to [-1, 1]; samples come out in the data's own units")
    .addOption(
      new Option('--width <count>', 'of the hidden layers, a multiple of 4 (default: 128)').argParser(
        wholeNumber(32, 512),
      ),
    )
    .addOption(new Option('--layers <count>', 'hidden layers (default: 3)').argParser(wholeNumber(2, 8)))
    .option('--residual', 'each hidden layer adds to the one before')
    .addOption(
      new Option('--embedding <kind>', 'of the noise level (default: fourier)').choices(EMBEDDING_KINDS),
    )
    .addOption(
      new Option('--embedding-size <count>', 'its features, a multiple of 8 (default: 16)').argParser(
        wholeNumber(8, 128),
      ),
    )
    .addOption(
      new Option(
        '--embedding-scale <factor>',
        'of its frequencies; smaller is smoother (default: 1)',
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option('--steps <count>', `of the optimiser (default: ${TRAINING_DEFAULTS.steps})`).argParser(
        wholeNumber(1, 2 ** 31),
      ),
    )
    .addOption(
      new Option('--batch <count>', `trajectories in a step (default: ${TRAINING_DEFAULTS.batch})`).argParser(
        wholeNumber(1, 2 ** 20),
      ),
    )
    .addOption(
      new Option(
        '--lr <rate>',
        `learning rate, falling to 0 as a cosine (default: ${TRAINING_DEFAULTS.rate})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--warmup <steps>',
        `over which it rises first (default: ${TRAINING_DEFAULTS.warmup})`,
      ).argParser(wholeNumber(0)),
    )
    .addOption(
      new Option(
        '--weight-decay <rate>',
        `AdamW's; 0 is Adam (default: ${TRAINING_DEFAULTS.weightDecay})`,
      ).argParser(nonNegativeNumber),
    )
    .addOption(
      new Option('--clip <norm>', 'largest norm of a gradient (default: none)').argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--ema <decay>',
        `of the moving average that is the model (default: ${TRAINING_DEFAULTS.emaDecay})`,
      ).argParser(nonNegativeNumber),
    )
    .addOption(
      new Option(
        '--label-drop <share>',
        `of trajectories trained without their label (default: ${TRAINING_DEFAULTS.labelDrop})`,
      ).argParser(nonNegativeNumber),
    )
    .addOption(
      new Option('--seed <seed>', `of parameters and draws (default: ${TRAINING_DEFAULTS.seed})`).argParser(
        wholeNumber(0),
      ),
    )
    .addOption(
      new Option(
        '--loss <loss>',
        'what is minimised (default: edm, or prediction with --prediction)',
      ).choices(LOSSES),
    )
    .option(
      '--process <process>',
      "of --prediction: a built-in (`fewstep processes`) or a module of one's own, .mjs; of the score-sde losses: ve-geometric (default) or vp-linear",
    )
    .addOption(
      new Option(
        '--prediction <prediction>',
        "what the network predicts of that process, in place of EDM's preconditioning",
      ).choices(PREDICTIONS),
    )
    .addOption(
      new Option(
        '--weighting <weighting>',
        'of noise levels, with --prediction (default: prediction)',
      ).choices(WEIGHTINGS),
    )
    .option('--resume <checkpoint>', 'go on with a run that was stopped, as it began')
    .addOption(
      new Option('--checkpoint-every <seconds>', 'time between checkpoints')
        .argParser(nonNegativeNumber)
        .default(30),
    )
    .option('--no-report', 'leave out model.report.html')
    .addOption(
      new Option('--image <shape>', 'rows are images in the report, as in 8x8').argParser(imageShape),
    )
    .addOption(deviceOption())
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', HELP)
    .action((options: TrainOptions) =>
      untilFinished(
        async (signal) => (await import('./train-run.js')).runTrain(options, signal),
        'finishing the steps at hand, then saving',
      ),
    );
}
