import type { MlpConfig } from '../mlp/config.js';
import type { GeneratorAssessment, GeneratorDistances } from '../sid/assess.js';
import { TEACHER_SOLVE, USUAL_SOLVE } from '../sid/comparison.js';
import type { SidMemory } from '../sid/networks.js';
import type { SidRecord } from '../sid/run.js';
import type { SidSettings } from '../sid/settings.js';
import type { AssessedDistances, SetRange } from '../train/assess.js';
import { generatorPlots } from './generator-plots.js';
import { type Content, type Html, html } from './html.js';
import { count, figure, list } from './number.js';
import { htmlPage } from './page.js';
import { samplePictures } from './training-samples.js';
import { place } from './training-table.js';

/** One distillation into a generator. */
export interface GeneratorRun {
  /** What tells it from the others of a report: 'L1'. */
  label: string;
  settings: SidSettings;
  /** Oldest first. */
  history: readonly SidRecord[];
  /** The step whose average was kept. */
  step: number;
  assessment: GeneratorAssessment;
  memory: SidMemory;
}

/** What the report of generators shows. */
export interface GeneratorReport {
  /** What it is called: the generator's file, or a comparison. */
  name: string;
  /** The teacher's file. */
  teacher: string;
  config: MlpConfig;
  /** One, or several of one teacher. */
  runs: readonly GeneratorRun[];
  /** Where each row is an image. */
  imageShape?: readonly [number, number];
  adapter: { name: string; software: boolean };
}

/** What a loss is called in plots and tables. */
export function lossLabel({ loss, alpha, weighting }: SidSettings): string {
  const name = loss === 'l2-alpha-l1' ? `L2 − ${alpha === 1 ? '' : `${alpha} `}L1` : loss.toUpperCase();
  return weighting === 'x0' ? name : `${name}, ${weighting}`;
}

/** A report of generators as one HTML file that needs nothing else. */
export function renderGeneratorReport(report: GeneratorReport): string {
  const { name, teacher, config, runs, adapter } = report;
  const title = `${name}: one step in place of ${teacher}`;
  const content = html`<header><h1>${title}</h1>
<p class="by">Score identity distillation (arXiv 2404.04057) of a network ${[config.dim, ...Array<number>(config.layers).fill(config.width), config.dim].join('-')}, without data. Measured on ${adapter.name}${adapter.software ? ', a software adapter' : ''}.</p>
<p class="lead">${runs.length === 1 ? finding(runs[0]) : comparison(runs)}</p>
<nav><a href="#training">Distillation</a><a href="#samples">Samples</a><a href="#method">Method</a></nav></header>
<section id="training"><h2>Distillation</h2>
${generatorPlots(runs)}</section>
<section id="samples"><h2>Samples</h2>
<p class="facts">One evaluation at σ ${runs[0].settings.generatorSigma}; the teacher’s samples are those of ${TEACHER_SOLVE.solver} at NFE ${TEACHER_SOLVE.nfe}, from other latents</p>
${runs.map((run) => pictures(report, run))}
${distanceTable(runs)}</section>
${method(report)}`;
  return htmlPage(title, 'fewstep', content);
}

function finding({ assessment, step }: GeneratorRun): string {
  const { generator, usual, floor } = assessment;
  return `With one evaluation the generator’s samples have a sliced Wasserstein distance of ${figure(generator.slicedWasserstein.median)} to accurate samples of its teacher: ${times(generator, usual)} that of the teacher’s own at NFE ${USUAL_SOLVE.nfe} (${figure(usual.slicedWasserstein.median)}, ${USUAL_SOLVE.solver}). As many accurate samples from other latents have ${figure(floor.slicedWasserstein.median)}. Of the generator’s samples ${percent(generator.precision)} lie among accurate ones, and of these ${percent(generator.recall)} among the generator’s; of accurate ones from other latents it is ${percent(floor.precision)} and ${percent(floor.recall)}. The state of step ${count(step)} was kept, the nearest of those measured on the way.`;
}

function percent({ median }: Pick<SetRange, 'median'>): string {
  return `${Math.round(100 * median)}%`;
}

