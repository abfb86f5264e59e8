import { annealed } from './annealed.js';

export interface AdamOptions {
  /** Learning rate of each parameter, before the schedule. */
  rates: ArrayLike<number>;
  /** Steps in all: the rate falls to 0 as half a cosine. */
  steps: number;
  /** Steps over which the rate rises from 0. */
  warmup?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Gradients of a larger norm are scaled down to this one. */
  clip?: number;
}

/** Adam (arXiv 1412.6980) in float64 on the host, for the some tens of parameters that a solver has. */
export class Adam {
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private step = 0;

  constructor(
    readonly parameters: Float64Array,
    private readonly options: AdamOptions,
  ) {
    this.first = new Float64Array(parameters.length);
    this.second = new Float64Array(parameters.length);
  }

  /** One step against a gradient, in which what is not finite counts as 0. */
  update(gradient: ArrayLike<number>): void {
    const {
      rates,
      steps,
      warmup = 0,
      beta1 = 0.9,
      beta2 = 0.99,
      epsilon = 1e-8,
      clip = Infinity,
    } = this.options;
    const finite = Float64Array.from(gradient, (slope) => (Number.isFinite(slope) ? slope : 0));
    const norm = Math.hypot(...finite);
    const scale = norm > clip ? clip / norm : 1;
    const schedule = annealed(this.step, steps, warmup);
    this.step++;
    for (let i = 0; i < this.parameters.length; i++) {
      const slope = scale * finite[i];
      this.first[i] += (1 - beta1) * (slope - this.first[i]);
      this.second[i] += (1 - beta2) * (slope * slope - this.second[i]);
      const mean = this.first[i] / (1 - beta1 ** this.step);
      const square = this.second[i] / (1 - beta2 ** this.step);
      this.parameters[i] -= (schedule * rates[i] * mean) / (Math.sqrt(square) + epsilon);
    }
  }
}
