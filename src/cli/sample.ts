import { Command, Option } from 'commander';
import { EXECUTORS } from '../execute/fused-plan.js';
import { DEFAULT_TOLERANCE } from '../execute/step-control.js';
import { untilInterrupted } from './interrupt.js';
import {
  deviceOption,
  fieldDetails,
  fieldOption,
  planOptions,
  positiveNumber,
  wholeNumber,
} from './options.js';
import { isAdaptive, runAdaptiveSample } from './sample-adaptive.js';
import { runSample, type SampleOptions } from './sample-run.js';

const HELP = `
A field is one of
  ring                  a built-in problem; \`fewstep problems\` lists them
  mixture.json          {"kind":"gaussian-mixture","weights":[..K],"means":[[..D]..K],"stds":[..K]}
                        {"kind":"empirical","data":"points.csv.gz","bandwidth":0.05,"scale":true}
                        {"kind":"custom","dim":2,"wgsl":"field.wgsl","reference":"field.mjs"}
                        {"kind":"mlp","model":"model.safetensors","label":3,"guidance":2}
  points.csv            data: CSV, .npy, .npz (points.npz:array) or IDX, each also .gz; its exact field
  model.safetensors     a model of \`fewstep train\`, with --label and --guidance where it has classes, --precision
  field.wgsl --dim 2    fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2>; its "reference" is the same in
                        float64: export default (x, sigma) => [..D numbers]
  model.mjs             a model that your code computes, such as by ONNX Runtime: export default
                        {dim, prediction: 'eps', process: 'vp-linear', async predict(states, times) { .. }}

A predictor brings its solver, grid, range and AFS, so none of these may be given besides. On another field than the
one it was distilled on a table of answers is used with a warning, a network only with --force.

On a GPU the executor 'auto' runs the whole plan in one dispatch where it can (fused), else one dispatch an operation;
on a software adapter it does so from a million evaluations on, where that gains more than it takes to compile.

A table (--table) is any solver whose coefficients are the same for all trajectories, as \`fewstep solver --table\`,
\`fewstep export --form table\` or another program wrote it.

A generator (--generator) makes a sample with one evaluation, of --label where it has classes.

Samples are [B, D], the trajectory [N times, B, D], both in the data's own units: float32 .npy files, float64
from the reference. Latents are x at the first time, in the field's units.

Examples:
  fewstep sample --field ring --solver ipndm-3 --nfe 5 --batch 1000 --out x.npy
  fewstep sample --field digits.csv.gz --columns 0-63 --scale --solver dpmpp-2m --nfe 8 --out digits.npy
  fewstep sample --field ring --predictor ring.safetensors --nfe 5 --out x.npy
  fewstep sample --field ring --table unipc.json --out x.npy
  fewstep sample --field ring --rtol 1e-5 --atol 1e-5 --out x.npy
  fewstep sample --generator generator.safetensors --batch 10000 --out x.npy
  fewstep sample --field ring --solver deis-3 --nfe 6 --latents z.npy --out x.npy --trajectory t.npy --json

Exit status: 0 when the files are written, 2 for a request that cannot be met, 130 when stopped.`;

/** `fewstep sample`: draws samples of a field with one solver. */
export function sampleCommand(): Command {
  const command = new Command('sample').description('sample a field with a solver at exactly N evaluations');
  for (const option of [fieldOption(), ...fieldDetails(), ...planOptions()]) command.addOption(option);
  return command
    .addOption(
      new Option(
        '--rtol <tolerance>',
        `in place of a solver: steps of each trajectory’s own, with this relative error a step (default: ${DEFAULT_TOLERANCE.rtol})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--atol <tolerance>',
        `and this absolute one (default: ${DEFAULT_TOLERANCE.atol})`,
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option(
        '--generator <file>',
        'what `fewstep sid` made, in place of field and solver: one evaluation a sample',
      ).conflicts([
        'field',
        'predictor',
        'table',
        'force',
        'solver',
        'nfe',
        'grid',
        'afs',
        'sigmaMin',
        'sigmaMax',
        'rtol',
        'atol',
      ]),
    )
    .addOption(
      new Option('--batch <count>', 'trajectories to draw latents for').argParser(wholeNumber(1)).default(64),
    )
    .addOption(
      new Option(
        '--seed <seed>',
        'seed of the latents, and of the noise of a sampler of the SDE (default: 0)',
      ).argParser(wholeNumber(0)),
    )
    .addOption(new Option('--latents <file>', 'latents [B, D] in place of drawn ones').conflicts('batch'))
    .requiredOption('--out <file>', 'where the samples go (.npy)')
    .option('--trajectory <file>', 'where the states at all times of the grid go (.npy)')
    .addOption(
      new Option('--executor <executor>', 'on the GPU stepwise or fused, or the float64 reference on the CPU')
        .choices([...EXECUTORS, 'reference'])
        .default('auto'),
    )
    .addOption(deviceOption())
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', HELP)
    .action((options: SampleOptions) =>
      untilInterrupted((signal) => (isAdaptive(options) ? runAdaptiveSample : runSample)(options, signal)),
    );
}
