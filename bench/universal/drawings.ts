import type { Random } from '../../src/rng/random.js';
import type { TrainingData } from '../../src/train/data.js';

/** Control points of a class's line, and how far those of a drawing lie from them. */
const POINTS = 5;
const JITTER = 0.06;
/** Places along the line at which a pen is put down. */
const STROKES = 24;

/** Lines drawn with a soft pen on side x side pixels, from -1 to 1; each class has a line of its own. */
export function drawings(
  source: Random,
  { side, classes, rows }: { side: number; classes: number; rows: number },
): TrainingData {
  const lines = Array.from({ length: classes }, () =>
    Float64Array.from({ length: 2 * POINTS }, () => source.between(0.15, 0.85)),
  );
  const pen = source.between(0.05, 0.09);
  const values = new Float32Array(rows * side * side);
  const labels = Uint32Array.from({ length: rows }, () => Math.floor(source.uniform() * classes));
  for (const [row, label] of labels.entries()) {
    const shift = [0.04 * source.normal(), 0.04 * source.normal()];
    const line = lines[label].map((at, i) => at + shift[i % 2] + JITTER * source.normal());
    const strokes = Array.from({ length: STROKES }, (_, i) => pointAlong(line, i / (STROKES - 1)));
    for (let pixel = 0; pixel < side * side; pixel++) {
      const x = ((pixel % side) + 0.5) / side;
      const y = (Math.floor(pixel / side) + 0.5) / side;
      const nearest = Math.min(...strokes.map(([u, v]) => (x - u) ** 2 + (y - v) ** 2));
      values[row * side * side + pixel] = 2 * Math.exp(-nearest / (2 * pen ** 2)) - 1;
    }
  }
  return { values, labels };
}

/** The point of a line through control points that lies `at`, from 0 to 1, along it. */
function pointAlong(line: Float64Array, at: number): [number, number] {
  const place = at * (POINTS - 1);
  const first = Math.min(Math.floor(place), POINTS - 2);
  const part = place - first;
  const [u, v, nextU, nextV] = line.slice(2 * first);
  return [(1 - part) * u + part * nextU, (1 - part) * v + part * nextV];
}
