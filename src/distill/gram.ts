/** Columns that are multiplied with as many others at a time, and rows of them: what is summed and read stays in registers. */
const GROUP = 3;
/** Rows at a time, so that all columns of them stay in a cache. */
const ROWS = 256;

/**
 * Writes rows [first, first + count) of a column to target[at], target[at + stride] and so on.
 */
export type WriteColumn = (
  column: number,
  rows: { first: number; count: number },
  target: Float64Array,
  place: { at: number; stride: number },
) => void;

/** The products A^T A of a matrix A, in float64, [columns, columns]. */
export function gram(columns: number, rows: number, write: WriteColumn): Float64Array {
  const groups = Math.ceil(columns / GROUP);
  const padded = GROUP * groups;
  const sums = new Float64Array(padded * padded);
  const part = new Float64Array(padded * Math.min(rows, ROWS)); // [groups, rows, GROUP]
  for (let first = 0; first < rows; first += ROWS) {
    const count = Math.min(ROWS, rows - first);
    for (let c = 0; c < columns; c++) {
      const at = GROUP * count * Math.floor(c / GROUP) + (c % GROUP);
      write(c, { first, count }, part, { at, stride: GROUP });
    }
    for (let p = 0; p < groups; p++) {
      for (let q = 0; q <= p; q++) addProducts(part, count, p, q, sums, padded);
    }
  }
  const all = new Float64Array(columns * columns);
  for (let p = 0; p < columns; p++) {
    for (let q = 0; q <= p; q++) {
      all[p * columns + q] = sums[p * padded + q];
      all[q * columns + p] = sums[p * padded + q];
    }
  }
  return all;
}

/** Adds the products of two groups of columns. Nothing here is taken apart from an array: in such loops that is slow. */
function addProducts(
  part: Float64Array,
  count: number,
  p: number,
  q: number,
  sums: Float64Array,
  padded: number,
): void {
  let aa = 0;
  let ab = 0;
  let ac = 0;
  let ba = 0;
  let bb = 0;
  let bc = 0;
  let ca = 0;
  let cb = 0;
  let cc = 0;
  const end = GROUP * count * (p + 1);
  for (let s = GROUP * count * p, t = GROUP * count * q; s < end; s += GROUP, t += GROUP) {
    const a = part[s];
    const b = part[s + 1];
    const c = part[s + 2];
    const x = part[t];
    const y = part[t + 1];
    const z = part[t + 2];
    aa += a * x;
    ab += a * y;
    ac += a * z;
    ba += b * x;
    bb += b * y;
    bc += b * z;
    ca += c * x;
    cb += c * y;
    cc += c * z;
  }
  let to = GROUP * (p * padded + q);
  sums[to] += aa;
  sums[to + 1] += ab;
  sums[to + 2] += ac;
  to += padded;
  sums[to] += ba;
  sums[to + 1] += bb;
  sums[to + 2] += bc;
  to += padded;
  sums[to] += ca;
  sums[to + 1] += cb;
  sums[to + 2] += cc;
}
