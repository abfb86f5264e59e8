import { type Html, html } from './html.js';
import { imageRows } from './images.js';
import { learnedSection, networkAnswers, studentFigures } from './learned-view.js';
import { machineSection } from './machine.js';
import { count } from './number.js';
import { findings, overview } from './overview.js';
import { overviewTable } from './overview-view.js';
import { htmlPage } from './page.js';
import { type Palette, palette } from './palette.js';
import { problemPlots } from './plots.js';
import { type Picture, type ProblemResult, type Results, rowLabel } from './results.js';
import { scatterPanels } from './scatter.js';
import { script } from './script.js';
import { problemTable } from './table-view.js';
import { trajectoryPanels } from './trajectories.js';

/** The report of a benchmark run as one HTML file: tables, plots and pictures. */
export function renderReport(results: Results): string {
  const { run, problems } = results;
  const summary = overview(results);
  const colors = palette(
    summary.highlights,
    summary.rows.map((row) => row.solver),
  );
  const title = 'Few-step solvers at a fixed number of evaluations';
  const page = html`<header><h1>${title}</h1>
<p class="by">fewstep bench, suite ${run.suite}, ${run.started.slice(0, 10)}. ${run.adapter.name}${run.adapter.software ? ', a software adapter' : ''}.</p>
<p class="lead">${findings(results, summary)}</p>
${results.complete ? '' : html`<p class="warning">This run was interrupted: the ${count(results.cells.length)} cells that were finished are here, others are missing.</p>`}
<nav>${problems.length > 1 && html`<a href="#overview">All problems</a>`}${problems.some(({ learning }) => learning) && html`<a href="#learned">What learning adds</a>`}${problems.map((problem) => html`<a href="#${anchor(problem)}">${problem.title}</a>`)}<a href="#method">Method and machine</a></nav></header>
${problems.length > 1 && overviewTable(summary, problems.length, colors)}
${learnedSection(results)}
${problems.map((problem) => problemSection(results, problem, colors))}
${machineSection(results)}`;
  return htmlPage(title, run.suite, page, script);
}

function problemSection(results: Results, problem: ProblemResult, colors: Palette): Html {
  const errors = new Map<string, number[]>();
  for (const cell of results.cells.filter(({ problem: name, error }) => name === problem.name && error)) {
    const key = `${rowLabel(cell)}@${cell.nfe}`;
    errors.set(key, [...(errors.get(key) ?? []), cell.error!.mean]);
  }
  const errorOf = ({ row, nfe }: Picture) => errors.get(`${row}@${nfe}`)?.[0];
  const kinds = { 'points-2d': 'points in the plane', vector: 'vectors', image: 'images' };
  return html`<section id="${anchor(problem)}"><h2>${problem.title}</h2>
<p class="facts">${problem.title !== problem.name && `${problem.name}, `}${problem.dim} dimensions, ${kinds[problem.kind]}</p>
${problemTable(results, problem, colors)}
${problemPlots(results, problem, colors)}
${studentFigures(problem, colors)}
${networkAnswers(results, problem)}
${problem.kind === 'points-2d' && problem.truth.length > 0 ? [trajectoryPanels(problem, results.run, colors, errorOf), scatterPanels(problem, colors, errorOf)] : undefined}
${problem.kind === 'image' ? imageRows(problem, errorOf) : undefined}
</section>`;
}

function anchor({ name }: ProblemResult): string {
  return `problem-${name}`;
}
