import { checkEntries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { solve } from '../execute/solve.js';
import { checkField } from '../field/check.js';
import type { Field } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { type Grid, polynomial, type SigmaRange } from '../grid/grid.js';
import { rangeWithin } from '../sample-range.js';
import { planFor } from '../solver/plan-for.js';
import { cheapestPath } from './cheapest-path.js';
import { analyticalCosts, jumpCosts } from './jump-costs.js';

/** The teacher of the paper: iPNDM with 60 steps on the polynomial grid, 256 trajectories. */
const TEACHER = { solver: 'ipndm-4', nfe: 60, trajectories: 256 };
/** Of the teacher's latents, away from those that anyone samples with: a grid is not tried on what it was made for. */
const SEED = 30_001;
const COEFFICIENT = 1.15;
/** In so many parts it runs where somebody watches. */
const SHOWN_PARTS = 8;

/** What a search took. */
export interface SearchCost {
  /** The solver that ran, and for what where that is not plain. */
  teacher: string;
  /** Field evaluations of each trajectory. */
  evaluations: number;
  trajectories: number;
  /**
   * Universal tables that were compared after it, on so many of the trajectories, and the field evaluations of each of these
   * in all.
   */
  comparison?: { tables: number; evaluations: number; trajectories: number };
  /** Wall time in seconds, with what had to be compiled. */
  seconds: number;
}

/** What is known of a field after one run of the teacher; grids of any number of steps follow from it. */
export interface GitsSearch {
  /** The teacher's decreasing times, [nodes]: those that a grid is chosen from. */
  times: readonly number[];
  /**
   * Of an Euler jump from node i to a later node j at [i * nodes + j], [nodes * nodes]: mean distance to the teacher's
   * state there, in the field's units.
   */
  costs: Float64Array;
  /** The same from the first node to each where that step is analytical (AFS), [nodes]. */
  analytical: Float64Array;
  cost: SearchCost;
}

/** How a grid is chosen from what a search has found. */
export interface GitsOptions {
  /** Weight of each further jump against the one before; 1.15 by default, as in the paper. */
  coefficient?: number;
  /** For plans whose first step is analytical: the first jump then costs what that step does. By default not. */
  afs?: boolean;
}

const searches = new WeakMap<Gpu, WeakMap<Field, Map<string, GitsSearch>>>();

/**
 * Searches a field for the jumps that its trajectories allow (GITS, arXiv 2405.11326): no gradient, one run of the
 * teacher with its states and velocities kept. The result is kept for the field and range.
 *
 * @param onProgress called now and then, with how many of the teacher's trajectories are done, of how many
 * @param range 0.002 to 80 by default, or what of it the field's process has
 * @throws FewstepError bad-grid for an impossible range, bad-argument for noise levels that the field does not know,
 *   not-finite where the teacher diverges, device-limit
 */
export async function searchGits(
  gpu: Gpu,
  field: Field,
  range: Partial<SigmaRange> = {},
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<GitsSearch> {
  checkGpu(gpu);
  checkField(field);
  const whole = rangeWithin(field, range);
  const ofGpu = searches.get(gpu) ?? new WeakMap<Field, Map<string, GitsSearch>>();
  searches.set(gpu, ofGpu);
  const ofField = ofGpu.get(field) ?? new Map<string, GitsSearch>();
  ofGpu.set(field, ofField);
  const key = `${whole.sigmaMax} ${whole.sigmaMin}`;
  // Not while it runs: whoever waits for it may stop it.
  const search = ofField.get(key) ?? (await runTeacher(gpu, field, whole, signal, onProgress));
  ofField.set(key, search);
  return search;
}

/**
 * The grid of any number of steps, up to the teacher's 60, with the least cost: GITS's dynamic programming (arXiv
 * 2405.11326). Its `times` are those of the search, whatever range is asked for, and throw bad-grid for more steps.
 */
export function gitsGrid(search: GitsSearch, options: GitsOptions = {}): Grid {
  checkEntries("gitsGrid's options", options, { coefficient: false, afs: false });
  const { coefficient = COEFFICIENT, afs = false } = options;
  const { times, analytical } = search;
  const costs = search.costs.slice();
  if (afs) costs.set(analytical);
  return {
    name: nameOf(coefficient),
    times: (steps) => cheapestPath(costs, times.length, steps, coefficient).map((i) => times[i]),
  };
}

/**
 * Reads `gits` or `gits:1.15`, the coefficient; undefined for another grid.
 * @throws FewstepError bad-grid for a coefficient that is not a positive number
 */
export function parseGits(text: string): { coefficient: number } | undefined {
  const [kind, ...rest] = text.split(':');
  if (kind !== 'gits') return undefined;
  const argument = rest.join(':');
  const coefficient = argument === '' ? COEFFICIENT : Number(argument);
  if (coefficient > 0 && coefficient < Infinity) return { coefficient };
  throw new FewstepError(
    'bad-grid',
    `the coefficient of grid 'gits' must be a positive number, not '${argument}'`,
    "write 'gits', or 'gits:1.15'",
  );
}

/** Stands for a searched grid before the search, so that a request can be checked: it refuses what that will refuse. */
export function unsearched(): Grid {
  return {
    name: 'gits',
    times(steps, range) {
      if (steps <= TEACHER.nfe) return polynomial().times(steps, range);
      throw new FewstepError(
        'bad-grid',
        `grid 'gits' is chosen from the ${TEACHER.nfe + 1} times of its teacher; ${steps} steps are asked for`,
        'give a lower NFE, or take a grid with a rule, such as polynomial:7',
      );
    },
  };
}

function nameOf(coefficient: number): string {
  return coefficient === COEFFICIENT ? 'gits' : `gits:${coefficient}`;
}

async function runTeacher(
  gpu: Gpu,
  field: Field,
  range: SigmaRange,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<GitsSearch> {
  const begin = performance.now();
  const { solver, nfe, trajectories } = TEACHER;
  const plan = planFor({ solver, nfe, grid: polynomial(), range });
  // iPNDM evaluates once a step, at the state that it has reached.
  const velocities = plan.operations.flatMap((operation) =>
    operation.kind === 'evaluate' ? [operation.out] : [],
  );
  onProgress?.(0, trajectories);
  const { kept, evaluations } = await solve(gpu, field, plan, {
    latents: { batch: trajectories, seed: SEED },
    keep: [...plan.states, ...velocities],
    ...(onProgress && {
      chunk: trajectories / SHOWN_PARTS,
      onProgress: (done) => onProgress(done, trajectories),
    }),
    signal,
  }).catch((error: unknown) => {
    throw aboutTeacher(error);
  });
  const run = {
    times: plan.times,
    dim: field.dim,
    states: plan.states.map((slot) => kept.get(slot)!),
    velocities: velocities.map((slot) => kept.get(slot)!),
  };
  const [costs, analytical] = [jumpCosts(run), analyticalCosts(run)];
  const seconds = (performance.now() - begin) / 1000;
  return {
    times: plan.times,
    costs,
    analytical,
    cost: { teacher: plan.solver, evaluations, trajectories, seconds },
  };
}

/** A divergence must not be taken for one of the solver that was asked for. */
function aboutTeacher(error: unknown): unknown {
  if (!(error instanceof FewstepError) || error.code !== 'not-finite') return error;
  return new FewstepError(error.code, `the teacher of grid 'gits': ${error.message}`, error.remedy, {
    cause: error,
  });
}
