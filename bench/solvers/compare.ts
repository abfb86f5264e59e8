import type { Cell, EndpointError, Results } from '../../src/report/results.js';

/** One cell of two runs, figure by figure: b over a. */
export interface PairedCell {
  key: string;
  cell: Pick<Cell, 'problem' | 'solver' | 'grid' | 'afs' | 'nfe' | 'seed'>;
  meanError: number;
  medianError: number;
  throughput: number;
}

export interface Comparison {
  /** Sorted by the mean error's ratio, the largest first. */
  pairs: PairedCell[];
  /** Cells of one run that the other lacks; those of a that diverged in b are among them. */
  onlyA: number;
  onlyB: number;
  /** Keys of cells that a has and that diverged in b. */
  diverged: string[];
  /** Geometric means over the pairs, b over a. */
  meanError: number;
  medianError: number;
  throughput: number;
  /** Reasons why figures of the two runs are not figures of the same thing. */
  warnings: string[];
}

/** Pairs two runs by problem, solver, grid, AFS, NFE and seed, where there are end-point errors. */
export function compareResults(a: Results, b: Results): Comparison {
  const byKey = ({ cells }: Results) =>
    new Map(
      cells.flatMap((cell) => (cell.error ? [[keyOf(cell), { ...cell, error: cell.error }] as const] : [])),
    );
  const [ofA, ofB] = [byKey(a), byKey(b)];
  const pairs = [...ofA].flatMap(([key, from]) => {
    const to = ofB.get(key);
    return to ? [pair(key, from, to)] : [];
  });
  pairs.sort((x, y) => y.meanError - x.meanError);
  const mean = (figure: (pair: PairedCell) => number) => geometricMean(pairs.map(figure));
  return {
    pairs,
    onlyA: ofA.size - pairs.length,
    onlyB: ofB.size - pairs.length,
    diverged: b.failures.map(keyOf).filter((key) => ofA.has(key)),
    meanError: mean((cell) => cell.meanError),
    medianError: mean((cell) => cell.medianError),
    throughput: mean((cell) => cell.throughput),
    warnings: warnings(a, b),
  };
}

function keyOf({ problem, solver, grid, afs, nfe, seed }: PairedCell['cell']): string {
  return [problem, solver, grid, afs ? 'AFS' : 'no AFS', `NFE ${nfe}`, `seed ${seed}`].join(', ');
}

type CellWithError = Cell & { error: EndpointError };

function pair(key: string, a: CellWithError, b: CellWithError): PairedCell {
  const { problem, solver, grid, afs, nfe, seed } = a;
  return {
    key,
    cell: { problem, solver, grid, afs, nfe, seed },
    meanError: ratio(b.error.mean, a.error.mean),
    medianError: ratio(b.error.median, a.error.median),
    throughput: b.timing.trajectoriesPerSecond / a.timing.trajectoriesPerSecond,
  };
}

/** b over a, also where both are exact. */
function ratio(b: number, a: number): number {
  return a === b ? 1 : b / a;
}

function warnings({ run: a, ...resultsA }: Results, { run: b, ...resultsB }: Results): string[] {
  const differ = (what: string, x: unknown, y: unknown, effect: string) =>
    x === y ? [] : [`${what} differ: ${x} and ${y}; ${effect}`];
  const speed = 'throughput cannot be compared';
  const errors = 'errors are over other trajectories';
  return [
    ...differ('adapters', a.adapter.name, b.adapter.name, speed),
    ...differ('drivers', a.adapter.driver, b.adapter.driver, speed),
    ...differ('CPUs', a.cpu, b.cpu, speed),
    ...resultsA.problems.flatMap(({ name, batch }) => {
      const other = resultsB.problems.find((problem) => problem.name === name);
      return other ? differ(`batches of ${name}`, batch, other.batch, errors) : [];
    }),
    ...differ(
      'sigma ranges',
      `${a.sigmaMin}..${a.sigmaMax}`,
      `${b.sigmaMin}..${b.sigmaMax}`,
      'the end points differ',
    ),
    ...(resultsA.complete && resultsB.complete
      ? []
      : ['at least one of the runs was stopped before its end']),
  ];
}

function geometricMean(values: number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
