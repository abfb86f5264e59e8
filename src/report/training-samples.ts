import { quantile, quantileOfSorted } from '../metrics/quantile.js';
import { type Html, html } from './html.js';
import { gridPng } from './images.js';
import { dataWindow, dots, PANEL, type Point } from './plane.js';

/** Dots in a panel. */
const DOTS = 1000;
/** Points of a quantile plot. */
const QUANTILES = 200;
/** Images in a grid. */
const GRID = { columns: 10, rows: 8 };

/** Two sets of samples to be seen beside each other. */
export interface PicturedSamples {
  /** [count, dim] each. */
  samples: Float32Array;
  real: Float32Array;
  dim: number;
  /** What they are called: 'samples of the model', 'held-out data'. */
  names: { samples: string; real: string };
  /** Where each row is an image. */
  imageShape?: readonly [number, number];
}

/** Samples beside what they should be like: images, points, the two columns that vary most, or quantiles. */
export function samplePictures(pictured: PicturedSamples): Html {
  const { dim, imageShape } = pictured;
  if (imageShape) return grids(pictured, imageShape);
  return dim === 1 ? quantiles(pictured) : scatter(pictured);
}

function grids({ samples, real, names }: PicturedSamples, shape: readonly [number, number]): Html {
  const range: [number, number] = [quantile(real, 0.005), quantile(real, 0.995)];
  const grid = (values: Float32Array, label: string) => {
    const { width, height, data } = gridPng(values, shape, range, GRID.columns, GRID.rows);
    return html`<figure><img class="grid" src="${data}" width="${width}" height="${height}" alt="${label}">
<figcaption><b>${label}.</b></figcaption></figure>`;
  };
  return html`<div class="plots">${grid(real, capital(names.real))}${grid(samples, capital(names.samples))}</div>`;
}

function capital(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}

function scatter({ samples, real, dim, names }: PicturedSamples): Html {
  const columns = dim === 2 ? ([0, 1] as const) : widestColumns(real, dim);
  // As many of each, so that a look compares their spread and not their number.
  const count = Math.min(DOTS, samples.length / dim, real.length / dim);
  const points = (values: Float32Array): Point[] =>
    Array.from({ length: count }, (_, row) => [
      values[row * dim + columns[0]],
      values[row * dim + columns[1]],
    ]);
  const [drawn, wanted] = [points(samples), points(real)];
  const window = dataWindow({ truth: wanted.flat() }, 1.2);
  const path = (kind: 'truth' | 'sample', of: Point[]) =>
    html`<path class="${kind}" style="stroke-width:1.6" d="${dots(of, window, DOTS)}"/>`;
  const which =
    dim === 2 ? '' : ` The two columns that vary most, ${columns.join(' and ')} (counted from 0).`;
  return panels(
    [
      [names.real, path('sample', wanted)],
      [names.samples, path('sample', drawn)],
      ['both', html`${path('truth', wanted)}${path('sample', drawn)}`],
    ],
    html`<b>Samples.</b> ${count} of each.${which} What lies outside the frame is not drawn.`,
  );
}

function quantiles({ samples, real, names }: PicturedSamples): Html {
  const [drawn, wanted] = [samples, real].map((values) => Float64Array.from(values).sort());
  const points = Array.from({ length: QUANTILES }, (_, i): Point => {
    const probability = (i + 0.5) / QUANTILES;
    return [quantileOfSorted(wanted, probability), quantileOfSorted(drawn, probability)];
  });
  const truth = points.map(([x]): Point => [x, x]);
  const window = dataWindow({ truth: truth.flat() }, 1.2);
  const picture = html`<path class="truth" d="${dots(truth, window)}"/><path class="sample" d="${dots(points, window)}"/>`;
  return panels(
    [['quantiles', picture]],
    html`<b>Samples.</b> Quantiles of the ${names.samples} (up) against those of the ${names.real} (to the right); the faint diagonal is where they are equal.`,
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
