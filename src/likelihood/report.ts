import { type Html, html } from '../report/html.js';
import { factList, machineFacts, repeat } from '../report/machine.js';
import { count, figure, plural } from '../report/number.js';
import { htmlPage } from '../report/page.js';
import { densityHistogram, densityMaps, residualPlot } from './plots.js';
import type { LikelihoodFigures, LikelihoodFile, LikelihoodRun } from './results.js';

/** The report of a likelihood as one HTML file. */
export function renderLikelihood(file: LikelihoodFile): string {
  const { run, figures, map, fokkerPlanck } = file;
  const { field, data, adapter } = run;
  const title = 'The likelihood of data under a diffusion model';
  const content = html`<header><h1>${title}</h1>
<p class="by">fewstep likelihood, ${field.source}, ${plural(field.dim, 'dimension')}, ${data.source}, ${plural(data.rows, 'row')}, ${run.started.slice(0, 10)}. ${adapter.name}${adapter.software ? ', a software adapter' : ''}.</p>
<p class="lead">${likelihoodFinding(figures, run)}</p>
<nav><a href="#data">Data</a>${map && html`<a href="#plane">Plane</a>`}${fokkerPlanck && html`<a href="#diffusion">Is it a diffusion?</a>`}<a href="#method">Method and machine</a></nav></header>
<section id="data"><h2>Log-densities of the data</h2>
${figureTable(figures)}
<div class="plots"><figure>${densityHistogram(file)}
<figcaption><b>Spread over the data.</b> Red: under the model${figures.exact && '; blue outline: under the exact distribution'}. Dashed: means. ${file.quantiles.model.length < data.rows && 'Drawn from quantiles. '}What lies lower than 99.5% of all is left out.</figcaption></figure></div></section>
${map && html`<section id="plane"><h2>The density on the plane</h2>${densityMaps(map)}</section>`}
${fokkerPlanck && residualSection(fokkerPlanck)}
${method(run, figures)}`;
  return htmlPage(title, field.source, content, undefined);
}

/** The result in a sentence or two. */
export function likelihoodFinding(figures: LikelihoodFigures, { field, data }: LikelihoodRun): string {
  const { logDensity, bitsPerDimension, probeError, exact } = figures;
  const own = `${plural(data.rows, 'row')} of ${data.source}: mean log-density ${fixed(logDensity.mean)} ± ${fixed(logDensity.standardError)} nats, ${fixed(bitsPerDimension)} bits per dimension`;
  const probes = probeError === undefined ? '' : ` (± ${fixed(probeError)} nats a row by the probes)`;
  const against = exact
    ? `; the exact density (${exact.source}) has ${fixed(exact.mean)} nats, root mean square difference ${figure(exact.difference.rootMeanSquare)}`
    : '';
  return `${own} under ${field.source}${probes}${against}.`;
}

function figureTable(figures: LikelihoodFigures): Html {
  const { logDensity, bitsPerDimension, probeError, nfe, rejected, exact } = figures;
  const row = (name: string, value: string) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>
`;
  return html`<div class="scroll"><table class="figures"><tbody>
${row('mean log-density, nats', `${fixed(logDensity.mean)} ± ${fixed(logDensity.standardError)}`)}${row('bits per dimension', fixed(bitsPerDimension))}${
  probeError !== undefined && row('standard error of a row over its probes, nats', fixed(probeError))
}${
  exact && [
    row('mean exact log-density, nats', fixed(exact.mean)),
    row('model less exact: mean, nats', fixed(exact.difference.mean)),
    row('root mean square', figure(exact.difference.rootMeanSquare)),
    row('largest', figure(exact.difference.largest)),
  ]
}${row('evaluations a trajectory: mean, largest', `${figure(nfe.mean)}, ${count(nfe.max)}`)}${row('rejected steps: mean, largest', `${figure(rejected.mean)}, ${count(rejected.max)}`)}</tbody></table></div>
<p class="note">± is the standard error of the mean over rows. Densities are of the data in their own units, at σ_min in the field’s.</p>`;
}

function residualSection(levels: NonNullable<LikelihoodFile['fokkerPlanck']>): Html {
  return html`<section id="diffusion"><h2>Is it a diffusion?</h2>
<p>The score s of a density that diffuses solves the Fokker–Planck equation ∂s/∂σ = σ ∇(div s + |s|²); nothing makes a learned field do so. The residual is the difference of the two sides over the size of ∂s/∂σ: 0 for an exact field, 1 where they have nothing in common.</p>
<div class="plots"><figure>${residualPlot(levels)}
<figcaption><b>Residual by noise level</b> on noised data, ${count(levels[0].states)} states each; line: median, band: 5 to 95%. In float64.</figcaption></figure></div>
<div class="scroll spaced"><table class="figures"><thead><tr><th scope="col">σ</th><th scope="col">mean</th><th scope="col">median</th><th scope="col">5%</th><th scope="col">95%</th></tr></thead><tbody>
${levels.map(
  ({ sigma, mean, median, p5, p95 }) =>
    html`<tr><th scope="row">${figure(sigma)}</th>${[mean, median, p5, p95].map((value) => html`<td>${figure(value)}</td>`)}</tr>
`,
)}</tbody></table></div></section>`;
}

function method(run: LikelihoodRun, { hostMs }: LikelihoodFigures): Html {
  const { divergence, steps, prior, field } = run;
  const how =
    divergence.kind === 'exact'
      ? 'exact'
      : `Hutchinson’s estimate with ${plural(divergence.probes, 'probe')} of −1 and 1 a trajectory, the same along its path, seed ${divergence.seed}`;
  const stepping =
    'nfe' in steps
      ? `RK4 with equal steps in ln σ, NFE ${steps.nfe}`
      : `Dormand–Prince 5(4), each trajectory with steps of its own in ln σ, rtol ${steps.rtol.toExponential()}, atol ${steps.atol.toExponential()}`;
  return html`<section id="method"><h2>Method and machine</h2>
<p>ln p(x) = ln prior(x_T) + ∫ div (x − D) d ln σ along the probability-flow ODE (arXiv 2011.13456, appendix D), state and integral in one. Divergence: ${how}. Steps: ${stepping}. Prior at σ_max: ${
    prior === 'latents'
      ? 'N(0, σ_max²), what samples begin with'
      : 'N(mean, covariance + σ_max²) of the field’s data'
  }.${field.scaling && ` The field works on (x − ${figure(field.scaling.offset)}) / ${figure(field.scaling.scale)}; densities are of x.`}</p>
${factList([
  ...machineFacts(run),
  ['Run', `${run.started}, ${figure(run.seconds)} s, the data’s densities ${figure(hostMs / 1000)} s`],
  ['Range of σ', `${run.sigmaMin} to ${run.sigmaMax}`],
])}
${repeat(run.command)}
</section>`;
}

/** Nats to a thousandth, small ones to three digits. */
function fixed(value: number): string {
  return Math.abs(value) >= 0.1 || value === 0 ? value.toFixed(3) : figure(value);
}
