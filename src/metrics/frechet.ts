import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { FewstepError } from '../errors.js';
import { timesTransposed } from './matrix-product.js';
import { type Moments, sampleMoments } from './moments.js';
import type { Samples } from './samples.js';
import { symmetricEigenvalues } from './symmetric-eigenvalues.js';

/** What of a reference distribution the Frechet distance needs, with the costly matrix root taken once. */
export interface FrechetReference extends Moments {
  /** The symmetric square root of the covariance, [dim * dim]. */
  covarianceRoot: Float64Array;
}

/** Prepares the samples of a reference, [count * dim], for `frechetDistance`. */
export function frechetReference(samples: Samples, dim: number): FrechetReference {
  const moments = sampleMoments(samples, dim);
  return { ...moments, covarianceRoot: symmetricRoot(moments.covariance, dim) };
}

/**
 * Frechet distance of the Gaussians with the samples' means and covariances,
 *
 *     |m_a - m_b|^2 + tr(A + B - 2 (B^1/2 A B^1/2)^1/2),
 *
 * squared, as FID is printed (Dowson and Landau, 1982; Heusel et al., 2017): the squared 2-Wasserstein
 * distance of the two Gaussians. Covariances may be singular. It is biased upwards for small samples: compare
 * only figures that have the same numbers of samples.
 *
 * @param a samples, [count * dim]
 * @param b samples, or what `frechetReference` made of them
 */
export function frechetDistance(a: Samples, b: Samples | FrechetReference, dim: number): number {
  const reference = isReference(b) ? b : frechetReference(b, dim);
  if (reference.dim !== dim) {
    throw new FewstepError(
      'bad-shape',
      `samples of dimension ${dim} meet a Frechet reference of dimension ${reference.dim}`,
      'prepare the reference from samples of the same dimension',
    );
  }
  const moments = sampleMoments(a, dim);
  let distance = 0;
  for (let d = 0; d < dim; d++) {
    const diagonal = d * dim + d;
    distance += (moments.mean[d] - reference.mean[d]) ** 2;
    distance += moments.covariance[diagonal] + reference.covariance[diagonal];
  }
  const root = reference.covarianceRoot;
  // Both factors are symmetric, so neither needs transposing.
  const product = timesTransposed(timesTransposed(root, moments.covariance, dim), root, dim, true);
  // Rounding can leave a distance of zero a little below it.
  return Math.max(0, distance - 2 * sumOfRoots(symmetricEigenvalues(product, dim)));
}

function isReference(b: Samples | FrechetReference): b is FrechetReference {
  return 'covarianceRoot' in b;
}

/**
 * Sum of the square roots of eigenvalues that are zero or more but for rounding. Those within rounding of
 * zero count as zero: the root of an error of 1e-16 is 1e-8, and singular matrices have hundreds of them.
 */
function sumOfRoots(eigenvalues: Float64Array): number {
  const negligible = roundingLevel(eigenvalues);
  return eigenvalues.reduce((sum, value) => sum + (value > negligible ? Math.sqrt(value) : 0), 0);
}

function roundingLevel(eigenvalues: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < eigenvalues.length; i++) largest = Math.max(largest, Math.abs(eigenvalues[i]));
  return eigenvalues.length * Number.EPSILON * largest;
}

/** The symmetric root V diag(sqrt(lambda)) V^T of a positive semidefinite matrix [dim * dim]. */
function symmetricRoot(matrix: Float64Array, dim: number): Float64Array {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(dim, dim, Array.from(matrix)),
    { assumeSymmetric: true },
  );
  const negligible = roundingLevel(realEigenvalues);
  const vectors = Float64Array.from(eigenvectorMatrix.to1DArray());
  const scaled = vectors.map((value, i) => {
    const eigenvalue = realEigenvalues[i % dim];
    return eigenvalue > negligible ? value * Math.sqrt(eigenvalue) : 0;
  });
  return timesTransposed(scaled, vectors, dim, true);
}
