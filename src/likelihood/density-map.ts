import type { Field } from '../field/field.js';
import type { MixtureSpec } from '../field/mixture.js';
import type { Gpu } from '../gpu/gpu.js';
import type { SigmaRange } from '../grid/grid.js';
import { exactLogDensity } from './heat.js';
import { logDensity } from './log-density.js';
import type { PriorName } from './prior.js';

/** Log-densities on a square grid in the plane, row by row from the top, in the field's units. */
export interface DensityMap {
  /** Cells along a side. */
  cells: number;
  centre: [number, number];
  /** Half of the side. */
  half: number;
  /** The noise level of the density: what is finer than a cell would not be seen but missed. */
  sigma: number;
  model: number[];
  exact?: number[];
}

export interface DensityMapOptions {
  /** Points that it is to show, [rows, 2], in the field's units. */
  states: ArrayLike<number>;
  range: SigmaRange;
  prior: PriorName;
  /** The distribution to compare with, in the field's units. */
  exact?: MixtureSpec;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

export const MAP_CELLS = 64;
/** For a picture: a hundredth of a nat is not seen. */
const STEPS = { rtol: 1e-3, atol: 1e-3 };
const MARGIN = 1.25;

/** The density of a field of two dimensions around its data; what it is at all is found by `logDensity`, exactly. */
export async function densityMap(
  gpu: Gpu,
  field: Field,
  { states, range, prior, exact, signal, onProgress }: DensityMapOptions,
): Promise<DensityMap> {
  const ends = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = axis; i < states.length; i += 2)
      [low, high] = [Math.min(low, states[i]), Math.max(high, states[i])];
    return { low, high };
  });
  const centre = ends.map(({ low, high }) => (low + high) / 2) as [number, number];
  const half = (MARGIN * Math.max(...ends.map(({ low, high }) => high - low))) / 2 || 1;
  const cell = (2 * half) / MAP_CELLS;
  const sigma = Math.min(Math.max(range.sigmaMin, cell / 2), range.sigmaMax / 2);
  const along = (i: number) => -half + (i + 0.5) * cell;
  const points = Float32Array.from({ length: 2 * MAP_CELLS ** 2 }, (_, i) => {
    const place = i >> 1;
    return i % 2 === 0
      ? centre[0] + along(place % MAP_CELLS)
      : centre[1] - along(Math.floor(place / MAP_CELLS));
  });
  const own = { sigmaMin: sigma, sigmaMax: range.sigmaMax };
  const found = await logDensity(gpu, field, {
    states: points,
    range: own,
    prior,
    steps: STEPS,
    signal,
    onProgress,
  });
  return {
    cells: MAP_CELLS,
    centre,
    half,
    sigma,
    model: rounded(found.logDensity),
    ...(exact && { exact: rounded(exactLogDensity(exact, points, sigma)) }),
  };
}

/** A thousandth of a nat is enough; most of the file would be digits otherwise. */
function rounded(values: Float64Array): number[] {
  return Array.from(values, (value) => Math.round(1000 * value) / 1000);
}
