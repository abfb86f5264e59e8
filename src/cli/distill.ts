import { Command, Option } from 'commander';
import { BESPOKE } from '../distill/bespoke/bespoke.js';
import { NET_ITERATIONS } from '../distill/bespoke/bespoke-net.js';
import { FEW_FORMULAS } from '../distill/bespoke/bespoke-search.js';
import { RECIPES } from '../distill/network/network.js';
import { ANSWER_KINDS } from '../distill/request/distillation.js';
import { LARGEST_SEED, NETWORK_BATCH, ROBUST } from '../distill/settings.js';
import { FEATURE_SOURCES } from '../predictor/network-config.js';
import { BESPOKE_FORMULAS, BESPOKE_STARTS } from '../solver/bespoke.js';
import { type DistillCommandOptions, runDistill } from './distill-run.js';
import { untilFinished } from './interrupt.js';
import {
  budget,
  deviceOption,
  fieldOptions,
  nonNegativeNumber,
  plainNames,
  rangeOptions,
  wholeNumber,
  wholeNumbers,
} from './options.js';

const HELP = `
Distils a solver for one field: learns from an accurate teacher how few evaluations end where it does.

--solver bespoke learns everything: all times and coefficients, as corrections of a multistep formula. It compares all
formulas, starts and grids, trains the best few for a little, and the best of those through whole trajectories: never
worse, on the validation trajectories, than any of those that it began with. It is the strongest by far, and may have any
NFE from 1 to 20, several in one file.

--solver bespoke-net goes on from there: small networks move the table's numbers for each trajectory. Beside them the table
alone is trained on as much, and they are kept where they are better in mean and median on the validation trajectories.
Their --net-iterations are no part of a --budget.

An AMED solver (arXiv 2312.00094) learns for each step where in it to look (r), and scales of the
direction and of the time that the field is told there.

Any other solver of the ODE, such as unipc-2, learns its times and what the field is told at each evaluation, and is
otherwise as it was published (LD3, arXiv 2405.15506, by the robust recipe). With --scale-time 0 the field is told the
times themselves: a grid, for any library that takes a list of sigma (\`fewstep export\`). It mostly is better with --afs.

--budget limits the search and all trainings of tables and times together, for each NFE and without the teacher: in seconds
(20s; then how many iterations there are is planned from how long the first take, and another run may come out a little
different), in iterations (600it), in trajectories (100000traj), or in evaluations of the field (200000evals), which suits
slow models: the search is smaller then too (below 500,000 of three formulas), and unless you say otherwise so is the
--batch, and the teacher makes at most half as many evaluations besides (--trajectories, --validation).

The robust recipe searches the grids and r to start from, trains on the best grids for a little and on the best of those
through whole trajectories to the teacher's end points, and keeps the best state that it validated: never worse, on the
validation trajectories, than the solver untrained. Its table of answers is shared by all trajectories; with --kind
network a network corrects it for each trajectory, or with several NFE one network serves them all. The published recipe
trains a network step by step, by the paper's own settings unless you give others: grid, teacher, --teacher-substeps,
scales .01 and .2 (0 for amed).

For a model with classes give one --label, some, or all: in turn, trajectories of the teacher have those that are given, and
what is learned is for all of them. What was learned for all is not taken for another field's where one or some are sampled.

Of AMED solvers one file may hold several NFE that agree on the analytical first step: they make two evaluations a step,
so odd NFE take it and even ones do not. Latents of training and validation are none that \`fewstep sample\` draws for seeds
below 2^40. The same seed gives the same predictor on the same adapter.

Ctrl-C ends the learning early. What is learned by then, of the NFE at hand too, goes to NAME.partial.safetensors. While
the teacher runs or a start is searched nothing is.

Examples:
  fewstep distill --field ring --solver bespoke --nfe 3,5,7 --out ring.safetensors
  fewstep distill --field moons.json --solver bespoke --nfe 5 --budget 20s --from ring.safetensors --out moons.safetensors
  fewstep distill --field ring --solver amed-ipndm:order=3 --nfe 3,5,7 --out ring.safetensors
  fewstep distill --field ring --solver unipc-2 --afs --nfe 4,5,6 --out times.safetensors
  fewstep distill --field digits.csv.gz --columns 0-63 --scale --solver amed --nfe 5 --out digits.safetensors
  fewstep sample --field ring --predictor ring.safetensors --nfe 5 --out x.npy

Exit status: 0 when the predictor is written, 2 for a request that cannot be met, 130 when stopped, with or
without a partial predictor.`;

