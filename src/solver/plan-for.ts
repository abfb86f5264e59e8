import { checkEntries, type Entries } from '../arguments.js';
import { DEFAULT_GRID, type Grid, gridFrom, rangeFrom, type SigmaRange } from '../grid/grid.js';
import type { Plan } from './plan.js';
import { parseSolver, stepsForNfe } from './registry.js';

/** What one asks a solver for, in the words of the command line. */
export interface PlanRequest {
  /** A solver with its options: 'ipndm-3', 'dpm-solver-2:r=0.4'. */
  solver: string;
  /** Field evaluations per trajectory, exactly. */
  nfe: number;
  /** 'polynomial:7' (the default), 'logsnr', 'time_uniform:1', 'explicit:80,..'; 'gits' only where there is a field. */
  grid?: string | Grid;
  /** 0.002 to 80 by default. */
  range?: Partial<SigmaRange>;
  /** Analytical first step; by default not. */
  afs?: boolean;
}

/** All that a `PlanRequest` has. */
export const PLAN_ENTRIES: Entries<PlanRequest> = {
  solver: true,
  nfe: true,
  grid: false,
  range: false,
  afs: false,
};

/**
 * The plan that meets a request: as many steps as give exactly the NFE, on the times of the grid.
 * @throws FewstepError unknown-name for a solver, a grid or a process; bad-argument for their options, for the bespoke
 *   solver, which has no plan without a field, and for entries that a request does not have; bad-grid for impossible
 *   times; unreachable-nfe naming what the solver can make
 */
export function planFor(request: PlanRequest): Plan {
  checkEntries("planFor's request", request, PLAN_ENTRIES);
  const { solver: text, nfe, grid = DEFAULT_GRID, range, afs = false } = request;
  const { solver, options } = parseSolver(text);
  const rule = gridFrom(grid);
  const steps = stepsForNfe(solver, nfe, { afs, options });
  return solver.plan(rule.times(steps, rangeFrom(range)), { afs, options });
}
