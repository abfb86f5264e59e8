import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { StepAnswers } from '../metrics/answer-spread.js';
import { TRAINED_ON } from '../solver/universal.js';
import { type Html, html, raw } from './html.js';
import { learnedPairs } from './learned.js';
import { compact } from './line-plot.js';
import { count, figure, list, plural } from './number.js';
import type { Palette } from './palette.js';
import type { Cell, ProblemResult, Results, StudentResult } from './results.js';

/** The best that learned nothing beside the best that learned, and what learning cost; nothing where nothing learned. */
export function learnedSection(results: Results): Html | undefined {
  const { problems } = results;
  if (!problems.some(({ learning, leftOut }) => learning || leftOut)) return undefined;
  const pairs = learnedPairs(results);
  const some = (is: (student: StudentResult) => unknown) =>
    problems.some(({ learning }) => learning?.students.some(is));
  return html`<section id="learned"><h2>What learning adds</h2>
${some(({ table }) => table) && html`<p>Of a <b>bespoke</b> solver everything is learned: all times, what the field is told, and all coefficients. It begins as one of many formulas, starts and grids, or as a universal table.</p>`}
${some(({ times }) => times) && html`<p>A solver of <b>learned times</b> is otherwise as it was published: it learned its grid, and what the field is told at each evaluation.</p>`}
${results.cells.some(({ solver }) => solver === 'bespoke (universal)') && html`<p>The row <b>bespoke (universal)</b> learned nothing here: its table comes with fewstep and was trained on other fields, in units of the data’s mean and spread. Of several tables the nearest is taken${nearestTables(results)}.</p>`}
<p>An AMED solver asks in each step where to look: at the time t<sub>m</sub> = t<sub>n</sub><sup>r</sup>t<sub>c</sub><sup>1−r</sup> between the step’s ends, with a scale for the direction and one for the time that the field is told. All that is learned is the same for all trajectories, and comes from distillation on each problem at each NFE: trajectories of an accurate teacher, a search for the start, Gauss-Newton on the ends of whole trajectories, on several grids, and of all states the one that did best on other trajectories. What is measured here starts from latents that none of that saw.</p>
<div class="scroll"><table class="figures"><thead><tr><th scope="col">Problem</th><th scope="col">NFE</th><th scope="col">learned nothing</th><th scope="col" class="text">best row</th><th scope="col">learned</th><th scope="col" class="text">best row</th><th scope="col">times lower</th></tr></thead><tbody>
${pairs.map(
  ({ problem, nfe, plain, learned, ratio }, i) =>
    html`<tr><th scope="row">${pairs[i - 1]?.problem === problem ? '' : problem.title}</th><td>${nfe}</td><td>${plain.text}</td><td class="text">${plain.label}</td><td class="${ratio > 1 ? 'best' : ''}">${learned.text}</td><td class="text">${learned.label}</td><td>${figure(ratio)}</td></tr>
`,
)}</tbody></table></div>
<p class="note">Mean end-point errors; both best rows are chosen with hindsight among all that ran.</p>
${problems.map(({ title, learning, leftOut }) => [
  learning &&
    html`<p class="note">${title}: the teacher ${learning.teacher.solver} at NFE ${learning.teacher.nfe} ran once for all students, ${count(learning.trajectories)} trajectories to learn from${learning.validation > 0 && html` and ${count(learning.validation)} to choose by`}, ${count(learning.evaluations)} evaluations in ${figure(learning.seconds)} s. ${costs(learning.students)}</p>`,
  (leftOut ?? []).map(
    ({ solvers, reason }) => html`<p class="note">${title} has no ${list(solvers)}: ${reason}.</p>`,
  ),
])}
</section>`;
}

/** Which universal tables were nearest, problem by problem. */
function nearestTables({ problems, cells }: Results): string {
  const taken = problems.flatMap(({ name, title }) => {
    const own = cells.filter(({ problem, universal }) => problem === name && universal);
    const kinds = [...new Set(own.map(({ universal }) => universal!))];
    if (kinds.length === 0) return [];
    const tables = kinds.map((kind) => {
      const counts = new Set(own.filter(({ universal }) => universal === kind).map(({ nfe }) => nfe));
      return `${TRAINED_ON[kind]}${kinds.length > 1 ? ` at NFE ${list([...counts].map(String))}` : ''}`;
    });
    return `on ${title} that trained over ${list(tables)}`;
  });
  return taken.length === 0 ? '' : `: ${taken.join('; ')}`;
}