/** `fewstep distill`: a predictor from a field and a teacher. */
export function distillCommand(): Command {
  const [sigmaMin, sigmaMax] = rangeOptions();
  const command = new Command('distill').description('learn a solver for one field from an accurate teacher');
  for (const option of fieldOptions()) command.addOption(option);
  return command
    .requiredOption(
      '--solver <name>',
      'the student: bespoke, or an AMED or another solver with its options (see `fewstep solvers`)',
    )
    .addOption(
      new Option('--nfe <counts>', 'field evaluations per trajectory, one or several: 3,5,7')
        .argParser(wholeNumbers(1, 4096))
        .makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'where the predictor goes (.safetensors)')
    .option('--afs', 'analytical first step (default: where the NFE needs it)')
    .option(
      '--grid <grid>',
      "the student's times: search (default), polynomial:RHO, logsnr, time_uniform:RHO, process_time:NAME, explicit:..",
    )
    .addOption(new Option('--recipe <recipe>', 'how it is trained (default: robust)').choices(RECIPES))
    .addOption(
      new Option(
        '--kind <kind>',
        'answers for all trajectories, or a network (default: by the recipe)',
      ).choices(ANSWER_KINDS),
    )
    .addOption(
      new Option(
        '--reads <source>',
        "what a network reads (default: the field's hidden features, else the state)",
      ).choices(FEATURE_SOURCES),
    )
    .option('--teacher <solver>', `the accurate solver to learn from (default: ${ROBUST.teacher.solver})`)
    .addOption(
      new Option('--teacher-nfe <count>', `its evaluations (default: ${ROBUST.teacher.nfe})`).argParser(
        wholeNumber(1, 4096),
      ),
    )
    .option('--teacher-grid <grid>', `its times (default: ${ROBUST.teacher.grid})`)
    .addOption(
      new Option(
        '--teacher-substeps <count>',
        "of the published recipe: the teacher's times within a step",
      ).argParser(wholeNumber(1, 64)),
    )
    .addOption(
      new Option(
        '--trajectories <count>',
        `of the teacher, to learn from (default: ${ROBUST.trajectories}, with a --budget in evals fewer)`,
      ).argParser(wholeNumber(1, 2 ** 24)),
    )
    .addOption(
      new Option(
        '--validation <count>',
        `more of them, to choose the best state by (default: ${ROBUST.validation})`,
      ).argParser(wholeNumber(2, 2 ** 20)),
    )
    .addOption(
      new Option(
        '--batch <count>',
        `trajectories in an iteration (default: ${NETWORK_BATCH}; of a table, which runs each for every number it learns: ${BESPOKE.batch})`,
      ).argParser(wholeNumber(1, 2 ** 16)),
    )
    .addOption(
      new Option(
        '--iterations <count>',
        `of the optimiser (default: ${ROBUST.iterations}; of a bespoke solver's last stage: ${BESPOKE.iterations})`,
      ).argParser(wholeNumber(0, 10 ** 6)),
    )
    .addOption(
      new Option(
        '--budget <amount>',
        'in place of --iterations, search and all stages of one NFE: 20s, 600it, 100000traj or 200000evals',
      ).argParser(budget),
    )
    .addOption(
      new Option(
        '--candidates <count>',
        `how many solvers to begin with are trained for a little (default: ${BESPOKE.candidates})`,
      ).argParser(wholeNumber(1, 64)),
    )
    .addOption(
      new Option(
        '--candidate-iterations <count>',
        `for how long each, and the best third three times as long; with --budget at most (default: ${BESPOKE.candidateIterations})`,
      ).argParser(wholeNumber(0, 10 ** 6)),
    )
    .addOption(
      new Option(
        '--formulas <names>',
        `what a bespoke solver may begin as: ${BESPOKE_FORMULAS.join(',')} (default: all; of few evaluations ${FEW_FORMULAS.join(',')})`,
      ).argParser(plainNames),
    )
    .addOption(
      new Option(
        '--starts <names>',
        `what may stand before its first evaluation: ${BESPOKE_STARTS.join(',')} (default: all)`,
      ).argParser(plainNames),
    )
    .addOption(
      new Option(
        '--net-iterations <count>',
        `of bespoke-net's networks, and of the table alone beside them (default: ${NET_ITERATIONS})`,
      ).argParser(wholeNumber(0, 10 ** 6)),
    )
    .option('--from <file>', 'a bespoke predictor of these NFE, to begin with if that is better')
    .addOption(
      new Option(
        '--scale-dir <width>',
        `the direction's scale lies in 1 - width to 1 + width; 0: none (default: ${ROBUST.scaleDirection})`,
      ).argParser(nonNegativeNumber),
    )
    .addOption(
      new Option(
        '--scale-time <width>',
        `the same of the time that the field is told (default: ${ROBUST.scaleTime})`,
      ).argParser(nonNegativeNumber),
    )
    .addOption(
      new Option('--seed <seed>', `of latents and their order (default: ${ROBUST.seed})`).argParser(
        wholeNumber(0, LARGEST_SEED),
      ),
    )
    .addOption(sigmaMin)
    .addOption(sigmaMax)
    .addOption(deviceOption())
    .option('--json', 'print what was learned as JSON')
    .addHelpText('after', HELP)
    .action((options: DistillCommandOptions) =>
      untilFinished(
        (finish) => runDistill(options, finish),
        'keeping what is learned by now, if anything is',
      ),
    );
}