function comparison(runs: readonly GeneratorRun[]): string {
  const each = runs.map(
    ({ label, assessment: { generator, usual } }) =>
      `${label} ends at ${figure(generator.slicedWasserstein.median)}, ${times(generator, usual)} that`,
  );
  return `Sliced Wasserstein distance of one-step samples to accurate samples of the teacher, beside that of the teacher’s own at NFE ${USUAL_SOLVE.nfe}: ${list(each)}.`;
}

function times(generator: AssessedDistances, usual: AssessedDistances): string {
  return `${(generator.slicedWasserstein.median / usual.slicedWasserstein.median).toPrecision(2)} times`;
}

function pictures({ config, imageShape, runs }: GeneratorReport, { assessment, label }: GeneratorRun): Html {
  const picture = samplePictures({
    samples: assessment.samples,
    real: assessment.teacherSamples,
    dim: config.dim,
    names: { samples: 'one step', real: 'teacher' },
    imageShape,
  });
  return runs.length === 1 ? picture : html`<p class="facts spaced">${label}</p>${picture}`;
}

function distanceTable(runs: readonly GeneratorRun[]): Html {
  const [{ assessment }] = runs;
  const line = (name: string, nfe: number, figures: GeneratorDistances) => {
    const { slicedWasserstein, energy, frechet, precision, recall } = figures;
    return html`<tr><th scope="row">${name}</th><td>${nfe}</td>${place(slicedWasserstein)}${place(energy)}${frechet ? place(frechet) : html`<td class="none" title="not measured in so many dimensions">–</td>`}${[precision, recall].map((share) => html`<td title="${percent({ median: share.low })} to ${percent({ median: share.high })}">${percent(share)}</td>`)}</tr>
`;
  };
  return html`<figure class="wide"><div class="scroll"><table class="figures dense"><thead><tr><th scope="col">to the teacher’s accurate samples</th><th scope="col">NFE</th><th scope="col">sliced Wasserstein</th><th scope="col">energy</th><th scope="col">Fréchet</th><th scope="col">precision</th><th scope="col">recall</th></tr></thead><tbody>
${runs.map((run) => line(runs.length === 1 ? 'generator' : run.label, 1, run.assessment.generator))}${line(`teacher, ${USUAL_SOLVE.solver}`, USUAL_SOLVE.nfe, assessment.usual)}${line(`teacher, ${TEACHER_SOLVE.solver}, other latents`, TEACHER_SOLVE.nfe, assessment.floor)}</tbody></table></div>
<figcaption><b>Distances.</b> Median over ${assessment.sets} sets of ${count(assessment.size)} samples, each compared with the same ${count(assessment.reference)} accurate samples, and the smallest and largest in brackets, or on hover. In the units of the data; the last row is what remains because samples are finitely many, and because some teachers send a few of theirs far out. The latents are not those that a state was chosen by. Precision is the share of samples that lie within the third nearest neighbour’s distance of one of ${count(Math.min(1024, assessment.size))} accurate samples, recall the reverse (arXiv 1904.06991): samples between those that they should be like move distances little, and precision much.</figcaption></figure>`;
}

function method({ runs }: GeneratorReport): Html {
  const facts = runs.flatMap((run): [string, Content][] => {
    const { settings, memory, label, step } = run;
    const of = runs.length === 1 ? '' : `${label}: `;
    return [
      [`${of}Loss`, label],
      [
        `${of}Steps`,
        `${count(settings.steps)} of batch ${count(settings.batch)}, the average of step ${count(step)} kept`,
      ],
      [
        `${of}Rates`,
        `generator ${settings.rate}, fake score ${settings.fakeRate}; Adam, β ${settings.beta1} and ${settings.beta2}`,
      ],
      [`${of}Average`, `half-life ${count(settings.halfLife)} generated samples`],
      [`${of}Seed`, String(settings.seed)],
      [`${of}Memory`, memoryText(memory)],
    ];
  });
  return html`<section id="method"><h2>Method</h2>
<dl>${facts.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl></section>`;
}

/** What a distillation takes on the device, in words. */
export function memoryText({ teacher, fake, generator, batch, total }: SidMemory): string {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toPrecision(3)} MiB`;
  return `${mib(total)} on the device: teacher ${mib(teacher)}, fake score ${mib(fake)}, generator ${mib(generator)} (parameters, Adam's moments, tapes), batch ${mib(batch)}`;
}
