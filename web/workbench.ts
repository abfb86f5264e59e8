import {
  type Field,
  type Gpu,
  type Plan,
  type PlanRequest,
  planFor,
  poolSeeds,
  ROBUST,
  runTeacher,
  sample,
  type TeacherPool,
} from '../src/index.js';
import { endpointErrors } from '../src/metrics/endpoint-errors.js';
import { median } from '../src/metrics/quantile.js';
import { type Method, methods, type Step } from './methods.js';

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

/** How a learning goes; a stage that cannot tell how far it is has no `of`. */
export interface Progress extends Partial<Step> {
  stage: string;
  /** Of the stage, from 1, and how many there are. */
  number: number;
  stages: number;
}

/** What was learned. */
export interface Learned {
  plan: Plan;
  /** On the validation trajectories: the less the better. */
  score: number;
  /** The teacher's included, where it had not run before. */
  seconds: number;
  /** Whether more can be had: somebody had seen enough. */
  stopped: boolean;
}

const SEED = 7;
/** Whose end points are taken for the exact flow's. */
export const EXACT: PlanRequest = { solver: 'unipc-3', nfe: 256 };
export const TEACHER: PlanRequest = ROBUST.teacher;
/** Trajectories: a fifth of those of `fewstep distill`. */
export const TRAJECTORIES = { training: 2048, validation: 512 };
/** Of the teacher at once, so that it shows how far it is and stops soon. */
const CHUNK = 256;

/** Solvers on one field, all from the same latents. */
export class Workbench {
  private exactOutcome?: Promise<Outcome>;
  private pools?: { training: TeacherPool; validation: TeacherPool };
  private readonly learnedPlans = new Map<string, Learned>();

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

  /** What a method learned here for this NFE. */
  learned(method: string, nfe: number): Learned | undefined {
    return this.learnedPlans.get(`${method} ${nfe}`);
  }

  /**
   * Learns a solver, which `learned` then has, unless it has a better one from before.
   * @param finish ends it with what is learned; before anything is, it rejects, and everything stays as it was
   */
  async learn(
    name: string,
    nfe: number,
    onProgress: (progress: Progress) => void,
    finish: AbortSignal,
  ): Promise<Learned> {
    finish.throwIfAborted(); // while it waited for its turn
    const begin = performance.now();
    const { gpu, field } = this;
    const method: Method = methods[name];
    const stages = ['running the teacher', ...method.stages];
    const report = (stage: number, step?: Step) =>
      onProgress({ stage: stages[stage], number: stage + 1, stages: stages.length, ...step });
    this.pools ??= await this.teach((step) => report(0, step), finish);
    const { plan, score } = await method.learn({
      ...{ gpu, field, nfe, ...this.pools, finish },
      report: (stage, step) => report(stage + 1, step),
    });
    const seconds = (performance.now() - begin) / 1000;
    const learned = { plan, score, seconds, stopped: finish.aborted };
    const before = this.learned(name, nfe);
    if (!before || score <= before.score) this.learnedPlans.set(`${name} ${nfe}`, learned);
    return learned;
  }

  private async teach(report: (step: Step) => void, signal: AbortSignal) {
    const seeds = poolSeeds(0);
    const unit = 'trajectory';
    const of = TRAJECTORIES.training + TRAJECTORIES.validation;
    const run = (count: number, seed: number, before: number) =>
      runTeacher(this.gpu, this.field, planFor(TEACHER), {
        ...{ count, seed, chunk: CHUNK, signal },
        onProgress: (done) => report({ done: before + done, of, unit }),
      });
    report({ done: 0, of, unit });
    return {
      training: await run(TRAJECTORIES.training, seeds.training, 0),
      validation: await run(TRAJECTORIES.validation, seeds.validation, TRAJECTORIES.training),
    };
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
