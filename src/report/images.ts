import { encode } from 'fast-png';
import { quantile } from '../metrics/quantile.js';
import { type Html, html } from './html.js';
import type { Picture, ProblemResult } from './results.js';
import { bestRows, evenly } from './scatter.js';

const ROWS = 6;
const LEVELS = 3;
const IMAGES = 12;

/** Sample images: the truth, the exact flow and solvers at several NFE, the same latents in every row. */
export function imageRows(
  problem: ProblemResult,
  errorOf: (picture: Picture) => number | undefined,
): Html | undefined {
  const { imageShape, pictures, truth } = problem;
  const solved = pictures.filter((picture) => picture.row !== 'exact');
  if (!imageShape || solved.length === 0 || truth.length === 0) return undefined;
  // Data differ in their range, and bandwidth or divergence must not set the greys.
  const range: [number, number] = [quantile(truth, 0.005), quantile(truth, 0.995)];
  const strip = (samples: number[], label: string) => {
    const { width, height, data } = stripPng(samples, imageShape, range);
    return html`<img src="${data}" width="${width}" height="${height}" alt="${label}">`;
  };
  const exact = pictures.find((picture) => picture.row === 'exact');
  const levels = evenly(
    [...new Set(solved.map((picture) => picture.nfe))].sort((a, b) => a - b),
    LEVELS,
  );
  return html`<figure class="wide"><div class="scroll"><table class="strips"><tbody>
<tr><th scope="row">truth</th><td></td><td>${strip(truth, 'True images')}</td></tr>
${exact && html`<tr><th scope="row">exact flow</th><td></td><td>${strip(exact.samples, 'Images of the exact flow')}</td></tr>`}
</tbody>${bestRows(solved, errorOf)
    .slice(0, ROWS)
    .map((row) => {
      const shown = solved.filter((picture) => picture.row === row && levels.includes(picture.nfe));
      return html`<tbody>${shown
        .sort((a, b) => a.nfe - b.nfe)
        .map(
          (picture, i) =>
            html`<tr><th scope="row">${i === 0 ? row : ''}</th><td class="level">${picture.nfe}</td><td>${strip(picture.samples, `Images of ${row} at NFE ${picture.nfe}`)}</td></tr>`,
        )}</tbody>`;
    })}</table></div>
<figcaption><b>Samples.</b> Images at the end of the trajectories, the NFE beside them. Except for the truth, each column begins with the same latents: a perfect solver repeats the row of the exact flow. One scale of greys for all.</figcaption></figure>`;
}

/** The first images side by side. */
function stripPng(samples: number[], shape: readonly [number, number], range: [number, number]) {
  return gridPng(samples, shape, range, IMAGES, 1);
}

/** The first images in rows of so many, with gaps between them, as a grey PNG with transparency. */
export function gridPng(
  samples: ArrayLike<number>,
  [imageHeight, imageWidth]: readonly [number, number],
  [low, high]: [number, number],
  columns: number,
  rows: number,
) {
  const images = Math.min(columns * rows, Math.floor(samples.length / (imageHeight * imageWidth)));
  const width = Math.min(columns, images) * (imageWidth + 1) - 1;
  const height = Math.ceil(images / columns) * (imageHeight + 1) - 1;
  const data = new Uint8Array(width * height * 2);
  for (let image = 0; image < images; image++) {
    const left = (image % columns) * (imageWidth + 1);
    const top = Math.floor(image / columns) * (imageHeight + 1);
    for (let y = 0; y < imageHeight; y++) {
      for (let x = 0; x < imageWidth; x++) {
        const value = samples[(image * imageHeight + y) * imageWidth + x];
        const at = 2 * ((top + y) * width + left + x);
        data[at] = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
        data[at + 1] = 255;
      }
    }
  }
  return { width, height, data: pngUrl(encode({ width, height, data, channels: 2, depth: 8 })) };
}

/** A PNG as a page can hold it. */
export function pngUrl(png: Uint8Array): string {
  // In parts: a call takes no more than some ten thousand arguments.
  const parts = Array.from({ length: Math.ceil(png.length / 4096) }, (_, i) =>
    String.fromCharCode(...png.subarray(4096 * i, 4096 * (i + 1))),
  );
  return `data:image/png;base64,${btoa(parts.join(''))}`;
}
