import { figure } from '../../src/report/number.js';
import { againstBase, againstKin, againstPublished, type Count } from './bars.js';
import { type Cell, readCells } from './cells.js';
import { figureTables } from './figure-tables.js';
import { byNfe, fieldsOf, spread, table } from './markdown.js';
import { BEST_AMED, gainsOf, mainSeries, type Pair, type SeriesSummary, summarise } from './summary.js';

/** What the figures in some files come to, as Markdown. */
export async function summaryOfFiles(paths: readonly string[]): Promise<string> {
  return summaryText(await readCells(paths));
}

export function summaryText(cells: readonly Cell[]): string {
  const summaries = summarise(cells);
  const main = mainSeries(cells);
  const adapters = [...new Set(cells.flatMap((cell) => cell.adapters))];
  return [
    `Adapters: ${adapters.join('; ')}.`,
    '## Against the best of what learned nothing, chosen with hindsight',
    table(
      [
        '',
        'cells',
        'won by mean',
        'by median',
        'gain, analytic: mean / median',
        'gain, networks: mean / median',
      ],
      summaries.map(({ series, gains, won, analytic, networks }) => [
        ...[series, `${gains.length}`, `${won.mean}`, `${won.median}`],
        ...[analytic, networks].map(pair),
      ]),
    ),
    '## Cells that are not won',
    lostText(summaries, main),
    ...main.flatMap((series) => [
      `## Gain: ${series}`,
      'Mean / median error, how many times lower.',
      gainTable(cells, series),
    ]),
    '## Bars',
    barsText(cells),
    ...figureTables(cells, main),
  ].join('\n\n');
}

/** Where the main series, and those others that win at least half of their cells, do not win. */
function lostText(summaries: readonly SeriesSummary[], main: readonly string[]): string {
  const listed = summaries.filter(
    ({ series, lost, gains }) =>
      lost.length > 0 && (main.includes(series) || 2 * lost.length <= gains.length),
  );
  const lines = listed.map(({ series, lost, gains }) => {
    const places = lost.map(
      ({ cell, ...gain }) => `${cell.field} NFE ${cell.nfe} seed ${cell.seed} (${pair(gain)})`,
    );
    return `- ${series}, ${lost.length} of ${gains.length}: ${places.join('; ')}`;
  });
  const others = summaries.filter((each) => each.lost.length > 0 && !listed.includes(each));
  if (others.length > 0) {
    const counts = others.map(({ series, lost, gains }) => `${series} (${lost.length} of ${gains.length})`);
    lines.push(`- in more than half of their cells: ${counts.join('; ')}`);
  }
  return lines.join('\n') || 'None.';
}

/** A row a field, a column an NFE, the median over seeds with least and greatest. */
function gainTable(cells: readonly Cell[], series: string): string {
  const gains = gainsOf(cells, series);
  const lines = fieldsOf(cells).map((field) => ({
    title: [field],
    text(nfe: number) {
      const own = gains.filter(({ cell }) => cell.field === field && cell.nfe === nfe);
      if (own.length === 0) return '';
      return (['mean', 'median'] as const).map((by) => spread(own.map((gain) => gain[by]))).join(' / ');
    },
  }));
  return byNfe(cells, lines)!;
}

function barsText(cells: readonly Cell[]): string {
  const bases = againstBase(cells).map(({ kind, on, of, worse }) => {
    const places = worse.map(
      ({ cell, row }) => `${row.solver} on ${cell.field}, NFE ${cell.nfe}, seed ${cell.seed}`,
    );
    const where = places.length > 0 ? `: ${places.join('; ')}` : '';
    return `- ${kind}: worse than its untrained base on ${on}, by mean or median, in ${worse.length} of ${of}${where}`;
  });
  const best = gainsOf(cells, BEST_AMED);
  const bestCount = {
    of: best.length,
    mean: best.filter(({ mean }) => mean > 1).length,
    median: best.filter(({ median: gain }) => gain > 1).length,
  };
  return [
    ...bases,
    ...['table', 'network'].map(
      (kind) =>
        `- amed, ${kind}, below the best of Euler, Heun and DPM-Solver-2: ${counted(againstKin(cells, kind))}`,
    ),
    `- robust recipe below the published one at equal budget: ${counted(againstPublished(cells))}`,
    `- best AMED row below the best of what learned nothing: ${counted(bestCount)}`,
  ].join('\n');
}

function counted({ mean, median: middle, of }: Count): string {
  if (of === 0) return 'not measured';
  const share = (wins: number) => `${wins} (${((100 * wins) / of).toFixed(0)} %)`;
  return `of ${of}, ${share(mean)} by mean, ${share(middle)} by median`;
}

function pair(figures: Pair | undefined): string {
  return figures ? `${figure(figures.mean)} / ${figure(figures.median)}` : '';
}
