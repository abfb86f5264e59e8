import type { Assessment } from '../train/assess.js';
import { type Html, html } from './html.js';
import { type LinePlot, linePlot } from './line-plot.js';
import { count, figure } from './number.js';
import type { Palette } from './palette.js';
import { stepTicks } from './step-ticks.js';
import type { TrainingReport } from './training-report.js';

const COLORS = new Map([
  ['held-out', 'var(--c0)'],
  ['training', 'var(--baseline)'],
  ['network', 'var(--c0)'],
  ['exact field', 'var(--c1)'],
  ['median', 'var(--c0)'],
]);
const colors: Palette = { named: [...COLORS.keys()], color: (name) => COLORS.get(name) };

/** The ends of the noise levels, and the powers of ten that stand clear of them. */
function sigmaTicks(levels: Assessment['errors']['levels']): number[] {
  const [first, last] = [levels[0].sigma, levels[levels.length - 1].sigma];
  const inner = [0.01, 0.1, 1, 10].filter((sigma) => sigma > 2 * first && sigma < last / 2);
  return [first, ...inner, last];
}

/** The loss curve, and the field's errors by noise level. */
export function trainingPlots({ history, assessment, config }: TrainingReport): Html {
  const { levels, exact } = assessment.errors;
  const plot = (given: Omit<LinePlot, 'xLabel' | 'x'>) =>
    linePlot({ xLabel: 'σ', x: sigmaTicks(levels), ...given }, colors);
  return html`<div class="plots">
${lossCurve(history)}
<figure>${plot({
    description: 'relative error of the field against the noise level',
    yLabel: 'relative error of the velocity',
    lines: [
      { name: 'median', points: levels.map(({ sigma, relative }) => ({ x: sigma, y: relative.median })) },
    ],
    bands: [
      {
        name: 'median',
        points: levels.map(({ sigma, relative: { low, high } }) => ({ x: sigma, low, high })),
      },
    ],
  })}
<figcaption><b>Error of the field.</b> |D − D*| / |x − D*| on held-out data noised to σ: median, and the band from the 5th to the 95th percentile. ${reference(exact)}</figcaption></figure>
<figure>${plot({
    description: 'error of denoising held-out data against the noise level',
    yLabel: 'RMS of D − y, σ of the data = 1',
    lines: (['exact', 'network'] as const).map((of) => ({
      name: of === 'exact' ? 'exact field' : 'network',
      points: levels.map(({ sigma, denoising }) => ({ x: sigma, y: denoising[of] / config.sigmaData })),
    })),
  })}
<figcaption><b>Denoising of held-out data.</b> Root mean square distance to the data that the states were made of, per dimension. ${lesson(exact)}</figcaption></figure>
</div>`;
}

function reference(exact: Assessment['errors']['exact']): string {
  if (exact.kind === 'problem') return 'D* is the exact field of the problem’s own distribution.';
  const subset =
    exact.rows < exact.of ? ` (${count(exact.rows)} of the ${count(exact.of)}, to bound the time)` : '';
  return `D* is the exact field of the training rows${subset}, each with a Gaussian of width ${figure(exact.bandwidth)} around it. At small σ a network should not equal it: that field leads to the training rows themselves and nowhere else, and held-out data lie between them.`;
}

function lesson(exact: Assessment['errors']['exact']): string {
  return exact.kind === 'problem'
    ? 'No field is better than the exact one, but for the draw of the noise.'
    : 'Where the network is below the exact field of the training rows, it has learned of their distribution what the rows do not say.';
}

function lossCurve(history: TrainingReport['history']): Html | undefined {
  if (history.length < 2) return undefined;
  const first = history[0].step;
  const last = history[history.length - 1].step;
  const points = (of: 'training' | 'validation') =>
    history.flatMap((record) => (record[of] === undefined ? [] : { x: record.step, y: record[of] }));
  return html`<figure>${linePlot(
    {
      description: 'loss against the steps of training',
      yLabel: 'loss',
      xLabel: 'steps',
      x: stepTicks(first, last),
      lines: [
        { name: 'training', points: points('training') },
        { name: 'held-out', points: points('validation') },
      ],
    },
    colors,
  )}
<figcaption><b>Loss.</b> Training: mean since the point before. Held-out: of the averaged parameters, always the same rows and noise. It does not go to 0: noised data do not tell what they were.</figcaption></figure>`;
}