function costs(students: StudentResult[]): string {
  const trained = students.filter(({ training }) => training);
  const bespoke = trained.filter(({ table }) => table);
  const others = trained.filter(({ table }) => !table);
  return [costsOf(bespoke, 'bespoke distillation'), costsOf(others, 'distillation')]
    .filter((text) => text !== '')
    .join(' ');
}

function costsOf(students: StudentResult[], noun: string): string {
  if (students.length === 0) return '';
  const each = students.map(({ seconds }) => secondsOf(seconds));
  const { iterations, batch } = students[0].training!;
  const range =
    each.length > 1 ? `, ${figure(Math.min(...each))} to ${figure(Math.max(...each))} s each` : '';
  return `${plural(students.length, noun)} of ${count(iterations)} iterations with ${batch} trajectories took ${figure(each.reduce((a, b) => a + b))} s${range}.`;
}

function secondsOf({ search, candidates = 0, training }: StudentResult['seconds']): number {
  return search + candidates + training;
}

const WIDTH = 460;
const HEIGHT = 250;

/** What each learned row learned, and how its loss fell. */
export function studentFigures({ title, learning }: ProblemResult, palette: Palette): Html | undefined {
  const trained = (learning?.students ?? []).filter(({ training }) => training);
  if (trained.length === 0) return undefined;
  // All students of one NFE: as many steps as most rows have, at the lowest even NFE that the pictures show too.
  const levels = [...new Set(trained.map(({ nfe }) => nfe))].sort((a, b) => a - b);
  const nfe = levels.find((n) => n >= 6) ?? levels[levels.length - 1];
  const shown = trained.filter((student) => student.nfe === nfe);
  const bespoke = trained.filter(({ table }) => table);
  const timed = trained.filter(({ times }) => times);
  const isAmed = ({ table, times }: StudentResult) => !table && !times;
  const amed = trained.filter(isAmed);
  const answering = shown.filter(isAmed);
  const looks =
    answering.length > 0 &&
    html`<figure>${stepPlot(answering, `${title}: r by step at NFE ${nfe}`, palette)}
<figcaption><b>Where AMED solvers look</b> at NFE ${nfe}: r of each step, 0 at its beginning, 1 at its end; untrained it is 0.5.</figcaption></figure>`;
  return html`<div class="plots">
${looks}
<figure>${lossPlot(shown, `${title}: loss by iteration at NFE ${nfe}`, palette)}
<figcaption><b>Training</b> at NFE ${nfe}: the loss, log of the mean error plus half the mean log of the error’s square, less its value in the first iteration${bespoke.length > 0 && '; a bespoke solver is trained for a little as a candidate, and from where that led once more'}.</figcaption></figure>
</div>
${bespoke.length > 0 && bespokeTables(bespoke)}
${timed.length > 0 && timesTable(timed)}
${amed.length > 0 && amedTable(amed)}`;
}

function amedTable(students: StudentResult[]): Html {
  return html`<div class="scroll"><table class="figures spaced dense"><thead><tr><th scope="col">Student</th><th scope="col">NFE</th><th scope="col" class="text">grid</th><th scope="col" class="text">r by step</th><th scope="col" class="text">direction</th><th scope="col" class="text">time</th><th scope="col">untrained</th><th scope="col">start</th><th scope="col">best</th><th scope="col">seconds</th></tr></thead><tbody>
${students.map(studentRow)}</tbody></table></div>
<p class="note">Untrained: r = 1/2 on the default grid; start: the searched grid and r; best: after training. Mean distances to the teacher’s end points on the trajectories to choose by; seconds are those of search and training.</p>`;
}

function timesTable(students: StudentResult[]): Html {
  return html`<div class="scroll"><table class="figures spaced dense"><thead><tr><th scope="col">Student</th><th scope="col">NFE</th><th scope="col" class="text">began as</th><th scope="col" class="text">times of the evaluations</th><th scope="col" class="text">what the field is told</th><th scope="col">untrained</th><th scope="col">start</th><th scope="col">best</th><th scope="col">seconds</th></tr></thead><tbody>
${students.map(
  ({ solver, afs, nfe, chosenGrid, times, training, seconds }) =>
    html`<tr><th scope="row">${solver}${afs && ' + AFS'}</th><td>${nfe}</td><td class="text">${chosenGrid}</td>${[times!.sigma, times!.told].map((own) => html`<td class="text">${own.map(figure).join(' ')}</td>`)}${scoreCells(training!)}<td>${figure(secondsOf(seconds))}</td></tr>
`,
)}</tbody></table></div>
<p class="note">Untrained: the solver on the default grid; start: on the grid that it began as; best: after training. Mean distances to the teacher’s end points on the trajectories to choose by; seconds are those of search and training.</p>`;
}

