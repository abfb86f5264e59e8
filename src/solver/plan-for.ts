import { DEFAULT_RANGE, type Grid, parseGrid, type SigmaRange } from '../grid/grid.js';
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
  range?: Partial<SigmaRange>;
  /** Analytical first step. */
  afs?: boolean;
}

/**
 * The plan that meets a request: as many steps as give exactly the NFE, on the times of the grid.
 * @throws FewstepError unknown-name, bad-argument, bad-grid, unreachable-nfe
 */
export function planFor({ solver: text, nfe, grid = 'polynomial:7', range, afs = false }: PlanRequest): Plan {
  const { solver, options } = parseSolver(text);
  const rule = typeof grid === 'string' ? parseGrid(grid) : grid;
  const steps = stepsForNfe(solver, nfe, { afs, options });
  return solver.plan(rule.times(steps, { ...DEFAULT_RANGE, ...range }), { afs, options });
}
