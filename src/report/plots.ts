import { median } from '../metrics/quantile.js';
import { type Html, html } from './html.js';
import { type Level, type Line, linePlot } from './line-plot.js';
import { type MetricKey, metricByKey } from './metric.js';
import type { Palette } from './palette.js';
import type { ProblemResult, Results } from './results.js';
import { type Entry, resultTable } from './table.js';

/** Error, distance to the true distribution and throughput of one problem against NFE. */
export function problemPlots(results: Results, problem: ProblemResult, palette: Palette): Html {
  const { adapter } = results.run;
  const ofMetric = (key: MetricKey) => linesOf(results, problem.name, key, (entry) => entry.value);
  const nfe = resultTable(results, problem.name, metricByKey('mean')).nfe;
  const plot = (description: string, yLabel: string, lines: Line[], levels: Level[] = []) =>
    linePlot({ description: `${problem.title}: ${description}`, yLabel, x: nfe, lines, levels }, palette);
  return html`<div class="plots">
<figure>${plot('mean end-point error against NFE', 'mean end-point error', ofMetric('mean'))}
<figcaption><b>Mean error.</b> Distance of the end point from the exact flow’s, same latent.</figcaption></figure>
<figure>${plot('median end-point error against NFE', 'median end-point error', ofMetric('median'))}
<figcaption><b>Median error.</b> The typical trajectory, unmoved by the few that end in another mode.</figcaption></figure>
<figure>${plot(
    'sliced Wasserstein distance against NFE',
    'sliced Wasserstein distance',
    ofMetric('slicedWasserstein'),
    [
      { label: 'floor', y: problem.floor.slicedWasserstein },
      { label: 'exact flow', y: problem.exactDistances.slicedWasserstein },
    ],
  )}
<figcaption><b>Distribution.</b> Distance of the samples from the truth. Dotted: that of the exact flow, and the floor, which is that of two independent true draws.</figcaption></figure>
<figure>${plot('trajectories per second against NFE', 'trajectories per second', throughput(results, problem.name))}
<figcaption><b>Throughput${adapter.software ? ' on a software adapter' : ''}.</b> ${adapter.name}, host time of whole solves, with the grid and AFS of the lowest error.${adapter.software ? ' It says nothing about a GPU.' : ''}</figcaption></figure>
</div>`;
}

function linesOf(results: Results, problem: string, key: MetricKey, value: (entry: Entry) => number): Line[] {
  const { nfe, rows } = resultTable(results, problem, metricByKey(key));
  return rows.map((row) => ({
    name: row.solver,
    points: row.entries.flatMap((entry, i) =>
      entry && entry.cells.length > 0 ? { x: nfe[i], y: value(entry) } : [],
    ),
  }));
}

/** Of the variant with the lowest mean error, as in the plot of errors. */
function throughput(results: Results, problem: string): Line[] {
  return linesOf(results, problem, 'mean', ({ cells }) =>
    median(cells.map((cell) => cell.timing.trajectoriesPerSecond)),
  );
}
