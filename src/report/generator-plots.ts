import type { SidDistances } from '../sid/comparison.js';
import type { GeneratorRun } from './generator-report.js';
import { type Html, html } from './html.js';
import { linePlot } from './line-plot.js';
import type { Palette } from './palette.js';
import { stepTicks } from './step-ticks.js';

/** The distances to the teacher, and the losses, over the steps of one run or of several. */
export function generatorPlots(runs: readonly GeneratorRun[]): Html {
  const last = Math.max(...runs.map(({ history }) => history[history.length - 1].step));
  const first = Math.min(...runs.flatMap(({ history }) => (history.length > 1 ? history[1].step : [])));
  if (!Number.isFinite(first)) return html`<p class="note">Too few steps to draw a curve.</p>`;
  const x = stepTicks(first, last);
  return html`<div class="plots">
${distancePlot(runs, x, 'slicedWasserstein', 'sliced Wasserstein')}
${distancePlot(runs, x, 'energy', 'energy distance')}
${runs.map((run) => lossPlot(run, x, runs.length > 1))}
</div>`;
}

function distancePlot(
  runs: readonly GeneratorRun[],
  x: number[],
  key: Exclude<keyof SidDistances, 'frechet'>,
  name: string,
): Html {
  const [{ assessment }] = runs;
  const plot = linePlot(
    {
      description: `${name} to the teacher against the steps`,
      yLabel: `${name} to the teacher`,
      xLabel: 'steps',
      x,
      lines: runs.map(({ label, history }) => ({
        name: label,
        points: history
          .filter(({ step }) => step >= x[0])
          .map(({ step, distances }) => ({ x: step, y: distances[key] })),
      })),
      levels: [
        { label: 'teacher, NFE 18', y: assessment.usual[key].median },
        { label: 'accurate teacher', y: assessment.floor[key].median },
      ],
    },
    colorsOf(runs.map(({ label }) => label)),
  );
  return html`<figure>${plot}
<figcaption><b>${name[0].toUpperCase() + name.slice(1)}</b> of the averaged generator’s samples to accurate ones of its teacher, from the same latents each time. Dotted: the teacher’s own samples at NFE 18, and as many accurate ones from other latents.</figcaption></figure>`;
}

function lossPlot({ label, history }: GeneratorRun, x: number[], several: boolean): Html {
  const points = (of: 'generator' | 'fake') =>
    history.flatMap(({ step, losses }) => (losses ? { x: step, y: Math.abs(losses[of]) } : []));
  const plot = linePlot(
    {
      description: `losses of both networks against the steps${several ? `, ${label}` : ''}`,
      yLabel: 'size of the loss',
      xLabel: 'steps',
      x,
      lines: [
        { name: 'generator', points: points('generator') },
        { name: 'fake score', points: points('fake') },
      ],
    },
    colorsOf(['generator', 'fake score']),
  );
  return html`<figure>${plot}
<figcaption><b>Losses${several ? `, ${label}` : ''}.</b> Means since the point before, without their sign. They do not show how good the generator is: each network’s loss depends on the other.</figcaption></figure>`;
}

function colorsOf(named: string[]): Palette {
  const colors = new Map(named.map((name, i) => [name, `var(--c${i % 5})`]));
  return { named, color: (name) => colors.get(name) };
}
