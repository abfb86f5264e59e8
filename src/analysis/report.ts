import { type Html, html } from '../report/html.js';
import { factList, machineFacts, repeat } from '../report/machine.js';
import { count, figure, plural } from '../report/number.js';
import { htmlPage } from '../report/page.js';
import { deviationPlot, meanValuePlot, pathPlot, projectionPlot, varianceLeft } from './plots.js';
import type { Analysis, AnalysisFile, AnalysisRun, Distribution, MeanValueOfStep } from './results.js';

/** The report of an analysis as one HTML file. */
export function renderAnalysis({ run, analysis }: AnalysisFile): string {
  const { field, adapter } = run;
  const { trajectories, meanValue } = analysis;
  const title = 'The shape of sampling trajectories';
  const content = html`<header><h1>${title}</h1>
<p class="by">fewstep analyze, ${field.source}, ${field.dim} dimensions, ${count(trajectories)} trajectories, ${run.started.slice(0, 10)}. ${adapter.name}${adapter.software ? ', a software adapter' : ''}.</p>
<p class="lead">${finding(analysis, field.dim)}</p>
<nav><a href="#plane">Plane</a><a href="#line">Line</a><a href="#step">One direction a step</a><a href="#method">Method and machine</a></nav></header>
<section id="plane"><h2>How near to a plane</h2>
<p>Each trajectory has principal components of its own, those of its states around their mean. ${field.dim <= 3 && `With ${plural(field.dim, 'dimension')}, as many components hold everything.`}</p>
${varianceTable(analysis)}
<div class="plots"><figure>${varianceLeft(analysis)}
<figcaption><b>Variance left.</b> What the first components of a trajectory do not explain; dot: median, bar: 5 to 95% of the trajectories. At 1e-7 stands what is that or less, the rounding of float32. States at large σ lie far apart and make up nearly all of the variance.</figcaption></figure>
<figure>${projectionPlot(analysis)}
<figcaption><b>Projection.</b> What is missing of a state after projection on the first component (blue), two (red) and three (green); line: median, band: 5 to 95%. Near the data, where states are small, this asks more than the variance does.</figcaption></figure></div></section>
<section id="line"><h2>How near to a line</h2>
<figure class="wide"><div class="scroll">${deviationPlot(analysis)}</div>
<figcaption><b>Distance to the chord</b> between a trajectory’s ends, in lengths of that chord; line: median, band: 5 to 95%.</figcaption></figure>
<figure class="wide"><div class="scroll">${pathPlot(analysis)}</div>
<figcaption><b>Paths in their planes.</b> The first ${analysis.paths.length} trajectories, each in the plane of its own first two components, with its chord as the unit; the height is magnified.</figcaption></figure></section>
<section id="step"><h2>One direction a step</h2>
<p>Is there a time s within a coarse step whose velocity, times the step, is the whole increment of the true trajectory? In one dimension there is, by the mean value theorem; AMED (arXiv 2312.00094) rests on its being nearly so here. The error is |h v(x(s), s) − Δx| / |Δx| for the best s on the path, beside that of the step’s beginning, which is Euler’s.</p>
<figure class="wide"><div class="scroll">${meanValuePlot(analysis)}</div>
<figcaption><b>Error of one direction.</b> Red: the best on the path; grey: the one at the step’s beginning. Dot: median, bar: 5 to 95% of the trajectories; at 1e-7 stands what is that or less.</figcaption></figure>
${meanValueTable(meanValue)}
<p class="note">Medians over trajectories, 5th and 95th percentile on hover. r tells where the best time lies: s = σ_to^r σ_from^(1−r).</p></section>
${method(run, analysis)}`;
  return htmlPage(title, field.source, content);
}

