import { checkEntries, type Entries, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { conditionsOf } from '../execute/conditions.js';
import { checkWhole } from '../execute/inputs.js';
import { solve } from '../execute/solve.js';
import { checkField } from '../field/check.js';
import type { Field } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { DEFAULT_GRID, type Grid, gridFrom, type SigmaRange } from '../grid/grid.js';
import { endpointErrors } from '../metrics/endpoint-errors.js';
import { quantileOfSorted } from '../metrics/quantile.js';
import { drawLatents } from '../rng/latents.js';
import { rangeWithin } from '../sample-range.js';
import { isStochastic, nfeOf, type Plan, type Slot } from '../solver/plan.js';
import { planFor } from '../solver/plan-for.js';
import { parseSolver, stepsForNfe } from '../solver/registry.js';
import { withVelocities } from './along-path.js';
import type { MeanValue } from './mean-value.js';
import { type PathFigures, pathFigures } from './path-figures.js';
import type { Analysis, Distribution, MeanValueOfStep } from './results.js';

/** What is analysed, and how closely. */
export interface AnalyzeOptions {
  field: Field;
  /** A solver that is accurate at `nfe`: unipc-3 by default. */
  solver?: string;
  /**
   * Evaluations of that solver; 120 by default, because coarse grids of 4, 5 and 6 steps are then part of the times.
   */
  nfe?: number;
  /** 'polynomial:7' by default; 'gits' is not searched here. */
  grid?: string | Grid;
  /** 0.002 to 80 by default. */
  range?: Partial<SigmaRange>;
  /** 512 by default, at least 2. */
  trajectories?: number;
  /** Of the latents, which are those that `sample` draws for it; 0 by default. */
  seed?: number;
  /**
   * Numbers of steps of the coarse grids, each with at least four accurate steps to one of its own; 4, 5 and 6 by
   * default.
   */
  steps?: readonly number[];
  /** Called now and then with the number of trajectories done. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

const ENTRIES: Entries<AnalyzeOptions> = {
  ...{ field: true, solver: false, nfe: false, grid: false, range: false, steps: false },
  ...{ trajectories: false, seed: false, onProgress: false, signal: false },
};

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
 * @throws FewstepError before anything runs: unknown-name, bad-argument, bad-grid, unreachable-nfe; then not-finite,
 *   device-limit, bad-field where a trajectory ends where it began
 */
export async function analyze(gpu: Gpu, options: AnalyzeOptions): Promise<Analysis> {
  checkGpu(gpu);
  checkEntries("analyze's options", options, ENTRIES);
  const { field, trajectories = 512, seed = 0, onProgress, signal } = options;
  const { accurate, half, coarse } = analysisPlans(options);
  const { plan, velocities } = withVelocities(accurate);
  const { dim } = field;
  const { times } = plan;
  const components = COMPONENTS.filter((count) => count <= dim);

  const figures: PathFigures[] = [];
  const halved: number[] = [];
  let evaluations = 0;
  const fitting = Math.floor(MOST_NUMBERS / (2 * times.length * dim));
  const part = Math.max(1, Math.min(MOST_AT_ONCE, fitting));
  for (let first = 0; first < trajectories; first += part) {
    signal?.throwIfAborted();
    const count = Math.min(part, trajectories - first);
    const latents = { values: drawLatents(seed, first, count, dim, times[0]) };
    const conditions = conditionsOf(field, count, undefined, first);
    const keep = [...plan.states, ...velocities];
    const { kept, samples, ...made } = await solve(gpu, field, plan, { latents, conditions, keep, signal });
    evaluations = made.evaluations;
    const rough = await solve(gpu, field, half, { latents, conditions, signal });
    halved.push(...endpointErrors(samples, rough.samples, dim));
    // Half of the work, as far as anyone can tell before it is done.
    onProgress?.(first + Math.floor(count / 2));
    let turn = performance.now();
    const gather = (slots: readonly Slot[], row: number) => {
      const path = new Float64Array(slots.length * dim);
      for (const [n, slot] of slots.entries()) {
        path.set(kept.get(slot)!.subarray(row * dim, (row + 1) * dim), n * dim);
      }
      return path;
    };
    for (let row = 0; row < count; row++) {
      const path = { times, dim, states: gather(plan.states, row), velocities: gather(velocities, row) };
      figures.push(pathFigures(path, components, coarse));
      if (performance.now() - turn < TURN_MS) continue;
      onProgress?.(first + Math.floor((count + row) / 2));
      await new Promise((resume) => setTimeout(resume));
      signal?.throwIfAborted();
      turn = performance.now();
    }
  }
  onProgress?.(trajectories);
  const over = (value: (path: PathFigures) => number) => distribution(figures.map(value));
  return {
    trajectories,
    times: [...times],
    nfe: nfeOf(accurate),
    evaluations,
    halved: distribution(halved),
    explained: components.map((count, k) => ({
      components: count,
      share: over((path) => path.explained[k]),
    })),
    projection: components.map((count, k) => ({
      components: count,
      error: times.map((_, n) => over((path) => path.projection[k][n])),
    })),
    deviation: times.map((_, n) => over((path) => path.deviation[n])),
    largestDeviation: over((path) => Math.max(...path.deviation)),
    meanValue: coarse.flatMap((nodes, c) =>
      nodes.slice(1).map((node, step): MeanValueOfStep => {
        const of = (key: keyof MeanValue) => over((path) => path.meanValue[c][step][key]);
        return {
          steps: nodes.length - 1,
          step,
          from: times[nodes[step]],
          to: times[node],
          error: of('error'),
          eulerError: of('eulerError'),
          angle: of('angle'),
          r: of('r'),
        };
      }),
    ),
    paths: figures.slice(0, SHOWN).map((path) => path.flat),
  };
}

/**
 * The plans of an analysis, which need no device to be checked: the accurate one, the same on every second of its times,
 * and for each coarse grid the indices of its times among those of the accurate one.
 *
 * @throws FewstepError for every impossible request
 */
export function analysisPlans(options: AnalyzeOptions): { accurate: Plan; half: Plan; coarse: number[][] } {
  checkField(options.field);
  const { field, solver = 'unipc-3', nfe = 120, grid, trajectories = 512, seed = 0 } = options;
  const range = rangeWithin(field, options.range);
  checkWhole('number of trajectories', trajectories, 2);
  checkWhole('seed', seed, 0);
  const accurate = planFor({ solver, nfe, grid, range });
  if (isStochastic(accurate)) {
    throw new FewstepError(
      'bad-argument',
      `an analysis follows trajectories of the ODE, and ${solver} draws noise in its steps`,
      'take a solver of the ODE that is accurate at this NFE, such as unipc-3',
    );
  }
  const half = onEverySecond(solver, nfe, gridFrom(grid ?? DEFAULT_GRID), range);
  const last = accurate.times.length - 1;
  const { steps: asked = [4, 5, 6] } = options;
  if (!Array.isArray(asked)) {
    throw new FewstepError('bad-argument', `the steps are ${shown(asked)}`, 'give an array, as in [4, 5, 6]');
  }
  const coarse = (asked as readonly number[]).map((steps) => {
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

function onEverySecond(text: string, nfe: number, grid: Grid, range: SigmaRange): Plan {
  const { solver, options } = parseSolver(text);
  const times = grid.times(stepsForNfe(solver, nfe, { options }), range);
  const last = times.length - 1;
  return solver.plan(
    times.filter((_, n) => n % 2 === 0 || n === last),
    { options },
  );
}

function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  return {
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    median: quantileOfSorted(sorted, 0.5),
    p5: quantileOfSorted(sorted, 0.05),
    p95: quantileOfSorted(sorted, 0.95),
  };
}
