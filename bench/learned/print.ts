import { table } from '../../src/cli/table.js';
import type { Row } from './row.js';

/** The best plain row by mean and by median at one NFE and seed, and every other row beside it. */
export function textOf(rows: readonly Row[], nfe: number): string {
  const plain = rows.filter(({ kind }) => kind === 'plain');
  const others = rows.filter(({ kind }) => kind !== 'plain');
  const least = (by: 'mean' | 'median') =>
    plain.reduce<Row | undefined>(
      (best, row) => (best && best.test[by] <= row.test[by] ? best : row),
      undefined,
    );
  const [mean, middle] = [least('mean'), least('median')];
  const shown = [...new Set([mean, middle])].flatMap((row) => row ?? []);
  const header = ['', 'grid', 'mean', 'median', 'plain / mean', 'plain / median', 'flips', 'sliced W', 's'];
  const lines = [...shown, ...others].map((row) => [
    labelOf(row),
    row.grid,
    number(row.test.mean),
    number(row.test.median),
    mean ? (mean.test.mean / row.test.mean).toFixed(2) : '',
    middle ? (middle.test.median / row.test.median).toFixed(2) : '',
    row.flips ? `${(100 * row.flips.share).toFixed(1)} %` : '',
    row.distances ? number(row.distances.slicedWasserstein) : '',
    row.seconds?.toFixed(2) ?? '',
  ]);
  return `\nNFE ${nfe}\n${table(header, lines)}`;
}

function labelOf({ solver, kind, afs }: Row): string {
  const name = solver === kind ? solver : `${solver}, ${kind}`;
  return afs ? `${name}, AFS` : name;
}

function number(value: number): string {
  return value.toPrecision(3);
}
