import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { AdamOptions } from './adam.js';
import { annealed } from './annealed.js';

export interface FullMatrixAdamOptions extends Omit<AdamOptions, 'epsilon'> {
  /** What is added to every direction's root mean square gradient, in units of the largest. */
  damping?: number;
}

/** Steps between two searches for the directions; each of the first steps has its own. */
const EVERY = 20;
const FIRST = 10;

/**
 * Adam (arXiv 1412.6980) whose second moment is the whole matrix E[g g^T], not its diagonal (as full-matrix AdaGrad,
 * arXiv 1806.02958): each of the matrix's eigenvectors has its own step length. A solver has some tens of parameters, a
 * time, a weight and a scale of which do nearly the same, so that along an axis nothing can move far, and together far.
 * On ring, pinwheel and mixture-64 at NFE 7 (two seeds, 4,096 fresh latents) tables end 1.0 to 2.5 times (mean) and 1.3
 * to 2.0 times (median) nearer after as many steps than with Adam, and on pinwheel as near as with three times its steps
 * at a quarter of its rate.
 */
export class FullMatrixAdam {
  /** In units of the rates, as all that follows. */
  private readonly first: Float64Array;
  private readonly second: Matrix;
  private directions?: { vectors: Matrix; lengths: number[] };
  private step = 0;

  constructor(
    readonly parameters: Float64Array,
    private readonly options: FullMatrixAdamOptions,
  ) {
    this.first = new Float64Array(parameters.length);
    this.second = Matrix.zeros(parameters.length, parameters.length);
  }

  /** One step against a gradient, in which what is not finite counts as 0. */
  update(gradient: ArrayLike<number>): void {
    const { rates, steps, warmup = 0, beta1 = 0.9, beta2 = 0.99, clip = Infinity } = this.options;
    const finite = Float64Array.from(gradient, (slope) => (Number.isFinite(slope) ? slope : 0));
    const norm = Math.hypot(...finite);
    const scale = norm > clip ? clip / norm : 1;
    const slopes = finite.map((slope, i) => scale * slope * rates[i]);
    const schedule = annealed(this.step, steps, warmup);
    this.step++;
    for (let i = 0; i < slopes.length; i++) {
      this.first[i] += (1 - beta1) * (slopes[i] - this.first[i]);
      for (let j = 0; j < slopes.length; j++) {
        const known = this.second.get(i, j);
        this.second.set(i, j, known + (1 - beta2) * (slopes[i] * slopes[j] - known));
      }
    }
    if (!this.directions || this.step <= FIRST || this.step % EVERY === 0) this.turn(beta2);
    const { vectors, lengths } = this.directions!;
    const bias = 1 - beta1 ** this.step;
    for (let k = 0; k < lengths.length; k++) {
      if (lengths[k] === 0) continue;
      let along = 0;
      for (let i = 0; i < slopes.length; i++) along += vectors.get(i, k) * this.first[i];
      const move = (schedule * along) / (bias * lengths[k]);
      for (let i = 0; i < slopes.length; i++) this.parameters[i] -= move * vectors.get(i, k) * rates[i];
    }
  }

  /** Finds the eigenvectors of the second moment, and by what the gradient along each is divided. */
  private turn(beta2: number): void {
    const { damping = 0.01 } = this.options;
    const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(this.second, {
      assumeSymmetric: true,
    });
    const bias = 1 - beta2 ** this.step;
    const roots = realEigenvalues.map((square) => Math.sqrt(Math.max(square, 0) / bias));
    const least = damping * Math.max(0, ...roots);
    this.directions = { vectors: eigenvectorMatrix, lengths: roots.map((root) => root + least) };
  }
}
