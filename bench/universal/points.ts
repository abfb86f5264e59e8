import type { Random } from '../../src/rng/random.js';
import type { TrainingData } from '../../src/train/data.js';

/** Points along a random closed curve of a few frequencies, [count * dim]. */
export function curve(source: Random, dim: number, count: number): Float64Array {
  const amplitudes = Array.from({ length: 2 * 4 * dim }, () => source.normal());
  return Float64Array.from({ length: count * dim }, (_, i) => {
    const [angle, d] = [(2 * Math.PI * Math.floor(i / dim)) / count, i % dim];
    let sum = 0;
    for (let k = 1; k <= 4; k++) {
      const [a, b] = amplitudes.slice(2 * (4 * d + k - 1));
      sum += (a * Math.cos(k * angle) + b * Math.sin(k * angle)) / k ** 1.5;
    }
    return 0.5 * sum;
  });
}

/** Black and white, mostly black as drawings are, in runs: [count * dim]. */
export function patterns(source: Random, dim: number, count: number): Float64Array {
  let white = false;
  return Float64Array.from({ length: count * dim }, () => {
    if (source.uniform() < (white ? 0.4 : 0.1)) white = !white;
    return white ? 1 : -1;
  });
}

/** Points along random curves, one for each class, moved by normal numbers times `spread`. */
export function classCurves(
  source: Random,
  shape: { dim: number; classes: number; rows: number; spread: number },
): TrainingData {
  const { dim, classes, spread } = shape;
  const each = Math.floor(shape.rows / classes);
  const values = new Float32Array(classes * each * dim);
  for (let label = 0; label < classes; label++) {
    const points = curve(source, dim, each);
    const centre = Array.from({ length: dim }, () => 0.3 * source.normal());
    for (const [i, point] of points.entries()) {
      values[label * points.length + i] = 0.5 * point + centre[i % dim] + spread * source.normal();
    }
  }
  return { values, labels: Uint32Array.from({ length: classes * each }, (_, i) => Math.floor(i / each)) };
}

const COMPONENTS = 3;

/** Draws of a random mixture, some components of it for each class. */
export function classMixture(
  source: Random,
  { dim, classes, rows }: { dim: number; classes: number; rows: number },
): TrainingData {
  const means = Array.from({ length: classes * COMPONENTS * dim }, () => source.between(-1, 1));
  const widths = Array.from({ length: classes * COMPONENTS }, () => 0.05 * 4 ** source.uniform());
  const labels = Uint32Array.from({ length: rows }, () => Math.floor(source.uniform() * classes));
  const values = new Float32Array(rows * dim);
  for (const [row, label] of labels.entries()) {
    const component = COMPONENTS * label + Math.floor(COMPONENTS * source.uniform());
    for (let d = 0; d < dim; d++) {
      values[row * dim + d] = means[component * dim + d] + widths[component] * source.normal();
    }
  }
  return { values, labels };
}
