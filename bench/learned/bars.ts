import type { Cell } from './cells.js';
import type { Row } from './row.js';
import { leastOf, type Pair } from './summary.js';

/** In how many comparisons the one has the lower error. */
export interface Count extends Pair {
  of: number;
}

/** Trained rows beside what they were before training. */
export interface AgainstBase {
  kind: string;
  /** On fresh latents, or on the validation trajectories where only these are known. */
  on: 'fresh latents' | 'validation';
  of: number;
  /** Those that are worse by mean or by median. */
  worse: { cell: Cell; row: Row }[];
}

/** What the AMED-Solver is made of, or compared with. */
const KIN = ['euler', 'heun', 'dpm-solver-2'];

/** Whether training made anything worse, of each kind that tells what it was before. */
export function againstBase(cells: readonly Cell[]): AgainstBase[] {
  const rows = cells.flatMap((cell) => cell.rows.map((row) => ({ cell, row })));
  const kinds = [...new Set(rows.map(({ row }) => row.kind))];
  return kinds.flatMap((kind) =>
    (['fresh latents', 'validation'] as const).flatMap((on) => {
      const own = rows.flatMap(({ cell, row }) => {
        const compared = row.kind === kind ? beforeAndAfter(row) : undefined;
        return compared?.on === on ? [{ cell, row, ...compared }] : [];
      });
      if (own.length === 0) return [];
      const worse = own.filter(
        ({ before, after }) => after.mean > before.mean || after.median > before.median,
      );
      return [{ kind, on, of: own.length, worse: worse.map(({ cell, row }) => ({ cell, row })) }];
    }),
  );
}

function beforeAndAfter({ untrained, test, base, best }: Row) {
  if (untrained) return { on: 'fresh latents' as const, before: untrained, after: test };
  return base && best && { on: 'validation' as const, before: base, after: best };
}

/** The AMED-Solver as a table, or a network, against the best of Euler, Heun and DPM-Solver-2 on any grid. */
export function againstKin(cells: readonly Cell[], kind: string): Count {
  return count(
    cells.map(({ rows }) => [
      leastOf(rows.filter((row) => row.kind === kind && row.solver === 'amed')),
      leastOf(rows.filter((row) => row.kind === 'plain' && KIN.includes(row.solver))),
    ]),
  );
}

/** The robust recipe against the published one, the same solver and features at the same budget. */
export function againstPublished(cells: readonly Cell[]): Count {
  return count(
    cells.flatMap(({ rows }) =>
      rows
        .filter(({ kind }) => kind === 'robust-equal')
        .map(({ solver, test }) => [
          test,
          leastOf(rows.filter((row) => row.kind === 'published' && row.solver === solver)),
        ]),
    ),
  );
}

function count(pairs: readonly (Pair | undefined)[][]): Count {
  const both = pairs.flatMap(([one, other]) => (one && other ? [[one, other]] : []));
  const wins = (by: keyof Pair) => both.filter(([one, other]) => one[by] < other[by]).length;
  return { mean: wins('mean'), median: wins('median'), of: both.length };
}
