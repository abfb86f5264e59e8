/** The smallest time of Score-SDE's linear VP schedule (arXiv 2011.13456, appendix C). */
export const VP_EPSILON = 1e-3;

/** The linear VP schedule whose noise-to-signal ratio runs from sigmaMin at VP_EPSILON to sigmaMax at 1. */
export class VpTime {
  readonly betaD: number;
  readonly betaMin: number;

  constructor(sigmaMin: number, sigmaMax: number) {
    const [low, high] = [Math.log1p(sigmaMin ** 2), Math.log1p(sigmaMax ** 2)];
    this.betaD = (2 * (low / VP_EPSILON - high)) / (VP_EPSILON - 1);
    this.betaMin = high - this.betaD / 2;
  }

  sigma(u: number): number {
    return Math.sqrt(Math.expm1((this.betaD * u * u) / 2 + this.betaMin * u));
  }

  /** Whether sigma rises with time up to 1: it does unless sigmaMin is large beside sigmaMax. */
  get rises(): boolean {
    return this.betaMin + this.betaD >= 0;
  }

  /** The inverse of `sigma`. */
  time(sigma: number): number {
    const root = Math.sqrt(this.betaMin ** 2 + 2 * this.betaD * Math.log1p(sigma ** 2));
    return (root - this.betaMin) / this.betaD;
  }
}
