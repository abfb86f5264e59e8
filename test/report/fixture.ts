import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { quantile } from '../../src/metrics/quantile.js';
import type { Problem } from '../../src/problem/problem.js';
import { problemByName } from '../../src/problem/registry.js';
import { type Cell, type Picture, RESULTS_SCHEMA, type Results, rowLabel } from '../../src/report/results.js';
import { random } from '../../src/rng/random.js';
import { nfeOf, type Plan } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { solvers } from '../../src/solver/registry.js';

export interface FixtureOptions {
  problems: string[];
  solvers?: string[];
  nfe?: number[];
  seeds?: number[];
  /** Trajectories of a seed. */
  batch: number;
  /** End points and true points of a 2-D problem; an image-like one shows its batch. */
  shown: number;
}

/**
 * Results as a run would leave them, with end-point errors of real solves in float64. Distances and timings
 * follow from these by made-up rules: they need only look right.
 */
export function fixtureResults(options: FixtureOptions): Results {
  const settings = {
    solvers: solvers.map((solver) => solver.name),
    nfe: [3, 4, 5, 6, 7, 8, 9, 10],
    seeds: [0, 1, 2],
    ...options,
  };
  const parts = settings.problems.map((name) => solveProblem(problemByName(name), settings));
  return {
    schema: RESULTS_SCHEMA,
    complete: true,
    run: {
      started: '2026-03-14T09:26:53.589Z',
      seconds: 81.4,
      command: `fewstep bench --suite quick --problem ${settings.problems.join(' ')} --out runs/quick`,
      suite: 'quick',
      fewstep: '0.1.0',
      commit: '0123456789abcdef0123456789abcdef01234567+changes',
      node: 'v20.19.0',
      platform: 'linux x64',
      cpu: 'Some CPU @ 2.60GHz',
      cores: 2,
      adapter: {
        name: 'llvmpipe (LLVM 15.0.6, 256 bits)',
        driver: 'Mesa 22.3.6',
        backend: 'vulkan',
        software: true,
        toggles: ['allow_unsafe_apis'],
      },
      packages: { webgpu: '0.6.2', wesl: '0.7.31' },
      batch: settings.batch,
      seeds: settings.seeds,
      nfe: settings.nfe,
      sigmaMin: 0.002,
      sigmaMax: 80,
    },
    problems: parts.map((part) => part.problem),
    cells: parts.flatMap((part) => part.cells),
    failures: [],
  };
}

type Settings = Required<FixtureOptions>;

function solveProblem(problem: Problem, settings: Settings) {
  const { name, title, dim, kind, imageShape } = problem;
  const field = gaussianMixture(problem.mixture);
  const exactPlan = planFor({ solver: 'ipndm-4', nfe: 60 });
  const shown = kind === 'image' ? settings.batch : settings.shown;
  const batch = kind === 'points-2d' ? Math.max(settings.batch, shown) : settings.batch;
  const cells: Cell[] = [];
  const pictures: Picture[] = [];
  const base = kind === 'vector' ? 0.05 : kind === 'image' ? 0.3 : 0.02;

  for (const seed of settings.seeds) {
    const source = random(seed, 7);
    const latents = Float64Array.from({ length: batch * dim }, () => 80 * source.normal());
    const run = (plan: Plan) =>
      solveReference(field, plan, { latents, keep: Array.from({ length: plan.slots }, (_, slot) => slot) });
    const exact = run(exactPlan);
    if (seed === 0) pictures.push(picture('exact', exactPlan, exact.kept, dim, kind, shown));
    for (const solver of settings.solvers) {
      for (const nfe of settings.nfe) {
        for (const afs of [false, true]) {
          const plan = tryPlan(solver, nfe, afs);
          if (!plan) continue;
          const solved = run(plan);
          const errors = endpointErrors(solved.samples, exact.samples, dim);
          const made = cell(problem.name, { solver, grid: 'polynomial:7', afs, nfe, seed }, errors, base);
          cells.push(made);
          const drawn = ['euler', 'heun', 'dpm-solver-2', 'ipndm-4', 'dpmpp-2m', 'unipc-3', 'deis-3'];
          if (seed === 0 && !afs && kind !== 'vector' && drawn.includes(solver) && [4, 6, 10].includes(nfe)) {
            pictures.push(picture(rowLabel(made), plan, solved.kept, dim, kind, shown));
          }
        }
      }
    }
  }
  const truth = kind === 'vector' ? [] : Array.from(problem.sample(shown, 1), round);
  return {
    cells,
    problem: {
      ...{ name, title, dim, kind, batch, ...(imageShape && { imageShape }) },
      exact: {
        solver: 'ipndm-4',
        nfe: 60,
        halved: { median: 2.1e-5, p95: 1.3e-4, max: 9.2e-4 },
        float64: { median: 3.4e-6, p95: 8.8e-6, max: 4.1e-5 },
      },
      floor: { slicedWasserstein: base, energy: base / 4, frechet: base * base },
      exactDistances: { slicedWasserstein: base * 1.1, energy: base / 3.8, frechet: base * base * 1.2 },
      pictures,
      truth,
    },
  };
}

function tryPlan(solver: string, nfe: number, afs: boolean): Plan | undefined {
  try {
    return planFor({ solver, nfe, afs });
  } catch {
    return undefined;
  }
}

function picture(
  row: string,
  plan: Plan,
  kept: Map<number, Float64Array>,
  dim: number,
  kind: Problem['kind'],
  shown: number,
): Picture {
  const samples = Array.from(kept.get(plan.states[plan.states.length - 1])!.subarray(0, shown * dim), round);
  if (kind !== 'points-2d') return { row, nfe: nfeOf(plan), samples };
  const evaluations = plan.operations.filter((operation) => operation.kind === 'evaluate');
  const path = (slots: readonly number[], trajectory: number) =>
    slots.map((slot) => Array.from(kept.get(slot)!.subarray(trajectory * 2, trajectory * 2 + 2), round));
  const trajectories = [0, 1, 2, 3, 4, 5];
  return {
    row,
    nfe: nfeOf(plan),
    samples,
    times: [...plan.times],
    trajectories: trajectories.map((trajectory) => path(plan.states, trajectory)),
    evaluationTimes: evaluations.map(({ time }) => Number(time)),
    evaluations: trajectories.map((trajectory) =>
      path(
        evaluations.map(({ state }) => state),
        trajectory,
      ),
    ),
  };
}

/** A cell whose errors are these, [batch]. */
export function cell(
  problem: string,
  which: Pick<Cell, 'solver' | 'grid' | 'afs' | 'nfe' | 'seed'>,
  errors: ArrayLike<number>,
  base = 0.02,
): Cell {
  const mean = Array.from(errors).reduce((sum, error) => sum + error, 0) / errors.length;
  const median = quantile(errors, 0.5);
  const slicedWasserstein = Math.hypot(base, 0.4 * mean);
  return {
    problem,
    ...which,
    evaluations: which.nfe,
    error: {
      mean,
      median,
      p95: quantile(errors, 0.95),
      meanInterval: [0.94 * mean, 1.07 * mean],
      medianInterval: [0.92 * median, 1.06 * median],
    },
    distances: { slicedWasserstein, energy: slicedWasserstein / 4, frechet: slicedWasserstein ** 2 },
    timing: {
      repeats: 3,
      hostMs: [2.2 * which.nfe, 2.3 * which.nfe, 2.9 * which.nfe],
      gpuMs: [2 * which.nfe, 2.1 * which.nfe, 2.2 * which.nfe],
      trajectoriesPerSecond: (4e6 + 2e5 * which.solver.length) / which.nfe,
    },
  };
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
