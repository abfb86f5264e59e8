import { type Random, random } from '../rng/random.js';
import { kernelDensity, mixtureProblem, type Problem } from './problem.js';
import { arc, type Placement, render, type Stroke } from './strokes.js';

const SIZE = 16;
const VARIANTS = 4;
const BANDWIDTH = 0.05;

/** Digits, letters and shapes as strokes in the unit box. */
const ALPHABET: Record<string, readonly Stroke[]> = {
  '0': [arc(0.5, 0.5, 0.34, 0.5, 0, 360)],
  '1': [[0.25, 0.22, 0.55, 0, 0.55, 1]],
  '2': [[...arc(0.48, 0.29, 0.33, 0.29, 190, 400), 0.14, 1, 0.86, 1]],
  '3': [arc(0.45, 0.25, 0.31, 0.25, 210, 450), arc(0.45, 0.74, 0.36, 0.26, -90, 150)],
  '4': [[0.66, 1, 0.66, 0, 0.1, 0.68, 0.92, 0.68]],
  '5': [[0.8, 0, 0.24, 0, ...arc(0.46, 0.69, 0.36, 0.31, 230, 510)]],
  '6': [arc(0.5, 0.7, 0.33, 0.3, 0, 360), arc(0.77, 0.7, 0.6, 0.7, 180, 265)],
  '7': [[0.12, 0, 0.86, 0, 0.4, 1]],
  '8': [arc(0.5, 0.24, 0.28, 0.24, 0, 360), arc(0.5, 0.74, 0.35, 0.26, 0, 360)],
  '9': [arc(0.5, 0.3, 0.33, 0.3, 0, 360), arc(0.23, 0.3, 0.6, 0.7, 0, 85)],
  A: [
    [0.05, 1, 0.5, 0, 0.95, 1],
    [0.24, 0.64, 0.76, 0.64],
  ],
  E: [
    [0.86, 0, 0.18, 0, 0.18, 1, 0.86, 1],
    [0.18, 0.5, 0.72, 0.5],
  ],
  H: [
    [0.14, 0, 0.14, 1],
    [0.86, 0, 0.86, 1],
    [0.14, 0.5, 0.86, 0.5],
  ],
  K: [
    [0.16, 0, 0.16, 1],
    [0.86, 0, 0.16, 0.58],
    [0.4, 0.4, 0.9, 1],
  ],
  M: [[0.1, 1, 0.1, 0, 0.5, 0.62, 0.9, 0, 0.9, 1]],
  R: [
    [0.18, 1, 0.18, 0, ...arc(0.5, 0.27, 0.32, 0.27, -90, 90), 0.18, 0.54],
    [0.5, 0.54, 0.86, 1],
  ],
  T: [
    [0.06, 0, 0.94, 0],
    [0.5, 0, 0.5, 1],
  ],
  X: [
    [0.1, 0, 0.9, 1],
    [0.9, 0, 0.1, 1],
  ],
  triangle: [[0.5, 0.04, 1, 0.92, 0, 0.92, 0.5, 0.04]],
  square: [[0.06, 0.06, 0.94, 0.06, 0.94, 0.94, 0.06, 0.94, 0.06, 0.06]],
  plus: [
    [0.5, 0, 0.5, 1],
    [0, 0.5, 1, 0.5],
  ],
  heart: [
    [
      0.5,
      0.98,
      0.06,
      0.48,
      ...arc(0.27, 0.27, 0.25, 0.25, 150, 345),
      ...arc(0.73, 0.27, 0.25, 0.25, 195, 390),
      0.94,
      0.48,
      0.5,
      0.98,
    ],
  ],
  arrow: [
    [0, 0.5, 1, 0.5],
    [0.58, 0.1, 1, 0.5, 0.58, 0.9],
  ],
  wave: [[...arc(0.25, 0.5, 0.25, 0.3, 180, 360), ...arc(0.75, 0.5, 0.25, 0.3, 180, 0)]],
};

/** The names of the glyphs; image i of the problem's mixture shows glyph i modulo their number. */
export const glyphNames: readonly string[] = Object.keys(ALPHABET);

/**
 * Grey images of 16 x 16 that the project draws by itself: 24 digits, letters and shapes, each four times
 * with random place, size, slant, rotation and pen.
 */
export function glyphs(): Problem {
  const source = random(20240106);
  const images = new Float64Array(VARIANTS * glyphNames.length * SIZE * SIZE);
  for (let i = 0; i < VARIANTS * glyphNames.length; i++) {
    const strokes = ALPHABET[glyphNames[i % glyphNames.length]];
    images.set(render(strokes, randomPlacement(source), source.between(0.65, 1.1), SIZE), i * SIZE * SIZE);
  }
  return mixtureProblem('glyphs', 'Glyphs 16x16', kernelDensity(images, SIZE * SIZE, BANDWIDTH), [
    SIZE,
    SIZE,
  ]);
}

/** The unit box around the middle of the image, about ten pixels high. */
function randomPlacement(source: Random): Placement {
  const angle = source.between(-0.17, 0.17);
  const slant = source.between(-0.15, 0.15);
  const width = source.between(7.8, 9.4);
  const height = source.between(9.4, 10.8);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const a = width * cos;
  const b = height * (slant * cos - sin);
  const c = width * sin;
  const d = height * (slant * sin + cos);
  const middle = SIZE / 2;
  return {
    a,
    b,
    c,
    d,
    e: middle + source.between(-0.7, 0.7) - (a + b) / 2,
    f: middle + source.between(-0.7, 0.7) - (c + d) / 2,
  };
}
