import { poolSeeds, runTeacher, type TeacherPool } from '../../src/distill/pool.js';
import { scoreOfErrors } from '../../src/distill/score.js';
import type { DistillSettings } from '../../src/distill/settings.js';
import { FewstepError } from '../../src/errors.js';
import { type SolveOptions, solve } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import {
  type DistributionDistances,
  type DistributionReference,
  distributionReference,
} from '../../src/metrics/distribution-reference.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import type { Plan } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { FLOOR_SEED, floorOf } from '../solvers/floor.js';
import { flipsOf, nearest } from './flips.js';
import type { Measured } from './row.js';
import type { Truth } from './truth.js';

/** The exact flow, as far as few-step solvers can tell. */
const EXACT = { solver: 'unipc-3', nfe: 256 };

export interface ContextOptions {
  gpu: Gpu;
  field: Field;
  truth?: DistributionTruth;
  /** Fresh latents. */
  batch: number;
  /** How rows learn; its seed is that of the fresh latents too. */
  settings: DistillSettings;
  /** All NFE that are asked for, for what learns for several at once. */
  counts: readonly number[];
}

/** What all rows of one seed are measured with, and learn from. */
export interface Context extends Pick<ContextOptions, 'gpu' | 'field' | 'settings' | 'counts'> {
  seed: number;
  /** End points of the exact flow from fresh latents. */
  exact: TeacherPool;
  /** The teacher's trajectories, made when they are first asked for. */
  pools(): Promise<{ training: TeacherPool; validation: TeacherPool; evaluations: number }>;
  /** Everything there is to know of the end points that a solver came to from the fresh latents. */
  measure(samples: Float32Array): Measured;
  /** Distances to the data that the exact end points have, and that as many fresh true draws have. */
  reached?: { exact: DistributionDistances; floor?: DistributionDistances };
}

/** A truth that is prepared for comparisons once for all seeds. */
export interface DistributionTruth extends Truth {
  reference: DistributionReference;
}

export function prepareTruth(truth: Truth, dim: number): DistributionTruth {
  return { ...truth, reference: distributionReference(truth.samples, dim) };
}

/** Solves exactly, and prepares the comparison with that. */
export async function contextOf(options: ContextOptions): Promise<Context> {
  const { gpu, field, truth, batch, settings, counts } = options;
  const { seed } = settings;
  const exact = await runTeacher(gpu, field, planFor(EXACT), { count: batch, seed });
  const [ends] = exact.states;
  const exactNearest = truth && nearest(ends, truth.anchors, field.dim);
  let pools: ReturnType<Context['pools']> | undefined;
  return {
    ...{ gpu, field, settings, counts, seed, exact },
    pools: () => {
      pools ??= taught(gpu, field, settings);
      return pools;
    },
    measure(samples) {
      const errors = endpointErrors(samples, ends, field.dim);
      const test = scoreOfErrors(errors);
      if (!truth) return { test };
      const distances = truth.reference.compare(samples);
      return {
        test,
        distances,
        flips: flipsOf(nearest(samples, truth.anchors, field.dim), exactNearest!, errors),
      };
    },
    reached: truth && {
      exact: truth.reference.compare(ends),
      ...(truth.draw && {
        floor: floorOf((i) => truth.reference.compare(truth.draw!(batch, FLOOR_SEED + i))),
      }),
    },
  };
}

async function taught(gpu: Gpu, field: Field, settings: DistillSettings) {
  const plan = planFor(settings.teacher);
  const seeds = poolSeeds(settings.seed);
  const training = await runTeacher(gpu, field, plan, { count: settings.trajectories, seed: seeds.training });
  const validation = await runTeacher(gpu, field, plan, {
    count: settings.validation,
    seed: seeds.validation,
  });
  return { training, validation, evaluations: training.evaluations + validation.evaluations };
}

/** Measures a plan, with what it needs besides latents; one that diverges is infinitely bad. */
export async function measurePlan(
  { gpu, field, exact, measure }: Context,
  plan: Plan,
  inputs: Pick<SolveOptions, 'columns' | 'predictor'> = {},
): Promise<Measured> {
  try {
    const { samples } = await solve(gpu, field, plan, { latents: { values: exact.latents }, ...inputs });
    return measure(samples);
  } catch (error) {
    if (!(error instanceof FewstepError && error.code === 'not-finite')) throw error;
    return { test: { mean: Infinity, median: Infinity, score: Infinity } };
  }
}
