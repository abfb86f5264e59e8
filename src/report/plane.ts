import type { ProblemResult } from './results.js';

/** A point in the units of the data. */
export type Point = [number, number];

/** Dots of a panel: more would not show more, and they are a large part of the file. */
const DOTS = 200;

/** Side of a panel's view box; one unit is about one pixel at its usual size. */
export const PANEL = 200;

/** The square window through which all panels of a problem look. */
export interface Window {
  centre: Point;
  /** Half of its side. */
  half: number;
}

/** The true points with a margin. */
export function dataWindow({ truth }: Pick<ProblemResult, 'truth'>, margin: number): Window {
  const points = pairs(truth);
  const ends = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  });
  const centre = ends.map(([low, high]) => (low + high) / 2) as Point;
  return { centre, half: (margin * Math.max(...ends.map(([low, high]) => high - low))) / 2 || 1 };
}

/** Root mean square of the data per dimension: the s of the drawing's scale s / sqrt(s^2 + sigma^2). */
export function dataScale({ truth }: ProblemResult): number {
  return Math.sqrt(truth.reduce((sum, value) => sum + value * value, 0) / truth.length) || 1;
}

export function pairs(values: readonly number[]): Point[] {
  return Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i], values[2 * i + 1]]);
}

/** 'x y' of a point in the panel, to half a unit; undefined far outside or where it is not finite. */
function place([x, y]: readonly number[], { centre, half }: Window): string | undefined {
  const at = [x - centre[0], centre[1] - y].map((offset) => (PANEL / 2) * (1 + offset / half));
  if (!at.every((value) => Math.abs(value) < 20 * PANEL)) return undefined;
  return at.map((value) => Math.round(2 * value) / 2).join(' ');
}

/** The first dots as one path of empty strokes with round ends: a tenth of the size of as many circles. */
export function dots(points: readonly (readonly number[])[], window: Window, most = DOTS): string {
  const inside = points
    .slice(0, most)
    .filter(
      ([x, y]) =>
        Math.abs(x - window.centre[0]) <= window.half && Math.abs(y - window.centre[1]) <= window.half,
    );
  return inside
    .flatMap((point) => place(point, window) ?? [])
    .map((at) => `M${at}h0`)
    .join('');
}

export function polyline(points: readonly (readonly number[])[], window: Window): string {
  const places = points.flatMap((point) => place(point, window) ?? []);
  return places.length < 2 ? '' : `M${places.join('L')}`;
}

/** Points of a path brought to one scale by their sigmas; as they are without them. */
export function toScale(points: number[][], times: number[] | undefined, s: number): number[][] {
  if (!times) return points;
  return points.map((point, i) => point.map((value) => (value * s) / Math.hypot(s, times[i])));
}
