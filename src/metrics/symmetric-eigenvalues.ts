import { FewstepError } from '../errors.js';

/** QL sweeps allowed for one eigenvalue; two are the rule. */
const MAX_SWEEPS = 60;

/**
 * Eigenvalues of a symmetric matrix, in no order: reduction to tridiagonal form by Householder reflections,
 * then implicit QL (Golub and Van Loan, Matrix computations, 8.3). Without eigenvectors this is several times
 * faster than a full decomposition, which is what makes a Frechet distance in 256 dimensions cheap.
 *
 * @param matrix [dim * dim], of which the lower triangle is read; it is overwritten
 * @returns [dim]
 */
export function symmetricEigenvalues(matrix: Float64Array, dim: number): Float64Array {
  const { diagonal, offDiagonal } = tridiagonalize(matrix, dim);
  return tridiagonalEigenvalues(diagonal, offDiagonal);
}

/**
 * An orthogonally similar tridiagonal matrix. Rows go from the last to the first; each step reflects row i,
 * left of the diagonal, onto its last entry and updates the smaller leading block.
 */
function tridiagonalize(a: Float64Array, dim: number) {
  const diagonal = new Float64Array(dim);
  const offDiagonal = new Float64Array(dim);
  const reflector = new Float64Array(dim);
  const update = new Float64Array(dim);
  for (let i = dim - 1; i >= 0; i--) {
    diagonal[i] = a[i * dim + i];
    if (i === 0) break;
    let squaredNorm = 0;
    for (let j = 0; j < i; j++) {
      reflector[j] = a[i * dim + j];
      squaredNorm += reflector[j] ** 2;
    }
    const last = reflector[i - 1];
    const image = last > 0 ? -Math.sqrt(squaredNorm) : Math.sqrt(squaredNorm);
    offDiagonal[i] = image;
    if (squaredNorm === 0) continue;
    reflector[i - 1] = last - image;
    // H = I - v v^T / h, and H A H = A - v w^T - w v^T.
    const h = squaredNorm - last * image;
    multiplyLower(a, dim, i, reflector, update);
    let overlap = 0;
    for (let j = 0; j < i; j++) {
      update[j] /= h;
      overlap += update[j] * reflector[j];
    }
    for (let j = 0; j < i; j++) update[j] -= (overlap / (2 * h)) * reflector[j];
    for (let j = 0; j < i; j++) {
      const [v, w] = [reflector[j], update[j]];
      for (let k = 0, at = j * dim; k <= j; k++, at++) a[at] -= v * update[k] + w * reflector[k];
    }
  }
  return { diagonal, offDiagonal };
}

/** out = A v for the leading block of a symmetric matrix, reading its lower triangle once. */
function multiplyLower(a: Float64Array, dim: number, size: number, v: Float64Array, out: Float64Array): void {
  out.fill(0, 0, size);
  for (let row = 0; row < size; row++) {
    const factor = v[row];
    let sum = 0;
    for (let column = 0, at = row * dim; column < row; column++, at++) {
      sum += a[at] * v[column];
      out[column] += a[at] * factor;
    }
    out[row] += sum + a[row * dim + row] * factor;
  }
}

/** Implicit QL with Wilkinson's shift; `offDiagonal[i]` couples i - 1 and i. Both arrays are overwritten. */
function tridiagonalEigenvalues(d: Float64Array, offDiagonal: Float64Array): Float64Array {
  const n = d.length;
  const e = new Float64Array(n);
  e.set(offDiagonal.subarray(1));
  for (let first = 0; first < n; first++) {
    for (let sweep = 0; ; sweep++) {
      let last = first;
      while (
        last < n - 1 &&
        Math.abs(e[last]) > Number.EPSILON * (Math.abs(d[last]) + Math.abs(d[last + 1]))
      ) {
        last++;
      }
      if (last === first) break;
      if (sweep === MAX_SWEEPS) {
        throw new FewstepError(
          'not-finite',
          `the eigenvalues of a ${n} x ${n} matrix do not converge`,
          'look for values that are not finite or of very different size in the samples',
        );
      }
      qlSweep(d, e, first, last);
    }
  }
  return d;
}

/** One implicit QL sweep over the block from first to last, chasing the bulge upwards with rotations. */
function qlSweep(d: Float64Array, e: Float64Array, first: number, last: number): void {
  const half = (d[first + 1] - d[first]) / (2 * e[first]);
  const root = Math.hypot(half, 1);
  let g = d[last] - d[first] + e[first] / (half + (half >= 0 ? root : -root));
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const length = Math.sqrt(f * f + g * g);
    e[i + 1] = length;
    if (length === 0) {
      // The block has split of itself.
      d[i + 1] -= shift;
      e[last] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = d[i + 1] - shift;
    const r = (d[i] - g) * sine + 2 * cosine * b;
    shift = sine * r;
    d[i + 1] = g + shift;
    g = cosine * r - b;
  }
  d[first] -= shift;
  e[first] = g;
  e[last] = 0;
}
