import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Grid } from '../grid/grid.js';
import type { PlanRequest } from '../solver/plan-for.js';
import { gitsGrid, parseGits, type SearchCost, searchGits, unsearched } from './gits.js';

/** A grid that `planFor` takes, and what it took to find it where it was searched. */
export interface ResolvedGrid {
  grid: string | Grid | undefined;
  search?: SearchCost;
}

/**
 * Searches the grid of a request where it needs the field: `gits`. Other grids come back as they are.
 * @param onProgress as of `searchGits`
 * @throws FewstepError see `searchGits`
 */
export async function resolveGrid(
  gpu: Gpu,
  field: Field,
  { grid, range, afs }: Pick<PlanRequest, 'grid' | 'range' | 'afs'>,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<ResolvedGrid> {
  const gits = typeof grid === 'string' ? parseGits(grid) : undefined;
  if (!gits) return { grid };
  const search = await searchGits(gpu, field, range, signal, onProgress);
  return { grid: gitsGrid(search, { ...gits, afs }), search: search.cost };
}

/** The grid of a request as far as it can be known without the field, to check the request before anything runs. */
export function checkableGrid(grid: string | Grid): string | Grid {
  return typeof grid === 'string' && parseGits(grid) ? unsearched() : grid;
}
