/**
 * A B^T of two row-major matrices that have rows of the same length: covariances, projections and products of
 * symmetric matrices are all of this form. Four rows of A meet two of B at a time, so that each number that
 * is loaded is used several times.
 *
 * @param a [m * inner]
 * @param b [n * inner]
 * @param symmetric the product is known to be symmetric: half of it is computed, and mirrored
 * @returns [m * n]
 */
export function timesTransposed(
  a: Float64Array,
  b: Float64Array,
  inner: number,
  symmetric = false,
): Float64Array {
  const m = a.length / inner;
  const n = b.length / inner;
  const product = new Float64Array(m * n);
  const wholeRows = m - (m % 4);
  const wholeColumns = n - (n % 2);
  for (let row = 0; row < wholeRows; row += 4) {
    const end = symmetric ? Math.min(wholeColumns, row + 4) : wholeColumns;
    for (let column = 0; column < end; column += 2) {
      block(a, row * inner, b, column * inner, inner, product, row * n + column, n);
    }
  }
  for (let row = 0; row < m; row++) {
    for (let column = row < wholeRows ? wholeColumns : 0; column < n; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[row * inner + k] * b[column * inner + k];
      product[row * n + column] = sum;
    }
  }
  if (symmetric) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < row; column++) product[column * n + row] = product[row * n + column];
    }
  }
  return product;
}

/** The 4 x 2 products of the rows that begin at `fromA` and `fromB`, written from `at` with rows of `stride`. */
function block(
  a: Float64Array,
  fromA: number,
  b: Float64Array,
  fromB: number,
  inner: number,
  product: Float64Array,
  at: number,
  stride: number,
): void {
  let s00 = 0;
  let s01 = 0;
  let s10 = 0;
  let s11 = 0;
  let s20 = 0;
  let s21 = 0;
  let s30 = 0;
  let s31 = 0;
  for (let k = 0; k < inner; k++) {
    const b0 = b[fromB + k];
    const b1 = b[fromB + inner + k];
    const a0 = a[fromA + k];
    s00 += a0 * b0;
    s01 += a0 * b1;
    const a1 = a[fromA + inner + k];
    s10 += a1 * b0;
    s11 += a1 * b1;
    const a2 = a[fromA + 2 * inner + k];
    s20 += a2 * b0;
    s21 += a2 * b1;
    const a3 = a[fromA + 3 * inner + k];
    s30 += a3 * b0;
    s31 += a3 * b1;
  }
  product[at] = s00;
  product[at + 1] = s01;
  product[at + stride] = s10;
  product[at + stride + 1] = s11;
  product[at + 2 * stride] = s20;
  product[at + 2 * stride + 1] = s21;
  product[at + 3 * stride] = s30;
  product[at + 3 * stride + 1] = s31;
}
