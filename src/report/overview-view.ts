import { type Html, html } from './html.js';
import { figure } from './number.js';
import type { Overview } from './overview.js';
import type { Palette } from './palette.js';

/** The table over all problems: how far each solver is from the best. */
export function overviewTable({ nfe, rows }: Overview, problems: number, palette: Palette): Html {
  const ranks = nfe.map((_, i) => {
    const texts = rows
      .flatMap((row) => row.ratios[i] ?? [])
      .sort((a, b) => a - b)
      .map(figure);
    return [...new Set(texts)];
  });
  const place = (ratio: number | undefined, i: number) => {
    if (ratio === undefined) return html`<td class="none">–</td>`;
    const rank = ranks[i].indexOf(figure(ratio));
    return html`<td class="${['best', 'second'][rank] ?? ''}">${figure(ratio)}</td>`;
  };
  const learned = rows.some(({ answers }) => answers);
  return html`<section id="overview"><h2>All problems</h2>
<div class="controls"><span><span class="metric">error relative to the best solver’s${learned ? ' that learned nothing' : ''}</span>, geometric mean over ${problems} problems</span></div>
<div class="scroll"><table class="figures"><thead><tr><th scope="col">NFE</th>${nfe.map((n) => html`<th scope="col">${n}</th>`)}</tr></thead><tbody>
${rows.map(
  ({ solver, ratios }) =>
    html`<tr><th scope="row">${palette.color(solver) && html`<i class="chip" style="background:${palette.color(solver)}"></i>`}${solver}</th>${ratios.map(place)}</tr>
`,
)}</tbody></table></div>
<p class="note">1 means the lowest mean end-point error on every problem${learned ? ' among the solvers that learned nothing; below 1 is better than all of these. Rows that learned, searched or came as tables are means over the problems that have them' : ''}. Bold: best; underlined: second best; –: no figure on some problem. Solvers with a dot have their colour in all plots; Euler’s method is the baseline.</p>
</section>`;
}
