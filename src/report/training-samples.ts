import { quantile, quantileOfSorted } from '../metrics/quantile.js';
import { type Html, html } from './html.js';
import { gridPng } from './images.js';
import { dataWindow, dots, PANEL, type Point } from './plane.js';
import type { TrainingReport } from './training-report.js';

/** Dots in a panel. */
const DOTS = 1000;
/** Points of a quantile plot. */
const QUANTILES = 200;
/** Images in a grid. */
const GRID = { columns: 10, rows: 8 };

/** Samples beside held-out data: images, points, the two columns that vary most, or quantiles. */
export function samplePictures({ assessment, config, imageShape }: TrainingReport): Html {
  const { samples, heldOut } = assessment;
  if (imageShape) return grids(samples, heldOut, imageShape);
  return config.dim === 1 ? quantiles(samples, heldOut) : scatter(samples, heldOut, config.dim);
}

function grids(samples: Float32Array, heldOut: Float32Array, shape: readonly [number, number]): Html {
  const range: [number, number] = [quantile(heldOut, 0.005), quantile(heldOut, 0.995)];
  const grid = (values: Float32Array, label: string) => {
    const { width, height, data } = gridPng(values, shape, range, GRID.columns, GRID.rows);
    return html`<figure><img class="grid" src="${data}" width="${width}" height="${height}" alt="${label}">
<figcaption><b>${label}.</b></figcaption></figure>`;
  };
  return html`<div class="plots">${grid(heldOut, 'Held-out data')}${grid(samples, 'Samples of the model')}</div>`;
}

function scatter(samples: Float32Array, heldOut: Float32Array, dim: number): Html {
  const columns = dim === 2 ? ([0, 1] as const) : widestColumns(heldOut, dim);
  // As many of each, so that a look compares their spread and not their number.
  const count = Math.min(DOTS, samples.length / dim, heldOut.length / dim);
  const points = (values: Float32Array): Point[] =>
    Array.from({ length: count }, (_, row) => [
      values[row * dim + columns[0]],
      values[row * dim + columns[1]],
    ]);
  const [drawn, real] = [points(samples), points(heldOut)];
  const window = dataWindow({ truth: real.flat() }, 1.2);
  const path = (kind: 'truth' | 'sample', of: Point[]) =>
    html`<path class="${kind}" style="stroke-width:1.6" d="${dots(of, window, DOTS)}"/>`;
  const which =
    dim === 2 ? '' : ` The two columns that vary most, ${columns.join(' and ')} (counted from 0).`;
  return panels(
    [
      ['held-out data', path('sample', real)],
      ['samples', path('sample', drawn)],
      ['both', html`${path('truth', real)}${path('sample', drawn)}`],
    ],
    html`<b>Samples.</b> ${count} of each.${which} What lies outside the frame is not drawn.`,
  );
}

function quantiles(samples: Float32Array, heldOut: Float32Array): Html {
  const [drawn, real] = [samples, heldOut].map((values) => Float64Array.from(values).sort());
  const points = Array.from({ length: QUANTILES }, (_, i): Point => {
    const probability = (i + 0.5) / QUANTILES;
    return [quantileOfSorted(real, probability), quantileOfSorted(drawn, probability)];
  });
  const truth = points.map(([x]): Point => [x, x]);
  const window = dataWindow({ truth: truth.flat() }, 1.2);
  const picture = html`<path class="truth" d="${dots(truth, window)}"/><path class="sample" d="${dots(points, window)}"/>`;
  return panels(
    [['quantiles', picture]],
    html`<b>Samples.</b> Quantiles of the samples (up) against those of held-out data (to the right); the faint diagonal is where they are equal.`,
  );
}

function panels(pictures: [name: string, picture: Html][], caption: Html): Html {
  return html`<figure class="wide"><div class="panels">${pictures.map(
    ([name, picture]) =>
      html`<div class="panel"><svg viewBox="0 0 ${PANEL} ${PANEL}" role="img" aria-label="${name}">${picture}</svg><div class="name">${name}</div></div>`,
  )}</div>
<figcaption>${caption}</figcaption></figure>`;
}

/** The two columns of largest variance, in their order. */
function widestColumns(values: Float32Array, dim: number): [number, number] {
  const rows = values.length / dim;
  const variances = Array.from({ length: dim }, (_, column) => {
    let [sum, squares] = [0, 0];
    for (let i = column; i < values.length; i += dim) {
      sum += values[i];
      squares += values[i] ** 2;
    }
    return { column, variance: squares / rows - (sum / rows) ** 2 };
  });
  const [first, second] = variances.sort((a, b) => b.variance - a.variance).map(({ column }) => column);
  return [Math.min(first, second), Math.max(first, second)];
}
