import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { fieldFigures } from '../distill/bespoke/field-figures.js';
import { unknownName } from '../errors.js';
import type { Field } from '../field/field.js';
import { mixtureCovariance, mixtureMean, mixtureVariances } from '../field/mixture.js';
import type { Gpu } from '../gpu/gpu.js';
import type { SigmaRange } from '../grid/grid.js';

/**
 * What density the states at sigma_max are given. `latents`: N(0, sigma_max^2), what samples begin with, so that the
 * log-density is that of the samples. `gaussian`: noised data have the data's mean and covariance as well,
 * N(mean, covariance + sigma_max^2), so that the log-density is that of the field's own data.
 */
export const PRIORS = ['latents', 'gaussian'] as const;
/** One of PRIORS. */
export type PriorName = (typeof PRIORS)[number];

/** ln p of row `row` of states [rows, dim], nats. */
export type Prior = (states: ArrayLike<number>, row: number) => number;

/** Products that a covariance may take; beyond that variances do. */
const MOST_PRODUCTS = 2 ** 28;

/**
 * The prior of a field at sigma_max. The moments of a mixture or a data set are its own ones (where components x dim^2
 * exceeds 2^28 no correlations); those of other fields are measured on samples, with one variance for all dimensions.
 *
 * What `latents` leaves out of ln p at x_T = sigma_max z is mean . z / sigma_max and, for each dimension, some
 * variance (1 - z^2) / (2 sigma_max^2): 1e-2 nats for data whose mean lies 1 from the origin, 1e-4 for a variance of 1 in
 * two dimensions. What `gaussian` leaves out are third moments, over 6 sigma_max^3.
 * @throws FewstepError unknown-name; bad-field where moments would have to be measured and there is no GPU
 */
export async function priorOf(
  gpu: Gpu | undefined,
  field: Field,
  name: PriorName,
  range: SigmaRange,
  signal?: AbortSignal,
): Promise<Prior> {
  const { dim, mixture } = field;
  const noise = range.sigmaMax ** 2;
  if (!PRIORS.includes(name)) throw unknownName('prior', name, PRIORS);
  if (name === 'latents') return diagonal(new Float64Array(dim), new Float64Array(dim).fill(noise));
  if (!mixture) {
    const { data } = await fieldFigures(gpu, field, range, signal);
    return diagonal(Float64Array.from(data.mean), new Float64Array(dim).fill(data.std ** 2 + noise));
  }
  const mean = mixtureMean(mixture);
  if (mixture.weights.length * dim * dim > MOST_PRODUCTS) {
    return diagonal(
      mean,
      mixtureVariances(mixture).map((variance) => variance + noise),
    );
  }
  const covariance = Matrix.from1DArray(dim, dim, mixtureCovariance(mixture));
  // Rounding leaves it not quite symmetric.
  const symmetric = Matrix.add(covariance, covariance.transpose()).mul(0.5);
  return correlated(mean, symmetric.add(Matrix.eye(dim).mul(noise)));
}

function diagonal(mean: Float64Array, variances: Float64Array): Prior {
  const logDeterminant = variances.reduce((sum, variance) => sum + Math.log(2 * Math.PI * variance), 0);
  return (states, row) => {
    const squares = mean.reduce(
      (sum, value, d) => sum + (states[row * mean.length + d] - value) ** 2 / variances[d],
      0,
    );
    return -0.5 * (squares + logDeterminant);
  };
}

function correlated(mean: Float64Array, covariance: Matrix): Prior {
  const factor = new CholeskyDecomposition(covariance).lowerTriangularMatrix;
  const dim = mean.length;
  const logDeterminant = factor.diagonal().reduce((sum, value) => sum + 2 * Math.log(value), 0);
  return (states, row) => {
    // The offset in units of the factor, by forward substitution.
    const z = new Float64Array(dim);
    let squares = 0;
    for (let i = 0; i < dim; i++) {
      let rest = states[row * dim + i] - mean[i];
      for (let j = 0; j < i; j++) rest -= factor.get(i, j) * z[j];
      z[i] = rest / factor.get(i, i);
      squares += z[i] ** 2;
    }
    return -0.5 * (squares + logDeterminant + dim * Math.log(2 * Math.PI));
  };
}
