import type { PlanFamily } from '../solver/plan-family.js';
import { type Budget, countedIterations } from './budget.js';
import { iterationsWithin, trainingEvaluations } from './training/family-training.js';

/** Keeps account of what a distillation takes of its budget, the teacher aside. */
export class Spending {
  private readonly begin = performance.now();
  private evaluations = 0;
  private iterations = 0;
  /** Of trainings, in seconds, and of what was tried before them. */
  private trained = { seconds: 0, iterations: 0 };

  /** @param sizes trajectories in a batch, and those to validate with */
  constructor(
    private readonly budget: Budget | undefined,
    private readonly sizes: { batch: number; validation: number },
  ) {}

  /** Since it began, in seconds. */
  get elapsed(): number {
    return (performance.now() - this.begin) / 1000;
  }

  /** Evaluations of the field, none of them by a training. */
  made(evaluations: number): void {
    this.evaluations += evaluations;
  }

  /** A few iterations that tell how long one takes. */
  probed(iterations: number, seconds: number): void {
    this.trained.seconds += seconds;
    this.trained.iterations += iterations;
  }

  /** A training. */
  ran(family: PlanFamily, iterations: number, seconds: number): void {
    this.iterations += iterations;
    this.probed(iterations, seconds);
    // What they are takes a while to find (docs/performance.md).
    if (this.budget?.unit === 'evaluations')
      this.evaluations += trainingEvaluations(family, this.sizes, iterations);
  }

  /**
   * Iterations of a family that the rest of the budget suffices for; undefined without one, and of seconds before any ran.
   * @param part of the whole budget, as if there were no more
   */
  left(family: PlanFamily, part = 1): number | undefined {
    if (!this.budget) return undefined;
    const { amount, unit } = this.budget;
    const counted = countedIterations(this.budget, this.sizes.batch);
    if (counted !== undefined) return Math.max(0, counted - this.iterations);
    if (unit === 'evaluations') return iterationsWithin(part * amount - this.evaluations, family, this.sizes);
    const { seconds, iterations } = this.trained;
    if (iterations === 0) return undefined;
    return Math.max(0, Math.floor(((amount - this.elapsed) * iterations) / seconds));
  }
}
