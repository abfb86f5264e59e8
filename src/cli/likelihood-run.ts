import { join } from 'node:path';
import { describeRun } from '../../bench/describe-run.js';
import { Gpu } from '../gpu/gpu.js';
import { densityMap, MAP_CELLS } from '../likelihood/density-map.js';
import { fokkerPlanckResidual } from '../likelihood/fokker-planck.js';
import { logDensity } from '../likelihood/log-density.js';
import { likelihoodFinding, renderLikelihood } from '../likelihood/report.js';
import {
  evenQuantiles,
  LIKELIHOOD_SCHEMA,
  type LikelihoodFile,
  type LikelihoodRun,
  likelihoodFigures,
} from '../likelihood/results.js';
import { type NodeAdapterDescription, openDevice } from '../node/adapter.js';
import { saveNpy, writeAtomic } from '../node/files.js';
import { commandLine } from './command-line.js';
import {
  exactOf,
  type LikelihoodOptions,
  type LikelihoodRequest,
  likelihoodRequest,
} from './likelihood-request.js';
import { showProgress } from './progress.js';

/** Finds log-densities and writes the files, all computed before the first is written. */
export async function runLikelihood(options: LikelihoodOptions, signal: AbortSignal): Promise<void> {
  const request = await likelihoodRequest(options, signal);
  const { field, rows } = request;
  const started = new Date();
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  const progress = showProgress(rows, 'rows');
  try {
    const found = await logDensity(gpu, field, { ...request.solve, onProgress: progress.update });
    progress.stop();
    // A density of data in their own units is that of scaled ones over the scale of each dimension.
    const ownUnits = field.dim * Math.log(field.scaling?.scale ?? 1);
    const density = found.logDensity.map((value) => value - ownUnits);
    const exact = request.exact && {
      source: request.exact.source,
      logDensity: exactOf(request),
    };
    const figures = likelihoodFigures(field, { ...found, logDensity: density }, exact);
    const report = options.report === undefined ? undefined : await reportParts(gpu, request, signal);
    signal.throwIfAborted();
    const run = runOf(request, adapter, started);
    const file: LikelihoodFile = {
      schema: LIKELIHOOD_SCHEMA,
      run,
      figures,
      quantiles: { model: evenQuantiles(density), ...(exact && { exact: evenQuantiles(exact.logDensity) }) },
      ...report,
    };
    await saveNpy(options.out, [rows], density);
    if (options.latents !== undefined) {
      await saveNpy(options.latents, [rows, field.dim], found.latents);
    }
    if (options.report !== undefined) {
      await writeAtomic(join(options.report, 'likelihood.json'), `${JSON.stringify(file)}\n`);
      await writeAtomic(join(options.report, 'report.html'), renderLikelihood(file));
    }
    process.stdout.write(options.json ? outline(options, file) : sentence(options, file));
  } finally {
    progress.stop();
    gpu.destroy();
  }
}

/** Noise levels of the residual, states at each, and operations on which they take some seconds. */
const LEVELS = 9;
const RESIDUAL_STATES = 64;
const FEWER_STATES = 12;
const LARGE_DIM = 16;

async function reportParts(
  gpu: Gpu,
  { field, states, range, solve, exact, options }: LikelihoodRequest,
  signal: AbortSignal,
): Promise<Pick<LikelihoodFile, 'fokkerPlanck' | 'map'>> {
  const parts: Pick<LikelihoodFile, 'fokkerPlanck' | 'map'> = {};
  // Each condition has a density of its own.
  if (field.conditions !== undefined) return parts;
  if (field.gradient && field.denoise) {
    const count = field.dim > LARGE_DIM ? FEWER_STATES : RESIDUAL_STATES;
    // From where data of size 1 begin to show their shape to where they are a point.
    const [low, high] = [Math.max(range.sigmaMin, 0.02), Math.min(range.sigmaMax, 20)];
    const sigmas = Array.from({ length: LEVELS }, (_, i) => low * (high / low) ** (i / (LEVELS - 1)));
    const progress = showProgress(LEVELS * count, 'states of the Fokker-Planck residual');
    const request = { data: states, sigmas, states: count, seed: options.seed, signal };
    try {
      parts.fokkerPlanck = await fokkerPlanckResidual(field, { ...request, onProgress: progress.update });
    } finally {
      progress.stop();
    }
  }
  if (field.dim === 2) {
    const progress = showProgress(MAP_CELLS ** 2, 'cells of the map');
    // A distribution in other units would need its own map.
    const comparable = exact && exact.field.scaling === field.scaling ? exact.mixture : undefined;
    const request = { states, range, prior: solve.prior, exact: comparable, signal };
    try {
      parts.map = await densityMap(gpu, field, { ...request, onProgress: progress.update });
    } finally {
      progress.stop();
    }
  }
  return parts;
}

function runOf(
  { options, field, rows, range, solve }: LikelihoodRequest,
  adapter: NodeAdapterDescription,
  started: Date,
): LikelihoodRun {
  const { kind, dim, scaling } = field;
  return {
    ...describeRun(adapter),
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    command: commandLine(),
    field: { source: options.field, kind, dim, ...(scaling && { scaling }) },
    data: { source: options.data, rows },
    ...range,
    prior: solve.prior,
    divergence: solve.divergence,
    steps: solve.steps,
  };
}

function outline(options: LikelihoodOptions, { run, figures, fokkerPlanck }: LikelihoodFile): string {
  const { field, data, sigmaMin, sigmaMax, prior, divergence, steps, seconds, adapter } = run;
  const { out, latents, report } = options;
  const where = { sigmaMin, sigmaMax, prior, divergence, steps };
  const all = { out, latents, report, field, data, ...where, ...figures, fokkerPlanck, seconds, adapter };
  return `${JSON.stringify(all, null, 2)}\n`;
}

function sentence(options: LikelihoodOptions, { run, figures }: LikelihoodFile): string {
  const { adapter } = run;
  const { nfe, hostMs } = figures;
  const report = options.report === undefined ? '' : `report: ${join(options.report, 'report.html')}\n`;
  return `${likelihoodFinding(figures, run)}
NFE ${nfe.mean.toFixed(1)} a trajectory, at most ${nfe.max}, ${(hostMs / 1000).toFixed(1)} s on ${adapter.software ? 'software ' : ''}adapter ${adapter.name}
${options.out}: ${run.data.rows} log-densities
${report}`;
}
