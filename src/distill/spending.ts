import type { PlanFamily } from '../solver/plan-family.js';
import { type Budget, countedIterations } from './budget.js';
import { iterationsWithin, trainingEvaluations } from './training/family-training.js';

/** Iterations that tell how long one takes, validation included. */
const PROBE = 10;

/** Keeps account of what a distillation takes of its budget, the teacher aside. */
export class Spending {
  private readonly begin = performance.now();
  private evaluations = 0;
  private iterations = 0;
  /** Of trainings, and of what was tried before them. */
  private readonly timed = { seconds: 0, iterations: 0 };

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

  /**
   * Times a few iterations, with a budget of seconds alone: a schedule of learning rates has to know its end before it
   * begins.
   * @param train trains so many; nobody needs the result
   */
  async probe(train: (iterations: number) => Promise<unknown>): Promise<void> {
    if (this.budget?.unit !== 'seconds') return;
    await train(1); // compiles
    const begin = this.elapsed;
    await train(PROBE);
    this.took(PROBE, begin);
  }

  /** A training of so many iterations that began at this elapsed time. */
  ran(family: PlanFamily, iterations: number, begin: number): void {
    this.iterations += iterations;
    this.took(iterations, begin);
    // What they are takes a while to find (docs/performance.md).
    if (this.budget?.unit === 'evaluations')
      this.evaluations += trainingEvaluations(family, this.sizes, iterations);
  }

  private took(iterations: number, begin: number): void {
    this.timed.seconds += this.elapsed - begin;
    this.timed.iterations += iterations;
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
    const { seconds, iterations } = this.timed;
    if (iterations === 0) return undefined;
    return Math.max(0, Math.floor(((part * amount - this.elapsed) * iterations) / seconds));
  }

  /**
   * Evaluations that a part of the budget suffices for beside what it went into; undefined where it does not say so: of
   * seconds before any iteration of this family ran.
   */
  room(family: PlanFamily, part: number): number | undefined {
    if (this.budget?.unit === 'evaluations') return part * this.budget.amount - this.evaluations;
    const { seconds, iterations } = this.timed;
    if (this.budget?.unit !== 'seconds' || iterations === 0) return undefined;
    const rate = trainingEvaluations(family, this.sizes, iterations) / seconds;
    return (part * this.budget.amount - this.elapsed) * rate;
  }
}
