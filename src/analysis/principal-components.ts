import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { timesTransposed } from '../metrics/matrix-product.js';

/** Points seen along their directions of largest variance. */
export interface PrincipalComponents {
  /** Share of the variance along each component, decreasing, [min(count, dim)]. */
  shares: Float64Array;
  /** The centred points in the components, [count * min(count, dim)]. */
  coordinates: Float64Array;
}

/**
 * Principal components of points around their mean. Of the covariance [dim * dim] and the Gram matrix [count * count],
 * which have the same eigenvalues, the smaller one is decomposed: a trajectory of images has fewer states than pixels.
 *
 * @param points [count * dim], not all the same
 */
export function principalComponents(points: Float64Array, dim: number): PrincipalComponents {
  const count = points.length / dim;
  const centred = centre(points, dim);
  const components = Math.min(count, dim);
  const gram = count < dim;
  const rows = gram ? centred : transpose(centred, dim);
  const product = timesTransposed(rows, rows, gram ? dim : count, true);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(components, components, product),
    { assumeSymmetric: true },
  );
  // Rounding may leave a variance of zero slightly below it.
  const variances = realEigenvalues.map((value) => Math.max(0, value));
  const order = variances.map((_, k) => k).sort((a, b) => variances[b] - variances[a]);
  const total = variances.reduce((sum, value) => sum + value, 0);
  const vectors = transpose(Float64Array.from(eigenvectorMatrix.to1DArray()), components);
  const sorted = new Float64Array(vectors.length);
  for (const [to, from] of order.entries()) {
    const scale = gram ? Math.sqrt(variances[from]) : 1;
    for (let i = 0; i < components; i++) sorted[to * components + i] = scale * vectors[from * components + i];
  }
  return {
    shares: Float64Array.from(order, (k) => variances[k] / total),
    // The Gram matrix's eigenvectors are the points' own coordinates, up to their length.
    coordinates: gram ? transpose(sorted, components) : timesTransposed(centred, sorted, dim),
  };
}

function centre(points: Float64Array, dim: number): Float64Array {
  const count = points.length / dim;
  const mean = new Float64Array(dim);
  for (let i = 0; i < points.length; i++) mean[i % dim] += points[i] / count;
  return points.map((value, i) => value - mean[i % dim]);
}

/** Of a row-major matrix with rows of `columns`. */
function transpose(matrix: Float64Array, columns: number): Float64Array {
  const rows = matrix.length / columns;
  const out = new Float64Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[column * rows + row] = matrix[row * columns + column];
    }
  }
  return out;
}
