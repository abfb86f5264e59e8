import { type Html, html } from './html.js';
import type { Palette } from './palette.js';
import { dataWindow, dots, PANEL, pairs } from './plane.js';
import type { Picture, ProblemResult } from './results.js';

const COLUMNS = 6;
const ROWS = 4;

/** Where trajectories end: a column a solver, a row an NFE, the exact flow first. */
export function scatterPanels(
  problem: ProblemResult,
  palette: Palette,
  errorOf: (picture: Picture) => number | undefined,
): Html | undefined {
  const pictures = problem.pictures.filter(
    (picture) => picture.row !== 'exact' && picture.samples.length > 0,
  );
  const exact = problem.pictures.find((picture) => picture.row === 'exact');
  if (!exact || pictures.length === 0) return undefined;
  const nfe = evenly(
    [...new Set(pictures.map((picture) => picture.nfe))].sort((a, b) => a - b),
    ROWS,
  );
  const rows = bestRows(pictures, errorOf).slice(0, COLUMNS);
  const window = dataWindow(problem, 1.3);
  const id = `truth-${problem.name}`;
  const panel = (label: string, { samples, row }: Picture) =>
    html`<svg viewBox="0 0 ${PANEL} ${PANEL}" role="img" aria-label="End points of ${label}"><use href="#${id}"/><path class="sample" style="stroke:${palette.color(row) ?? 'var(--ink)'}" d="${dots(pairs(samples), window)}"/></svg>`;
  const place = (row: string, n: number) => {
    const picture = pictures.find((candidate) => candidate.row === row && candidate.nfe === n);
    return picture ? html`<td>${panel(`${row} at NFE ${n}`, picture)}</td>` : html`<td class="none">–</td>`;
  };
  const first = html`<td rowspan="${nfe.length}">${panel('the exact flow', exact)}</td>`;
  return html`<figure class="wide">
<svg class="definitions" aria-hidden="true"><defs><path id="${id}" class="truth" d="${dots(pairs(problem.truth), window)}"/></defs></svg>
<div class="scroll"><table class="matrix"><thead><tr><td></td><th scope="col">exact flow</th>${rows.map((row) => html`<th scope="col">${row}</th>`)}</tr></thead><tbody>
${nfe.map(
  (n, i) => html`<tr><th scope="row">NFE ${n}</th>${i === 0 && first}${rows.map((row) => place(row, n))}</tr>
`,
)}</tbody></table></div>
<figcaption><b>End points.</b> From the same latents in every panel, over true data (faint). What lies outside the frame is not drawn; –: no picture was taken.</figcaption></figure>`;
}

/** Row labels, those with the smallest error over all their pictures first. */
export function bestRows(pictures: Picture[], errorOf: (picture: Picture) => number | undefined): string[] {
  const rows = [...new Set(pictures.map((picture) => picture.row))];
  const typical = (row: string) => {
    const errors = pictures
      .filter((picture) => picture.row === row)
      .map((picture) => errorOf(picture) ?? Infinity);
    return Math.min(...errors);
  };
  return rows.sort((a, b) => typical(a) - typical(b));
}

/** At most `count` of the items, first and last among them. */
export function evenly<T>(items: T[], count: number): T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]);
}
