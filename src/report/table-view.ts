import { median } from '../metrics/quantile.js';
import { type Html, html, raw } from './html.js';
import { type Metric, metrics } from './metric.js';
import { count, figure, plural } from './number.js';
import type { Palette } from './palette.js';
import { whyEmpty } from './reachable.js';
import type { ProblemResult, Results } from './results.js';
import { type Entry, type Row, resultTable, type Table, type Variant } from './table.js';

/**
 * The table of a problem with everything that its script needs to show another metric. Grids and AFS of a
 * solver stand folded under its best.
 */
export function problemTable(results: Results, problem: ProblemResult, palette: Palette): Html {
  const tables = metrics.map((metric) => ({ metric, table: resultTable(results, problem.name, metric) }));
  const { table } = tables[0];
  const letters = superscripts([
    ...new Set(table.rows.flatMap((row) => row.variants.map((variant) => variant.label))),
  ]);
  const folded = table.rows.some((row) => row.variants.length > 1);
  return html`<div class="table">
<div class="controls"><span><span class="metric">${metrics[0].label}</span><select class="metric" aria-label="Figure to show" hidden autocomplete="off">${metrics.map(
    (metric) => html`<option value="${metric.key}">${metric.label}</option>`,
  )}</select></span>${folded && html`<label><input type="checkbox" class="all" autocomplete="off"> every grid and AFS</label>`}</div>
<div class="scroll"><table class="figures"><thead><tr><th scope="col">NFE</th>${table.nfe.map((n) => html`<th scope="col">${n}</th>`)}</tr></thead>
${table.rows.map((row) => solverRows(row, table.nfe, letters, palette))}
</table></div>
<output class="detail"></output>
<p class="note">${note(results, problem, table, letters)}</p>
<script type="application/json">${json(scriptData(tables, letters))}</script>
</div>`;
}

function solverRows(row: Row, nfe: number[], letters: Map<string, string>, palette: Palette): Html {
  const color = palette.color(row.solver);
  const name = color ? html`<i class="chip" style="background:${color}"></i>${row.solver}` : row.solver;
  const empty = (i: number, { label }: Variant) =>
    html`<td class="none" title="${whyEmpty(row.solver, nfe[i], label.endsWith('AFS'), row.answers)}">–</td>`;
  const main = row.entries.map((entry, i) =>
    entry
      ? html`<td${entry.mark && html` class="${entry.mark}"`} title="${title(entry)}">${entry.text}${superscript(letters.get(entry.variant))}</td>`
      : empty(i, row.variants[0]),
  );
  const folded = row.variants.length > 1 ? row.variants : [];
  return html`<tbody><tr><th scope="row">${name}</th>${main}</tr>${folded.map(
    (variant) =>
      html`<tr class="variant"><th scope="row">${variant.label || 'plain'}</th>${variant.entries.map(
        (entry, i) => (entry ? html`<td title="${title(entry)}">${entry.text}</td>` : empty(i, variant)),
      )}</tr>`,
  )}</tbody>
`;
}

function superscript(letter: string | undefined): Html | undefined {
  return letter ? html`<sup>${letter}</sup>` : undefined;
}

/** What a place of the table says on hover: the same whichever metric is shown. */
function title({ cells, failures }: Entry): string {
  const figures = [metrics[0], metrics[1]].map((metric, i) => {
    const ends = [0, 1].map((end) => figure(median(cells.map((cell) => metric.interval!(cell)![end]))));
    return `${['mean', 'median'][i]} ${figure(median(cells.map((cell) => metric.value(cell)!)))} [${ends.join(', ')}]`;
  });
  const diverged =
    failures.length > 0 && `${plural(failures.length, 'seed')} diverged: ${failures[0].message}`;
  return [...(cells.length > 0 ? figures : []), diverged || []].flat().join(', ');
}

function note(
  results: Results,
  problem: ProblemResult,
  { rows }: Table,
  letters: Map<string, string>,
): string {
  const seeds = results.run.seeds.length;
  const parts = [
    `Median over ${plural(seeds, 'seed')} of ${count(problem.batch)} trajectories each; on hover or tap, the mean and the median error with their 95% bootstrap intervals.`,
    'Bold: best at this NFE; underlined: second best; what is equal as printed shares the mark.',
  ];
  if (rows.some((row) => row.variants.length > 1)) {
    const marked = [...letters]
      .filter(([, letter]) => letter !== '')
      .map(([label, letter]) => `${letter}: ${label}`);
    parts.push(
      `A row shows the best of its solver over grid and AFS, chosen with hindsight for each figure (${marked.join(', ')}; no letter: polynomial grid without AFS; where answers were learned or searched, a searched grid).`,
    );
  }
  if (rows.some((row) => row.entries.includes(undefined))) {
    const noisy = results.cells.some((cell) => cell.problem === problem.name && !cell.error);
    const noise =
      ' Solvers that draw noise and generators have no end point to compare: choose a distance above for theirs.';
    parts.push(
      `–: the solver cannot make exactly this many evaluations, or the run has no such cell.${noisy ? noise : ''}`,
    );
  }
  return parts.join(' ');
}

interface MetricTable {
  metric: Metric;
  table: Table;
}

/** What the script fills in for each row; 0 stands for a place without a figure. */
function scriptData(tables: MetricTable[], letters: Map<string, string>) {
  return tables[0].table.rows.map((row, r) => ({
    letters: row.variants.map(({ label }) => letters.get(label)),
    figures: Object.fromEntries(tables.map(({ metric, table }) => [metric.key, rowFigures(table.rows[r])])),
  }));
}

const MARKS = [undefined, 'best', 'second'] as const;

function rowFigures({ entries, variants }: Row) {
  const labels = variants.map(({ label }) => label);
  return {
    best: entries.map((entry) =>
      entry ? [entry.text, MARKS.indexOf(entry.mark), labels.indexOf(entry.variant)] : 0,
    ),
    variants:
      labels.length > 1
        ? variants.map((variant) => variant.entries.map((entry) => entry?.text ?? '–').join(' '))
        : [],
  };
}

/** JSON that cannot end the script element around it. */
function json(value: unknown): Html {
  return raw(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

/** a, b, c ... for the labels that are not plain. */
function superscripts(labels: string[]): Map<string, string> {
  const marked = labels.filter((label) => label !== '').sort();
  return new Map([
    ['', ''],
    ...marked.map((label, i): [string, string] => [label, String.fromCharCode(97 + i)]),
  ]);
}
