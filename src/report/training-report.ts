import { DEFAULT_RANGE } from '../grid/grid.js';
import type { LossRecord } from '../mlp/checkpoint-file.js';
import type { MlpConfig } from '../mlp/config.js';
import { type Convention, namedConvention } from '../mlp/convention.js';
import type { TrainingInfo } from '../mlp/model-file.js';
import { ASSESSED, type Assessment } from '../train/assess.js';
import { type Content, type Html, html, raw } from './html.js';
import { count, figure } from './number.js';
import { style } from './style.js';
import { trainingPlots } from './training-plots.js';
import { samplePictures } from './training-samples.js';
import { distanceTable } from './training-table.js';

/** What the report of a trained model shows. */
export interface TrainingReport {
  /** The model's file. */
  name: string;
  /** What its data are called: a problem or a file. */
  data: string;
  config: MlpConfig;
  training?: TrainingInfo;
  /** Oldest first; empty where they are not known. */
  history: readonly LossRecord[];
  assessment: Assessment;
  /** Where each row is an image. */
  imageShape?: readonly [number, number];
  adapter: { name: string; software: boolean };
}

/** The report of a trained model as one HTML file that needs nothing else. */
export function renderTrainingReport(report: TrainingReport): string {
  const { name, data, config, training, assessment, adapter } = report;
  const title = `${name}: a denoiser of ${data}`;
  const steps = training ? `, ${count(training.steps)} steps, seed ${training.seed}` : '';
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body><main>
<header><h1>${title}</h1>
<p class="by">${shape(config)}${steps}. Measured on ${adapter.name}${adapter.software ? ', a software adapter' : ''}.</p>
<p class="lead">${findings(assessment)}</p>
<nav><a href="#field">Training and field</a><a href="#samples">Samples</a><a href="#method">Method</a></nav></header>
<section id="field"><h2>Training and field</h2>
${trainingPlots(report)}</section>
<section id="samples"><h2>Samples</h2>
<p class="facts">${ASSESSED.solver} at NFE ${ASSESSED.nfe} on the usual grid, ${sigmasOf(assessment)}${assessment.label === undefined ? '' : `; label ${assessment.label}`}</p>
${samplePictures({
  samples: assessment.samples,
  real: assessment.heldOut,
  dim: config.dim,
  names: { samples: 'samples', real: 'held-out data' },
  imageShape: report.imageShape,
})}
${distanceTable(assessment)}</section>
${method(report)}
</main></body></html>
`;
  return page.html;
}

function sigmasOf({ range: { sigmaMin, sigmaMax } }: Assessment): string {
  const text = `σ from ${level(sigmaMax)} to ${level(sigmaMin)}`;
  const whole = sigmaMin === DEFAULT_RANGE.sigmaMin && sigmaMax === DEFAULT_RANGE.sigmaMax;
  return whole ? text : `${text}, where the model’s process ends`;
}

/** A noise level to three digits, without zeros behind. */
function level(sigma: number): string {
  return String(Number(sigma.toPrecision(3)));
}

function shape({ dim, width, layers, residual }: MlpConfig): string {
  return `Network ${[dim, ...Array<number>(layers).fill(width), dim].join('-')}${residual ? ', residual' : ''}`;
}

function findings({ errors, distances }: Assessment): string {
  // Below, the exact field of rows leads to the rows, which nobody wants a network to learn.
  const wanted = errors.exact.kind === 'rows' ? 1 : 0.1;
  // A process may end below that.
  const from = errors.levels.some(({ sigma }) => sigma >= wanted) ? wanted : errors.levels[0].sigma;
  const compared = errors.levels.filter(({ sigma }) => sigma >= from);
  const largest = compared.reduce((a, b) => (b.relative.median > a.relative.median ? b : a));
  const field = `From σ ${level(from)} on the field’s median relative error is at most ${figure(largest.relative.median)} (at σ ${largest.sigma}).`;
  if (!distances) return `${field}${learned(errors)}`;
  const { model, floor } = distances;
  return `${field}${learned(errors)} Samples have a sliced Wasserstein distance of ${figure(model.slicedWasserstein.median)} to held-out data; that of as many ${errors.exact.kind === 'problem' ? 'true draws' : 'training rows'} is ${figure(floor.slicedWasserstein.median)}.`;
}

/** Up to where the network knows more of held-out data than the training rows say. */
function learned({ exact, levels }: Assessment['errors']): string {
  const better = levels.findLast(({ denoising }) => denoising.network < 0.98 * denoising.exact);
  if (exact.kind === 'problem' || !better) return '';
  return ` Up to σ ${better.sigma} it denoises held-out data better than the exact field of the training rows does.`;
}

function method({ config, training, assessment }: TrainingReport): Html {
  const { embedding, sigmaData, classes, convention } = config;
  const { errors, samples } = assessment;
  const facts: [string, Content][] = [
    ['Embedding', `${embedding.kind}, ${embedding.size} features, scale ${embedding.scale}`],
    ['σ of the data', figure(sigmaData)],
    ...(classes > 0 ? [['Classes', count(classes)] as [string, Content]] : []),
    ...(convention ? [['Predicts', predicted(convention)] as [string, Content]] : []),
    ...(training ? [['Loss', training.loss] as [string, Content]] : []),
    ['Exact field', exactField(errors)],
    ['States', `${count(errors.states)} held-out rows at each σ, one draw of noise each; float64`],
    ['Samples', count(samples.length / config.dim)],
  ];
  return html`<section id="method"><h2>Method</h2>
<dl>${facts.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl></section>`;
}

function predicted(convention: Convention): string {
  const { process, prediction } = namedConvention(convention);
  return `${prediction} of the process ${process}`;
}

function exactField({ exact }: Assessment['errors']): string {
  if (exact.kind === 'problem') return 'of the problem’s own mixture';
  const part =
    exact.rows < exact.of ? `${count(exact.rows)} of the ${count(exact.of)}` : `the ${count(exact.of)}`;
  return `of ${part} training rows, each with a Gaussian of width ${figure(exact.bandwidth)} around it`;
}
