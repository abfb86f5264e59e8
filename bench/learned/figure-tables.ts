import type { DistributionDistances } from '../../src/metrics/distribution-reference.js';
import type { Cell } from './cells.js';
import { byNfe, fieldsOf, type Line, spread } from './markdown.js';
import type { Measured } from './row.js';
import { rowsIn } from './summary.js';

/** Something that is known of the rows that are shown, besides their errors. */
interface Figure {
  title: string;
  of(row: Measured): number | undefined;
  /** Which distance it is, so that the exact flow and fresh data have it too. */
  distance?: keyof DistributionDistances;
}

const FIGURES: readonly Figure[] = [
  { title: 'Mode flips, % of trajectories', of: ({ flips }) => flips && 100 * flips.share },
  {
    title: 'Mean error without mode flips, of that with them',
    of: ({ flips, test }) => flips && flips.meanWithout / test.mean,
  },
  distance('Sliced Wasserstein distance to fresh data', 'slicedWasserstein'),
  distance('Energy distance to fresh data', 'energy'),
  distance('Fréchet distance to fresh data', 'frechet'),
];

function distance(title: string, name: keyof DistributionDistances): Figure {
  return { title, distance: name, of: ({ distances }) => distances?.[name] };
}

/** Mode flips and distances of the best of what learned nothing and of some series, with their titles. */
export function figureTables(cells: readonly Cell[], series: readonly string[]): string[] {
  return FIGURES.flatMap((shown) => {
    const lines = fieldsOf(cells).flatMap((field) => {
      const own = cells.filter((cell) => cell.field === field);
      return linesOf(own, field, series, shown);
    });
    const text = byNfe(cells, lines);
    return text === undefined ? [] : [`## ${shown.title}`, text];
  });
}

function linesOf(cells: readonly Cell[], field: string, series: readonly string[], shown: Figure): Line[] {
  const line = (name: string, figureOf: (cell: Cell) => number | undefined): Line => ({
    title: [field, name],
    text(nfe) {
      const values = cells.flatMap((cell) => (cell.nfe === nfe ? (figureOf(cell) ?? []) : []));
      return values.length === 0 ? '' : spread(values);
    },
  });
  const { distance: name } = shown;
  return [
    line('best plain', (cell) => shownOf(cell, 'plain', shown)),
    ...series.map((each) => line(each, (cell) => shownOf(cell, each, shown))),
    ...(name
      ? [
          line('exact flow', ({ reached }) => reached?.exact[name]),
          line('fresh data', ({ reached }) => reached?.floor?.[name]),
        ]
      : []),
  ];
}

/** Of the rows of a series that have a figure, that of the one with the least mean error. */
function shownOf(cell: Cell, series: string, { of }: Figure): number | undefined {
  const rows = rowsIn(cell, series).filter((row) => of(row) !== undefined);
  if (rows.length === 0) return undefined;
  return of(rows.reduce((best, row) => (row.test.mean < best.test.mean ? row : best)));
}