/** The result in a sentence or two. */
export function finding(analysis: Analysis, dim: number): string {
  const { explained, deviation, largestDeviation, times, meanValue } = analysis;
  const farthest = deviation.reduce((far, { median }, i) => (median > deviation[far].median ? i : far), 0);
  const plane =
    dim <= 2
      ? `One component holds ${percent(explained[0].share.median)} of the variance of the median trajectory`
      : `Two components hold ${percent(explained[1].share.median)} of the variance of the median trajectory (${percent(explained[1].share.p5)} at the 5th percentile)`;
  const worst = (key: 'error' | 'eulerError', steps: number) =>
    Math.max(...meanValue.filter((step) => step.steps === steps).map((step) => step[key].median));
  const steps = meanValue[0]?.steps;
  const direction =
    steps === undefined
      ? ''
      : ` With ${steps} steps, the best direction on the path carries each of them up to a median error of at most ${percent(worst('error', steps))}; the direction at its beginning, ${percent(worst('eulerError', steps))}.`;
  return `${plane}, which leaves its chord by ${percent(largestDeviation.median)} of the chord’s length, most at σ ≈ ${figure(times[farthest])}.${direction}`;
}

function varianceTable({ explained }: Analysis): Html {
  return html`<div class="scroll"><table class="figures"><thead><tr><th scope="col">Components</th><th scope="col">mean</th><th scope="col">median</th><th scope="col">5%</th><th scope="col">95%</th></tr></thead><tbody>
${explained.map(
  ({ components, share }) =>
    html`<tr><th scope="row">${components}</th>${[share.mean, share.median, share.p5, share.p95].map((value) => html`<td>${percent(value)}</td>`)}</tr>
`,
)}</tbody></table></div>
<p class="note">Share of the variance that the first components explain, over trajectories.</p>`;
}

function meanValueTable(steps: readonly MeanValueOfStep[]): Html {
  const cell = (values: Distribution, unit = '') =>
    html`<td title="5% ${figure(values.p5)}, 95% ${figure(values.p95)}">${figure(values.median)}${unit}</td>`;
  return html`<div class="scroll spaced"><table class="figures"><thead><tr><th scope="col">Step</th><th scope="col">σ from</th><th scope="col">to</th><th scope="col">error at the beginning</th><th scope="col">at the best time</th><th scope="col">angle there</th><th scope="col">r</th></tr></thead><tbody>
${steps.map(
  ({ steps: all, step, from, to, error, eulerError, angle, r }) =>
    html`<tr><th scope="row">${step + 1} of ${all}</th><td>${figure(from)}</td><td>${figure(to)}</td>${cell(eulerError)}${cell(error)}${cell(angle, '°')}${cell(r)}</tr>
`,
)}</tbody></table></div>`;
}

function method(run: AnalysisRun, analysis: Analysis): Html {
  const { nfe, evaluations, halved, trajectories } = analysis;
  return html`<section id="method"><h2>Method and machine</h2>
<p>Trajectories are those of ${run.solver} at NFE ${nfe} on the grid ${run.grid}. Their end points are ${figure(halved.median)} (median; 95th percentile ${figure(halved.p95)}) from those of the same solver with half the evaluations, in the field’s units, which bounds their error. Velocities are evaluated at the states themselves, ${evaluations - nfe} more evaluations.</p>
${factList([
  ...machineFacts(run),
  ['Run', `${run.started}, ${figure(run.seconds)} s`],
  ['Trajectories', `${count(trajectories)}, seed ${run.seed}`],
  ['Range of σ', `${run.sigmaMax} to ${run.sigmaMin}`],
])}
${repeat(run.command)}
</section>`;
}

/** With as many digits as tell it from 100%. */
function percent(share: number): string {
  const left = 1 - share;
  if (left < 1e-12) return '100%';
  if (left > 0.1) return `${(100 * share).toPrecision(2)}%`;
  if (left < 1e-6) return '>99.9999%';
  return `${(100 * share).toFixed(Math.max(1, Math.ceil(-Math.log10(left)) - 1))}%`;
}