function scoreCells({ base, start, best }: NonNullable<StudentResult['training']>): Html[] {
  return [base, start, best].map(({ mean }) => html`<td>${figure(mean)}</td>`);
}

/** What a bespoke solver began as and came to at each NFE; folded below it, all that it is. */
function bespokeTables(students: StudentResult[]): Html {
  return html`<div class="scroll"><table class="figures spaced dense"><thead><tr><th scope="col">Student</th><th scope="col">NFE</th><th scope="col" class="text">began as</th><th scope="col" class="text">times that the field is told</th><th scope="col">plain</th><th scope="col">start</th><th scope="col">best</th><th scope="col">search</th><th scope="col">candidates</th><th scope="col">table</th></tr></thead><tbody>
${students.map(bespokeRow)}</tbody></table></div>
<p class="note">Plain: the best solver of the search, which learned nothing; start: what this one began as; best: after training. Mean distances to the teacher’s end points on the trajectories to choose by. Then the seconds of each stage.</p>
<details><summary>All coefficients of the bespoke solvers</summary>
${students.map(coefficients)}
<p class="note">A line for each state at which the field is evaluated, and one for the result: its coefficients, times the latents x<sub>T</sub>, the mean of the data µ, and what was evaluated before it.</p></details>`;
}

function bespokeRow({ solver, nfe, chosenGrid, table, training, seconds }: StudentResult): Html {
  const stages = [seconds.search, seconds.candidates ?? 0, seconds.training];
  return html`<tr><th scope="row">${solver}</th><td>${nfe}</td><td class="text">${chosenGrid}</td><td class="text">${table!.times.map(figure).join(' ')}</td>${scoreCells(training!)}${stages.map((stage) => html`<td>${stage.toFixed(1)} s</td>`)}</tr>
`;
}

function coefficients({ nfe, table }: StudentResult): Html {
  const { sigmaMin, times, rows } = table!;
  const heads = [html`x<sub>T</sub>`, 'µ', ...times.map((_, k) => html`D<sub>${k}</sub>`)];
  const name = (k: number) => (k < times.length ? html`x<sub>${k}</sub>` : 'result');
  return html`<div class="scroll"><table class="figures spaced dense"><thead><tr><th scope="col">NFE ${nfe}</th><th scope="col">σ</th>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>
${rows.map(
  (row, k) =>
    html`<tr><th scope="row">${name(k)}</th><td>${figure(times[k] ?? sigmaMin)}</td>${row.map((value) => html`<td>${figure(value)}</td>`)}${heads.slice(row.length).map(() => html`<td></td>`)}</tr>
`,
)}</tbody></table></div>`;
}

function studentRow({ solver, afs, nfe, chosenGrid, answers, seconds, training }: StudentResult): Html {
  const numbers = (of: (answer: StudentResult['answers'][number]) => number) =>
    answers.map((answer) => of(answer).toFixed(2)).join(' ');
  return html`<tr><th scope="row">${solver}${afs && ' + AFS'}</th><td>${nfe}</td><td class="text">${chosenGrid}</td><td class="text">${numbers(({ r }) => r)}</td><td class="text">${numbers(({ direction }) => direction)}</td><td class="text">${numbers(({ time }) => time)}</td>${scoreCells(training!)}<td>${figure(secondsOf(seconds))}</td></tr>
`;
}

/** What networks answered, which differs from trajectory to trajectory; nothing where no row has one. */
export function networkAnswers({ cells }: Results, problem: ProblemResult): Html | undefined {
  const own = cells.filter((cell) => cell.steps && cell.problem === problem.name);
  if (own.length === 0) return undefined;
  const [{ seed }] = own;
  return html`<div class="scroll"><table class="figures spaced dense"><thead><tr><th scope="col">Network</th><th scope="col">NFE</th><th scope="col">step</th><th scope="col">r</th><th scope="col">direction</th><th scope="col">time</th></tr></thead><tbody>
${own.filter((cell) => cell.seed === seed).map(networkRows)}</tbody></table></div>
<p class="note">A network answers for each trajectory: the mean, and in brackets the 5th and the 95th of 100 trajectories, seed ${seed}.</p>`;
}

