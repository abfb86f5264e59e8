import type { MlpConfig } from './config.js';
import { ConventionTable } from './convention.js';

/** D = skip x + out F(input x, noise) at one noise level. */
export interface Precondition {
  skip: number;
  out: number;
  input: number;
  /** What F is told. */
  noise: number;
}

/** The four functions of sigma that make a denoiser of a network, in float64. */
export interface Preconditioning {
  at(sigma: number): Precondition;
  /** Their derivatives with respect to sigma. */
  slope(sigma: number): Precondition;
}

export function preconditioning({ convention, sigmaData }: MlpConfig): Preconditioning {
  return convention ? new ConventionTable(convention, sigmaData) : new EdmPreconditioning(sigmaData);
}

/** EDM's (arXiv 2206.00364, table 1). */
class EdmPreconditioning implements Preconditioning {
  constructor(private readonly sigmaData: number) {}

  at(sigma: number): Precondition {
    const data = this.sigmaData;
    const spread = sigma ** 2 + data ** 2;
    return {
      skip: data ** 2 / spread,
      out: (sigma * data) / Math.sqrt(spread),
      input: 1 / Math.sqrt(spread),
      noise: Math.log(sigma) / 4,
    };
  }

  slope(sigma: number): Precondition {
    const data = this.sigmaData;
    const spread = sigma ** 2 + data ** 2;
    return {
      skip: (-2 * sigma * data ** 2) / spread ** 2,
      out: data ** 3 / spread ** 1.5,
      input: -sigma / spread ** 1.5,
      noise: 1 / (4 * sigma),
    };
  }
}
