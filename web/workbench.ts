import { allIterations } from '../src/distill/budget.js';
import {
  BESPOKE,
  bespokePlan,
  distillBespoke,
  type Field,
  type Gpu,
  type Plan,
  type PlanRequest,
  planFor,
  poolSeeds,
  ROBUST,
  runTeacher,
  type Score,
  sample,
} from '../src/index.js';
import { endpointErrors } from '../src/metrics/endpoint-errors.js';
import { median } from '../src/metrics/quantile.js';

/** What a solver made of the latents that all of them share. */
export interface Outcome {
  samples: Float32Array;
  /** Field evaluations of each trajectory, as really made. */
  evaluations: number;
  /** From the call to the samples on the host, milliseconds. */
  ms: number;
}

/** An outcome beside the exact flow's. */
export interface Compared extends Outcome {
  errors: Float64Array;
  mean: number;
  median: number;
}

export interface LearningProgress {
  /** From 0 to 1. */
  done: number;
  /** On the validation trajectories, where a state was validated. */
  score?: Score;
}

const SEED = 7;
/** Whose end points are taken for the exact flow's. */
export const EXACT: PlanRequest = { solver: 'unipc-3', nfe: 256 };
export const TEACHER: PlanRequest = ROBUST.teacher;
/** A fifth of the trajectories, less than half of the starts and a third of the iterations of `fewstep distill`. */
export const LEARNING = {
  ...BESPOKE,
  trajectories: 2048,
  validation: 512,
  candidates: 6,
  candidateIterations: 8,
  iterations: 60,
};

/** Solvers on one field, all from the same latents. */
export class Workbench {
  private exactOutcome?: Promise<Outcome>;
  private readonly learned = new Map<number, Plan>();

  constructor(
    private readonly gpu: Gpu,
    private readonly field: Field,
    private readonly batch: number,
  ) {}

  /** The exact flow, to which everything is compared: solved once. */
  exact(): Promise<Outcome> {
    this.exactOutcome ??= this.run({ plan: planFor(EXACT) });
    return this.exactOutcome;
  }

  async compare(request: PlanRequest | { plan: Plan }): Promise<Compared> {
    await this.run(request); // compiles
    return this.compared(await this.run(request));
  }

  /** The solver learned here for this NFE, or else the universal table. */
  async bespoke(nfe: number): Promise<Compared> {
    const plan = this.learned.get(nfe);
    return this.compare(plan ? { plan } : { solver: 'bespoke', nfe });
  }

  hasLearned(nfe: number): boolean {
    return this.learned.has(nfe);
  }

  /** Distils a bespoke solver, which `bespoke` then runs. Returns seconds, the teacher's included. */
  async learn(nfe: number, onProgress: (progress: LearningProgress) => void): Promise<number> {
    const begin = performance.now();
    const { gpu, field } = this;
    const plan = planFor(TEACHER);
    const seeds = poolSeeds(0);
    const training = await runTeacher(gpu, field, plan, {
      count: LEARNING.trajectories,
      seed: seeds.training,
    });
    const validation = await runTeacher(gpu, field, plan, {
      count: LEARNING.validation,
      seed: seeds.validation,
    });
    const total = allIterations(LEARNING.candidates, LEARNING.candidateIterations, LEARNING.iterations);
    let done = 0;
    const { form, numbers } = await distillBespoke(
      gpu,
      field,
      { ...LEARNING, nfe },
      {
        training,
        validation,
        onRecord: (_, { validation: score }) => onProgress({ done: ++done / total, score }),
      },
    );
    this.learned.set(nfe, bespokePlan(form, numbers));
    return (performance.now() - begin) / 1000;
  }

  private async run(request: PlanRequest | { plan: Plan }): Promise<Outcome> {
    const { gpu, field, batch } = this;
    const begin = performance.now();
    const { samples, evaluations } = await sample(gpu, { field, batch, seed: SEED, ...request });
    return { samples, evaluations, ms: performance.now() - begin };
  }

  private async compared(outcome: Outcome): Promise<Compared> {
    const { samples } = await this.exact();
    const errors = endpointErrors(outcome.samples, samples, 2);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    return { ...outcome, errors, mean, median: median(errors) };
  }
}