function networkRows({ solver, afs, nfe, steps }: Cell): Html[] {
  const text = ({ mean, p5, p95 }: StepAnswers['r']) =>
    p5 === p95 ? mean.toFixed(2) : `${mean.toFixed(2)} [${p5.toFixed(2)}, ${p95.toFixed(2)}]`;
  return steps!.map(
    ({ r, direction, time }, i) =>
      html`<tr><th scope="row">${i === 0 && [solver, afs && ' + AFS']}</th><td>${i === 0 && nfe}</td><td>${i + 1}</td><td>${text(r)}</td><td>${text(direction)}</td><td>${text(time)}</td></tr>
`,
  );
}

interface Curve {
  name: string;
  points: { x: number; y: number }[];
}

function stepPlot(students: StudentResult[], description: string, palette: Palette): Html {
  const curves = students.map(({ solver, answers }) => ({
    name: solver,
    points: answers.map(({ r }, i) => ({ x: i + 1, y: r })),
  }));
  const steps = Math.max(...curves.map(({ points }) => points.length));
  return curvePlot(curves, description, palette, {
    x: { domain: [1, Math.max(steps, 1.01)] },
    y: { domain: [0, 1] },
    ticks: Array.from({ length: steps }, (_, i) => i + 1),
    labels: ['step', 'r'],
    dots: true,
  });
}

function lossPlot(students: StudentResult[], description: string, palette: Palette): Html {
  const curves = students.map(({ solver, training }) => ({
    name: solver,
    points: training!.losses.map((loss, i) => ({ x: i + 1, y: loss - training!.losses[0] })),
  }));
  return curvePlot(curves, description, palette, {
    x: {},
    y: {},
    labels: ['iteration', 'loss'],
    dots: false,
  });
}

/** Lines with their names at the ends, in the colours that their rows have elsewhere. */
function curvePlot(
  curves: Curve[],
  description: string,
  palette: Palette,
  options: {
    x: Plot.ScaleOptions;
    y: Plot.ScaleOptions;
    ticks?: number[];
    labels: [string, string];
    dots: boolean;
  },
): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = curves
    .map(({ name, points }) => ({ name, points: points.filter(({ y }) => Number.isFinite(y)) }))
    .filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return raw('');
  const { labels, ticks, dots, x, y } = options;
  const dashes = ['', '6,3', '2,3', '8,3,2,3'];
  const svg = Plot.plot({
    document,
    className: 'plot',
    width: WIDTH,
    height: HEIGHT,
    marginTop: 28,
    marginRight: 14,
    marginLeft: 46,
    marginBottom: 38,
    style: { fontSize: '12px' },
    x: { ...x, label: labels[0] },
    y: { ...y, label: labels[1] },
    marks: [
      Plot.gridY({ stroke: 'var(--rule)', strokeOpacity: 1, ticks: 5 }),
      Plot.axisY({ label: labels[1], labelArrow: false, tickSize: 0, ticks: 5 }),
      Plot.axisX(ticks ?? iterationTicks(drawn), {
        label: labels[0],
        labelArrow: false,
        tickSize: 4,
        labelOffset: 34,
        text: String,
      }),
      ...drawn.flatMap(({ name, points }, i) => {
        const stroke = palette.color(name) ?? 'var(--muted)';
        const title = () => name;
        return [
          Plot.lineY(points, {
            x: 'x',
            y: 'y',
            stroke,
            strokeWidth: 1.5,
            strokeDasharray: dashes[i % 4],
            title,
          }),
          ...(dots ? [Plot.dot(points, { x: 'x', y: 'y', fill: stroke, r: 2.4, title })] : []),
        ];
      }),
    ],
  });
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', description);
  svg.querySelector('style')?.remove();
  const key = drawn.map(
    ({ name }, i) =>
      html`<span><svg width="26" height="8" aria-hidden="true"><path d="M1 4H25" style="stroke:${palette.color(name) ?? 'var(--muted)'};stroke-width:1.75;stroke-dasharray:${dashes[i % 4] || 'none'}"/></svg> ${name}</span>`,
  );
  return html`${raw(compact(svg.outerHTML))}<div class="key">${key}</div>`;
}

function iterationTicks(curves: Curve[]): number[] {
  const last = Math.max(...curves.map(({ points }) => points[points.length - 1].x));
  return [1, ...[0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last))];
}
