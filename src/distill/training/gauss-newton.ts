import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { annealed } from '../network/annealed.js';
import type { NormalEquations } from './normal-equations.js';

export interface GaussNewtonOptions {
  /** How far each parameter may go, relative to the others. */
  units: ArrayLike<number>;
  /** After so many steps the steps have become nothing. */
  steps: number;
  /** The most that one step moves a parameter, in its units; 0.1 by default. */
  longest?: number;
  /**
   * Added along each parameter's unit; 0.5 by default. Losses are logarithms, so that it means the same for every field.
   */
  damping?: number;
}

const RATE = 0.7;
const WARMUP = 10;
const MOMENTUM = 0.5;
/** Of the matrix, over the batches. */
const MEMORY = 0.9;

/**
 * Damped Gauss-Newton steps on batches (Levenberg, 1944; Marquardt, 1963), the matrix averaged over the batches, the
 * gradient with momentum. A solver has some tens of parameters, a time, a weight and a scale of which do nearly the same;
 * the matrix knows which. docs/results.md says what this gained on Adam with gradients through the plan.
 */
export class GaussNewton {
  private average?: { matrix: Float64Array; gradient: Float64Array };
  private step = 0;

  constructor(
    public parameters: Float64Array,
    private readonly options: GaussNewtonOptions,
  ) {}

  /** Steps by the equations of one batch. What is not finite is left out. */
  update({ matrix, gradient }: Pick<NormalEquations, 'matrix' | 'gradient'>): void {
    const { units, steps, longest = 0.1, damping = 0.5 } = this.options;
    const rate = RATE * annealed(this.step++, steps, WARMUP);
    if (!(gradient.every(Number.isFinite) && matrix.every(Number.isFinite))) return;
    this.average = this.average
      ? {
          matrix: mixed(this.average.matrix, matrix, MEMORY),
          gradient: mixed(this.average.gradient, gradient, MOMENTUM),
        }
      : { matrix: matrix.slice(), gradient: gradient.slice() };
    const size = gradient.length;
    const damped = this.average.matrix.slice();
    for (let p = 0; p < size; p++) {
      damped[p * size + p] += damping / units[p] ** 2;
      // Sums of several tasks are symmetric but for rounding.
      for (let q = 0; q < p; q++) damped[q * size + p] = damped[p * size + q];
    }
    const decomposition = new CholeskyDecomposition(Matrix.from1DArray(size, size, damped));
    if (!decomposition.isPositiveDefinite()) return; // by rounding, where errors are all but nothing
    const direction = decomposition.solve(Matrix.columnVector(this.average.gradient));
    const move = Float64Array.from(direction.to1DArray(), (value) => -rate * value);
    const farthest = Math.max(...move.map((value, p) => Math.abs(value) / units[p]));
    const shrink = Math.min(1, longest / farthest);
    this.parameters = this.parameters.map((value, p) => value + shrink * move[p]);
  }

  /** Goes on from elsewhere, with nothing in mind. */
  restart(parameters: Float64Array): void {
    this.parameters = parameters;
    this.average = undefined;
  }
}

function mixed(old: Float64Array, recent: Float64Array, memory: number): Float64Array {
  return old.map((value, i) => memory * value + (1 - memory) * recent[i]);
}
