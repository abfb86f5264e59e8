import * as Plot from '@observablehq/plot';
import { encode } from 'fast-png';
import { drawn } from '../report/drawn.js';
import { type Html, html } from '../report/html.js';
import { pngUrl } from '../report/images.js';
import { linePlot } from '../report/line-plot.js';
import { count, figure } from '../report/number.js';
import type { DensityMap } from './density-map.js';
import type { LikelihoodFile } from './results.js';

/** Red and blue as in the style sheet's light scheme, seen through on either. */
const [RED, BLUE] = [
  [200, 16, 46],
  [11, 98, 196],
] as const;
/** Nats below the highest density that are drawn, and a difference that is drawn in full. */
const DEPTH = 10;
const FULL = 2;
/** Nats below the highest density down to which a difference is drawn: it says little where hardly any mass is. */
const COMPARED = 6;

/** Densities on the plane side by side: the model's, the exact one's, the difference of their logarithms. */
export function densityMaps({ cells, model, exact, sigma, half, centre }: DensityMap): Html {
  const top = Math.max(...(exact ?? model));
  const ends = (axis: 0 | 1) => `${figure(centre[axis] - half)} to ${figure(centre[axis] + half)}`;
  const density = (values: number[]) => painted(cells, (i) => [BLUE, (values[i] - top) / DEPTH + 1]);
  const panel = (name: string, data: string) =>
    html`<div class="panel"><img class="grid" src="${data}" width="${cells}" height="${cells}" alt="${name}"><div class="name">${name}</div></div>`;
  const difference =
    exact &&
    painted(cells, (i) => {
      const off = model[i] - exact[i];
      const seen = Math.max(model[i], exact[i]) > top - COMPARED;
      return [off > 0 ? RED : BLUE, seen ? Math.abs(off) / FULL : 0];
    });
  return html`<figure class="wide"><div class="panels">${panel('model', density(model))}${exact && panel('exact', density(exact))}${difference && panel('model − exact', difference)}</div>
<figcaption><b>Log-density</b> at σ = ${figure(sigma)}, about half a cell, ${count(cells)} × ${count(cells)} cells, x from ${ends(0)} and y from ${ends(1)} in the field’s units, computed to a tolerance of 1e-3. Full colour: the highest density; none: ${DEPTH} nats below it, or less.${exact && ` Difference of the logarithms: red where the model’s is higher, blue where it is lower, in full from ${FULL} nats on; not drawn where both are ${COMPARED} nats below the highest.`}</figcaption></figure>`;
}

/** @param color of a cell, and how much of it, from 0 to 1 */
function painted(cells: number, color: (i: number) => [readonly number[], number]): string {
  const data = new Uint8Array(4 * cells * cells);
  for (let i = 0; i < cells * cells; i++) {
    const [rgb, share] = color(i);
    data.set([...rgb, Math.round(255 * Math.min(1, Math.max(0, share)))], 4 * i);
  }
  return pngUrl(encode({ width: cells, height: cells, data, channels: 4, depth: 8 }));
}

/** How log-densities of the data are spread, the exact ones beside them. */
export function densityHistogram({ quantiles, figures }: LikelihoodFile): Html {
  const own = quantiles.model.map((value) => ({ value }));
  const exact = (quantiles.exact ?? []).map((value) => ({ value }));
  const values = [...own, ...exact].map(({ value }) => value).sort((a, b) => a - b);
  // A few points far out would leave the others one bar.
  const [low, high] = [values[Math.floor(values.length * 0.005)], values[values.length - 1]];
  const width = (high - low) / 40 || 1;
  const thresholds = Array.from({ length: 42 }, (_, i) => low + (i - 0.5) * width);
  const bars = (rows: { value: number }[], options: Plot.RectYOptions) =>
    Plot.rectY(
      rows.filter(({ value }) => value >= thresholds[0]),
      { ...options, ...Plot.binX({ y: 'proportion' }, { x: { value: 'value', thresholds } }) },
    );
  return drawn('Histogram of log-densities of the data', {
    width: 460,
    height: 320,
    marginTop: 28,
    marginRight: 20,
    marginBottom: 40,
    marginLeft: 52,
    x: { domain: [thresholds[0], thresholds[41]] },
    y: { nice: true },
    marks: [
      Plot.gridY({ stroke: 'var(--rule)', strokeOpacity: 1 }),
      bars(own, { fill: 'var(--c0)', fillOpacity: 0.45 }),
      ...(exact.length > 0 ? [bars(exact, { stroke: 'var(--c1)', strokeWidth: 1.25, fill: 'none' })] : []),
      Plot.ruleX([figures.logDensity.mean], {
        stroke: 'var(--c0)',
        strokeWidth: 1.5,
        strokeDasharray: '4,3',
      }),
      ...(figures.exact
        ? [
            Plot.ruleX([figures.exact.mean], {
              stroke: 'var(--c1)',
              strokeWidth: 1.5,
              strokeDasharray: '4,3',
            }),
          ]
        : []),
      Plot.axisX({ label: 'log-density, nats', labelArrow: false, ticks: 6 }),
      Plot.axisY({ label: 'share of the data', labelArrow: false, tickSize: 0, ticks: 5 }),
    ],
  });
}

const RESIDUAL = { color: () => 'var(--c0)', named: ['median'] };

/** The Fokker-Planck residual by noise level: median and 5 to 95% over states. */
export function residualPlot(levels: NonNullable<LikelihoodFile['fokkerPlanck']>): Html {
  const sigmas = levels.map(({ sigma }) => sigma);
  const [first, last] = [Math.min(...sigmas), Math.max(...sigmas)];
  const inner = [0.001, 0.01, 0.1, 1, 10, 100].filter((tick) => tick > 1.5 * first && tick < last / 1.5);
  return linePlot(
    {
      description: 'Fokker-Planck residual by noise level',
      yLabel: 'residual, relative',
      xLabel: 'σ',
      x: [first, ...inner, last].map((value) => Number(value.toPrecision(2))),
      lines: [{ name: 'median', points: levels.map(({ sigma, median }) => ({ x: sigma, y: median })) }],
      bands: [
        { name: 'median', points: levels.map(({ sigma, p5, p95 }) => ({ x: sigma, low: p5, high: p95 })) },
      ],
    },
    RESIDUAL,
  );
}
