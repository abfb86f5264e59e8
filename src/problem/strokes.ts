/** Drawing by strokes: paths in a unit box (x to the right, y down), rendered to a small grey image. */

/** A polyline, [x0, y0, x1, y1, ...]. */
export type Stroke = readonly number[];

/** An affine map of the unit box to pixels: (x, y) to (a x + b y + e, c x + d y + f). */
export interface Placement {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

/** An arc of an ellipse as a polyline; degrees, from the right, clockwise on the screen. */
export function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Stroke {
  const pieces = Math.ceil(Math.abs(to - from) / 20);
  const stroke: number[] = [];
  for (let i = 0; i <= pieces; i++) {
    const angle = ((from + ((to - from) * i) / pieces) * Math.PI) / 180;
    stroke.push(cx + rx * Math.cos(angle), cy + ry * Math.sin(angle));
  }
  return stroke;
}

/**
 * Draws strokes with round ends and a smooth edge one pixel wide.
 *
 * @param size width and height of the image in pixels
 * @param radius half the width of the pen, in pixels
 * @returns [size * size], row by row, -1 for paper to 1 for ink
 */
export function render(
  strokes: readonly Stroke[],
  placement: Placement,
  radius: number,
  size: number,
): Float64Array {
  const placed = strokes.map((stroke) => place(stroke, placement));
  const image = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let distance = Infinity;
      for (const stroke of placed) distance = Math.min(distance, distanceTo(stroke, column + 0.5, row + 0.5));
      const coverage = Math.min(1, Math.max(0, radius - distance + 0.5));
      image[row * size + column] = 2 * coverage - 1;
    }
  }
  return image;
}

function place(stroke: Stroke, { a, b, c, d, e, f }: Placement): number[] {
  const placed: number[] = [];
  for (let i = 0; i < stroke.length; i += 2) {
    const [x, y] = [stroke[i], stroke[i + 1]];
    placed.push(a * x + b * y + e, c * x + d * y + f);
  }
  return placed;
}

/** Distance of a point from the nearest segment of a polyline. */
function distanceTo(stroke: Stroke, x: number, y: number): number {
  let nearest = Infinity;
  for (let i = 0; i + 3 < stroke.length; i += 2) {
    const [x0, y0] = [stroke[i], stroke[i + 1]];
    const [dx, dy] = [stroke[i + 2] - x0, stroke[i + 3] - y0];
    const squaredLength = dx * dx + dy * dy;
    const projected = (x - x0) * dx + (y - y0) * dy;
    // Paths joined from pieces may hold a point twice in a row: a segment without length.
    const along = squaredLength > 0 ? Math.min(1, Math.max(0, projected / squaredLength)) : 0;
    nearest = Math.min(nearest, Math.hypot(x - x0 - along * dx, y - y0 - along * dy));
  }
  return nearest;
}
