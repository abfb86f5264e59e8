/** Points that a derivative is taken from. */
const STENCIL = 9;
/** differentiation[p][j]: what value j of nine at even steps of 1 adds to the derivative at point p of their polynomial. */
const differentiation = Array.from({ length: STENCIL }, (_, p) => derivativeWeights(p));

/**
 * A smooth function known at even steps: cubic Hermite interpolation of it and of its slope between them, with
 * derivatives at the points by nine-point differences. Beyond its ends it stays what it is there.
 */
export class Curve {
  /** Derivatives at the points, per unit. */
  readonly slopes: Float64Array;
  /** Second derivatives. */
  readonly curvatures: Float64Array;

  /** @param values at least nine, at first, first + step, ... */
  constructor(
    readonly first: number,
    readonly step: number,
    readonly values: Float64Array,
  ) {
    this.slopes = differentiated(values, step);
    this.curvatures = differentiated(this.slopes, step);
  }

  /** The last point. */
  get last(): number {
    return this.first + this.step * (this.values.length - 1);
  }

  value(at: number): number {
    return this.between(at, this.values, this.slopes);
  }

  /** The derivative; 0 beyond the ends. */
  slope(at: number): number {
    if (at < this.first || at > this.last) return 0;
    return this.between(at, this.slopes, this.curvatures);
  }

  private between(at: number, values: Float64Array, slopes: Float64Array): number {
    const last = values.length - 1;
    const place = Math.min(last, Math.max(0, (at - this.first) / this.step));
    const i = Math.min(last - 1, Math.floor(place));
    const s = place - i;
    const bend = (1 - s) * slopes[i] - s * slopes[i + 1];
    return values[i] + s * s * (3 - 2 * s) * (values[i + 1] - values[i]) + s * (1 - s) * this.step * bend;
  }
}

function differentiated(values: Float64Array, step: number): Float64Array {
  const centre = (STENCIL - 1) / 2;
  return values.map((_, i) => {
    const start = Math.min(values.length - STENCIL, Math.max(0, i - centre));
    const weights = differentiation[i - start];
    let sum = 0;
    // Of differences, so that a constant has the slope 0 to the last bit.
    for (let j = 0; j < STENCIL; j++) sum += weights[j] * (values[start + j] - values[i]);
    return sum / step;
  });
}

/** Lagrange's polynomials of the points 0 to 8, differentiated at point p. */
function derivativeWeights(p: number): number[] {
  const points = Array.from({ length: STENCIL }, (_, i) => i);
  const product = (j: number) => points.reduce((all, k) => (k === j ? all : all * (j - k)), 1);
  return points.map((j) => (j === p ? 0 : product(p) / product(j) / (p - j)));
}
