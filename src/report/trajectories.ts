import { type Html, html, raw } from './html.js';
import { figure } from './number.js';
import type { Palette } from './palette.js';
import { dataScale, dataWindow, dots, PANEL, pairs, polyline, toScale, type Window } from './plane.js';
import type { Picture, ProblemResult, RunDescription } from './results.js';

const PANELS = 6;
/** More paths than these hide each other. */
const PATHS = 8;

/**
 * Paths from noise to data of a few solvers at a low NFE over those of the exact flow, with the points of
 * evaluation. A path spans sigmas from 80 to 0.002, so it is drawn as x s / sqrt(s^2 + sigma^2): that has the
 * spread of the data at every time and becomes x itself at the end.
 *
 * @param errorOf mean end-point error of a picture's solver and NFE
 */
export function trajectoryPanels(
  problem: ProblemResult,
  run: RunDescription,
  palette: Palette,
  errorOf: (picture: Picture) => number | undefined,
): Html | undefined {
  const exact = problem.pictures.find((picture) => picture.row === 'exact' && picture.trajectories);
  const drawn = lowNfe(problem.pictures.filter((picture) => picture.row !== 'exact' && picture.trajectories));
  if (!exact || drawn.length === 0) return undefined;
  const scaled = [exact, ...drawn].every((picture) => picture.times);
  const s = dataScale(problem);
  const paths = (picture: Picture) =>
    picture.trajectories!.slice(0, PATHS).map((path) => toScale(path, scaled ? picture.times : undefined, s));
  const window = scaled ? startWindow(problem, paths(exact)) : dataWindow(problem, 2);
  const panels = drawn
    .map((picture) => ({ picture, error: errorOf(picture) }))
    .sort((a, b) => (a.error ?? Infinity) - (b.error ?? Infinity))
    .slice(0, PANELS);
  const id = `paths-${problem.name}`;
  return html`<figure class="wide">
<svg class="definitions" aria-hidden="true"><defs><g id="${id}"><path class="truth" d="${dots(pairs(problem.truth), window)}"/>${paths(
    exact,
  ).map((path) => html`<path class="exact" d="${polyline(path, window)}"/>`)}</g></defs></svg>
<div class="panels">${panels.map(
    ({ picture, error }) =>
      html`<div class="panel"><svg viewBox="0 0 ${PANEL} ${PANEL}" role="img" aria-label="Paths of ${picture.row} at NFE ${picture.nfe}"><use href="#${id}"/>${raw(solverPaths(picture, paths(picture), scaled, s, window, palette.color(picture.row) ?? 'var(--ink)'))}</svg><div class="name">${picture.row}<span>NFE ${picture.nfe}${error === undefined ? '' : `, error ${figure(error)}`}</span></div></div>`,
  )}</div>
<figcaption><b>Trajectories.</b> ${caption(run, scaled, s)}</figcaption></figure>`;
}

function caption(run: RunDescription, scaled: boolean, s: number): string {
  const what = scaled
    ? `Paths from noise (σ = ${run.sigmaMax}) to data (σ = ${run.sigmaMin}), drawn as x·s/√(s² + σ²) with s = ${figure(s)}, the root mean square of the data: the whole path has one scale and ends in the sample itself.`
    : 'The last part of the paths from noise to data, in the units of the data; what lies outside the frame is cut off.';
  return `${what} Coloured: the solver, straight between its times; rings: where it evaluates the field; dots: where it ends. Broad grey: the exact flow from the same latents. Faint dots: true data.`;
}

/** The pictures of the lowest NFE that at least half of the rows have, else of the lowest there is. */
function lowNfe(pictures: Picture[]): Picture[] {
  const rows = new Set(pictures.map((picture) => picture.row)).size;
  const levels = [...new Set(pictures.map((picture) => picture.nfe))].sort((a, b) => a - b);
  const at = (nfe: number) => pictures.filter((picture) => picture.nfe === nfe);
  return at(levels.find((nfe) => at(nfe).length * 2 >= rows) ?? levels[0]);
}

/** Shows the data and all starts. */
function startWindow(problem: ProblemResult, exact: number[][][]): Window {
  const window = dataWindow(problem, 1.15);
  const reach = exact
    .flat()
    .map(([x, y]) => Math.max(Math.abs(x - window.centre[0]), Math.abs(y - window.centre[1])));
  return { ...window, half: Math.max(window.half, 1.06 * Math.max(...reach)) };
}

function solverPaths(
  picture: Picture,
  paths: number[][][],
  scaled: boolean,
  s: number,
  window: Window,
  color: string,
): string {
  const evaluations = (picture.evaluations ?? [])
    .slice(0, PATHS)
    .map((points) => toScale(points, scaled ? picture.evaluationTimes : undefined, s));
  const lines = paths.map((path) => polyline(path, window)).join('');
  const ends = dots(
    paths.map((path) => path[path.length - 1]),
    window,
  );
  // A ring is a wide round stroke with a narrower one in the colour of the paper over it.
  const rings = evaluations.map((points) => dots(points, window)).join('');
  return `<g style="stroke:${color}"><path class="path" d="${lines}"/><path class="ring" d="${rings}"/><path class="hole" d="${rings}"/><path class="end" d="${ends}"/></g>`;
}
