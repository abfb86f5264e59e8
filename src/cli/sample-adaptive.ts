import { FewstepError } from '../errors.js';
import { integrate } from '../execute/integrate.js';
import { DEFAULT_TOLERANCE, stepPlan } from '../execute/step-control.js';
import { Gpu } from '../gpu/gpu.js';
import { checkSpan } from '../grid/grid.js';
import { expectMatrix } from '../io/dataset.js';
import { undoScaling } from '../io/scaling.js';
import { openDevice } from '../node/adapter.js';
import { loadArray, saveNpy } from '../node/files.js';
import { drawLatents } from '../rng/latents.js';
import { rangeWithin } from '../sample-range.js';
import { checkSize, MORE_SEEDS } from './output.js';
import { showProgress } from './progress.js';
import { checkFiles, checkSeed, type SampleOptions, sourceOf } from './sample-run.js';

/** Whether samples are asked for to a tolerance, not from a solver. */
export function isAdaptive({ rtol, atol }: SampleOptions): boolean {
  return (rtol ?? atol) !== undefined;
}

/** What says how else to sample; a tolerance goes with none of it. */
const OTHERS = ['solver', 'nfe', 'grid', 'afs', 'predictor', 'table', 'trajectory', 'force'] as const;

/**
 * Samples to a tolerance, each trajectory with steps of its own (`integrate`), from sigma_max to sigma_min.
 * @throws FewstepError as `integrate`; bad-argument for an option that belongs to a solver
 */
export async function runAdaptiveSample(options: SampleOptions, signal: AbortSignal): Promise<void> {
  const begin = performance.now();
  checkFiles(options);
  checkSeed(options);
  const foreign = OTHERS.find((key) => options[key] !== undefined);
  if (foreign || options.executor !== 'auto') {
    throw new FewstepError(
      'bad-argument',
      `--${foreign ?? `executor ${options.executor}`} does not go with a tolerance`,
      'give --rtol and --atol, or a solver',
    );
  }
  const { rtol = DEFAULT_TOLERANCE.rtol, atol = DEFAULT_TOLERANCE.atol, seed = 0, out } = options;
  const steps = { rtol, atol };
  stepPlan(steps);
  const { field } = await sourceOf(options);
  const { dim, scaling } = field;
  const range = rangeWithin(field, options);
  checkSpan(range);
  const { sigmaMin: to, sigmaMax: from } = range;
  const given =
    options.latents === undefined
      ? undefined
      : expectMatrix(await loadArray(options.latents), { name: options.latents, columns: dim });
  const batch = given?.rows ?? options.batch;
  if (!given) checkSize('--batch', batch, dim, 1, MORE_SEEDS);
  const states = given?.values ?? drawLatents(seed, 0, batch, dim, from);
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  const progress = showProgress(batch, 'trajectories');
  try {
    const made = await integrate(gpu, field, {
      states,
      from,
      to,
      steps,
      signal,
      onProgress: progress.update,
    });
    progress.stop();
    signal.throwIfAborted();
    await saveNpy(out, [batch, dim], scaling ? undoScaling(scaling, made.states) : made.states);
    const mean = made.evaluations.reduce((sum, count) => sum + count, 0) / batch;
    const nfe = { mean, max: made.evaluations.reduce((most, count) => Math.max(most, count), 0) };
    const timings = { hostMs: made.hostMs, totalMs: performance.now() - begin };
    const { kind, conditions } = field;
    const what = { source: options.field, kind, dim, conditions };
    const where = options.latents === undefined ? { seed } : { latents: options.latents };
    const all = {
      out,
      field: what,
      steps,
      sigmaMin: to,
      sigmaMax: from,
      nfe,
      batch,
      ...where,
      adapter,
      timings,
    };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(all, null, 2)}\n`
        : `${out}: ${batch} samples of ${dim} numbers to rtol ${rtol} and atol ${atol}, NFE ${mean.toFixed(1)} on average and at most ${nfe.max}, ${made.hostMs.toFixed(0)} ms on ${adapter.name}\n`,
    );
  } finally {
    progress.stop();
    gpu.destroy();
  }
}
