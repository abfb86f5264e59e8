import { FewstepError } from '../errors.js';
import { checkWhole } from '../execute/inputs.js';
import { solve } from '../execute/stepwise.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Grid, SigmaRange } from '../grid/grid.js';
import { endpointErrors } from '../metrics/endpoint-errors.js';
import { quantileOfSorted } from '../metrics/quantile.js';
import { drawLatents } from '../rng/latents.js';
import { nfeOf, type Plan } from '../solver/plan.js';
import { planFor } from '../solver/plan-for.js';
import { withVelocities } from './along-path.js';
import { flat } from './flat.js';
import { meanValue } from './mean-value.js';
import { chordOf, norm, type Path } from './path.js';
import { principalComponents } from './principal-components.js';
import type { Analysis, Distribution, MeanValueOfStep } from './results.js';

export interface AnalyzeOptions {
  field: Field;
  /** A solver that is accurate at `nfe`: unipc-3 by default. */
  solver?: string;
  /** 120 by default, because coarse grids of 4, 5 and 6 steps are then part of the times. */
  nfe?: number;
  grid?: string | Grid;
  range?: Partial<SigmaRange>;
  /** 512 by default. */
  trajectories?: number;
  /** Of the latents, which are those that `sample` draws for it. */
  seed?: number;
  /** Numbers of steps of the coarse grids; 4, 5 and 6 by default. */
  steps?: readonly number[];
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

/** Numbers of components that are looked at, as far as there are so many dimensions. */
const COMPONENTS = [1, 2, 3];
/** Paths kept for pictures. */
const SHOWN = 40;
/** Numbers of states and velocities in memory at once, 64 MiB. */
const MOST_NUMBERS = 2 ** 24;
/** Trajectories solved at once, for progress. */
const MOST_AT_ONCE = 256;
/** How long the host may compute before it lets others (a progress bar, Ctrl-C) run. */
const TURN_MS = 50;

/**
 * Measures why few steps suffice: how near the trajectories of a field are to a plane and to a line, and whether one
 * direction carries a coarse step (AMED, arXiv 2312.00094, section 3). Each trajectory has components of its own.
 *
 * @throws FewstepError for every impossible request, before anything runs; not-finite, device-limit
 */
export async function analyze(gpu: Gpu, options: AnalyzeOptions): Promise<Analysis> {
  const { field, trajectories = 512, seed = 0, onProgress, signal } = options;
  const { accurate, half, coarse } = analysisPlans(options);
  const { plan, velocities } = withVelocities(accurate);
  const { dim } = field;
  const { times } = plan;
  const counts = COMPONENTS.filter((components) => components <= dim);

  const explained = counts.map(() => new Float64Array(trajectories));
  const projection = counts.map(() => times.map(() => new Float64Array(trajectories)));
  const deviation = times.map(() => new Float64Array(trajectories));
  const largest = new Float64Array(trajectories);
  const halved = new Float64Array(trajectories);
  const values = coarse.map(({ length }) =>
    Array.from({ length: length - 1 }, () => ({
      error: new Float64Array(trajectories),
      eulerError: new Float64Array(trajectories),
      angle: new Float64Array(trajectories),
      r: new Float64Array(trajectories),
    })),
  );
  const paths: number[][][] = [];
  let evaluations = 0;
  let turn = performance.now();

  const fitting = Math.floor(MOST_NUMBERS / (2 * times.length * dim));
  const part = Math.max(1, Math.min(MOST_AT_ONCE, fitting));
  for (let first = 0; first < trajectories; first += part) {
    signal?.throwIfAborted();
    const count = Math.min(part, trajectories - first);
    const latents = { values: drawLatents(seed, first, count, dim, times[0]) };
    const keep = [...plan.states, ...velocities];
    const { kept, samples, ...made } = await solve(gpu, field, plan, { latents, keep, signal });
    evaluations = made.evaluations;
    const rough = await solve(gpu, field, half, { latents, signal });
    halved.set(endpointErrors(samples, rough.samples, dim), first);
    for (let row = 0; row < count; row++) {
      const index = first + row;
      const path: Path = {
        times,
        dim,
        states: gather(
          plan.states.map((slot) => kept.get(slot)!),
          row,
          dim,
        ),
        velocities: gather(
          velocities.map((slot) => kept.get(slot)!),
          row,
          dim,
        ),
      };
      const pca = principalComponents(path.states, dim);
      for (const [k, components] of counts.entries()) {
        explained[k][index] = sum(pca.shares.subarray(0, components));
        const errors = projectionErrors(path, pca.coordinates, pca.shares.length, components);
        for (const [n, error] of errors.entries()) projection[k][n][index] = error;
      }
      const chord = chordOf(path);
      for (const [n, distance] of chord.distances.entries()) deviation[n][index] = distance / chord.length;
      largest[index] = Math.max(...chord.distances) / chord.length;
      for (const [c, nodes] of coarse.entries()) {
        for (const [step, figures] of values[c].entries()) {
          const found = meanValue(path, nodes[step], nodes[step + 1]);
          for (const key of ['error', 'eulerError', 'angle', 'r'] as const) figures[key][index] = found[key];
        }
      }
      if (paths.length < SHOWN) paths.push(flat(pca));
      if (performance.now() - turn < TURN_MS) continue;
      onProgress?.(index + 1);
      await new Promise((resume) => setTimeout(resume));
      signal?.throwIfAborted();
      turn = performance.now();
    }
  }

  onProgress?.(trajectories);
  return {
    trajectories,
    times: [...times],
    nfe: nfeOf(accurate),
    evaluations,
    halved: distribution(halved),
    explained: counts.map((components, k) => ({ components, share: distribution(explained[k]) })),
    projection: counts.map((components, k) => ({ components, error: projection[k].map(distribution) })),
    deviation: deviation.map(distribution),
    largestDeviation: distribution(largest),
    meanValue: coarse.flatMap((nodes, c) =>
      values[c].map(
        (figures, step): MeanValueOfStep => ({
          steps: nodes.length - 1,
          step,
          from: times[nodes[step]],
          to: times[nodes[step + 1]],
          error: distribution(figures.error),
          eulerError: distribution(figures.eulerError),
          angle: distribution(figures.angle),
          r: distribution(figures.r),
        }),
      ),
    ),
    paths,
  };
}

/**
 * The plans of an analysis, which need no device to be checked: the accurate one, the same with half the evaluations,
 * and for each coarse grid the indices of its times among those of the accurate one.
 *
 * @throws FewstepError for every impossible request
 */
export function analysisPlans(options: AnalyzeOptions): { accurate: Plan; half: Plan; coarse: number[][] } {
  const { solver = 'unipc-3', nfe = 120, grid, range, trajectories = 512, seed = 0 } = options;
  checkWhole('number of trajectories', trajectories, 2);
  checkWhole('seed', seed, 0);
  const accurate = planFor({ solver, nfe, grid, range });
  const half = planFor({ solver, nfe: Math.floor(nfe / 2), grid, range });
  const last = accurate.times.length - 1;
  const coarse = (options.steps ?? [4, 5, 6]).map((steps) => {
    if (Number.isInteger(steps) && steps >= 1 && 4 * steps <= last) {
      return Array.from({ length: steps + 1 }, (_, i) => Math.round((i * last) / steps));
    }
    throw new FewstepError(
      'bad-argument',
      `a coarse grid of ${steps} steps needs at least ${4 * steps} accurate ones, and ${solver} at NFE ${nfe} has ${last}`,
      'give a higher NFE, or coarser grids',
    );
  });
  return { accurate, half, coarse };
}

/** One trajectory out of the batch's states at all times, [N * dim]. */
function gather(states: readonly Float32Array[], row: number, dim: number): Float64Array {
  const path = new Float64Array(states.length * dim);
  for (const [n, state] of states.entries()) path.set(state.subarray(row * dim, (row + 1) * dim), n * dim);
  return path;
}

/** |x - projection| / |x| at each time: what is left of the state beyond the first components. */
function projectionErrors(path: Path, coordinates: Float64Array, width: number, components: number) {
  const { dim, states } = path;
  return path.times.map((_, n) => {
    const rest = coordinates.subarray(n * width + Math.min(width, components), (n + 1) * width);
    return norm(rest) / norm(states.subarray(n * dim, (n + 1) * dim));
  });
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function distribution(values: Float64Array): Distribution {
  const sorted = values.slice().sort();
  return {
    mean: sum(values) / values.length,
    median: quantileOfSorted(sorted, 0.5),
    p5: quantileOfSorted(sorted, 0.05),
    p95: quantileOfSorted(sorted, 0.95),
  };
}
