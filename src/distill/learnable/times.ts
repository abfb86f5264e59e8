import { FewstepError } from '../../errors.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { sigmoid } from '../../mlp/activation.js';
import type { Solver } from '../../solver/define.js';
import { nfeOf } from '../../solver/plan.js';
import { withToldTimes } from '../../solver/told-times.js';
import type { Budget } from '../budget.js';
import type { TeacherPool } from '../pool.js';
import type { Score } from '../score.js';
import type { DistillSettings } from '../settings.js';
import type { FamilyRecord } from '../training/family-training.js';
import { scaleAround1 } from './answer-parameters.js';
import { type DistilledLearnable, distillLearnable } from './distill-learnable.js';
import type { Learnable, NamedTimes } from './learnable.js';
import { checkLearning } from './learnable-check.js';

/** A solver that learned nothing, whose times are to be learned. */
export interface TimesStudent {
  solver: Solver;
  /** Of the solver, as its `plan` takes them. */
  options?: Record<string, unknown>;
  /** Whether its first evaluation is analytical. */
  afs: boolean;
  /**
   * One or more lists of times to begin with, each of as many steps: the training takes the best. The first is the
   * untrained base's.
   */
  grids: NamedTimes[];
}

/** The times that a solver learned, and what the field is told in place of them. */
export interface DistilledTimes
  extends Pick<DistilledLearnable, 'base' | 'start' | 'best' | 'history' | 'iterations' | 'seconds'> {
  /** Name of the grid that they began as. */
  grid: string;
  /** Decreasing sigma, [steps + 1]. */
  times: number[];
  /** What each evaluation's time is multiplied by where the field is told it, [NFE]. */
  told: number[];
}

/** One iteration of a training of times. */
export interface TimesRecord extends Omit<FamilyRecord, 'parameters'> {
  /** Name of the grid that they began as. */
  grid: string;
  /** After the iteration: decreasing sigma, [steps + 1]. */
  times: number[];
}

/** The teacher's trajectories that times learn from and are chosen by, and how long they learn. */
export interface TimesOptions {
  /** `ROBUST` are the usual ones; a scaleTime of 0 learns the times alone. */
  settings: Pick<DistillSettings, 'batch' | 'iterations' | 'seed' | 'scaleTime'>;
  /** In place of `settings.iterations`: what search and training may take together, the teacher aside. */
  budget?: Budget;
  /** Of the states the last alone, the end points. */
  training: TeacherPool;
  /** Trajectories of the same teacher from other latents, see `poolSeeds`. */
  validation: TeacherPool;
  /** Once, before training: the best grid with its score, and that of the first grid. */
  onStart?: (start: { grid: string; score: Score }, base: Score) => void;
  /** How many iterations there will be in all; told again where a budget has room for others. */
  onPlanned?: (iterations: number) => void;
  /** Numbered from 1 over all grids that are tried. */
  onRecord?: (record: TimesRecord) => void;
  signal?: AbortSignal;
  /**
   * Ends the training early: the best of what was learned until then is the result. During the search for a start it
   * rejects, as `signal` does.
   */
  finish?: AbortSignal;
}

/** A gap between two times becomes at most e^this times as long, before all are made to fit the range. */
const WIDEST = 2;

/**
 * Learns the times of a solver that is otherwise as it was published, and what the field is told at each of its
 * evaluations: what LD3 learns (arXiv 2405.15506), by the robust recipe in place of theirs, without a gradient of the
 * field. The first and the last time stay.
 * @throws FewstepError bad-argument where there is nothing to learn (one step, and a scaleTime of 0), for options that
 *   the solver does not take, or one that draws noise; bad-grid for impossible times; bad-shape for trajectories of
 *   another dimension; device-limit; bad-field where a model of the user's fails
 */
export async function distillTimes(
  gpu: Gpu,
  field: Field,
  student: TimesStudent,
  options: TimesOptions,
): Promise<DistilledTimes> {
  checkLearning('distillTimes', [gpu, field, student, options], {
    method: 'plan',
    remedy: "give one of `solvers`, such as solverByName('unipc-2')",
    settings: ['batch', 'iterations', 'seed', 'scaleTime'],
  });
  const { settings, budget, training, validation, onStart, onPlanned, onRecord, signal, finish } = options;
  const { grid, parameters, ...rest } = await distillLearnable(
    gpu,
    field,
    learnableTimes(student, settings),
    {
      ...{ settings, budget, training, validation, onPlanned, signal, finish },
      onStart: ({ grid: { name }, score }, untrained) => onStart?.({ grid: name, score }, untrained),
      onRecord: ({ parameters: own, ...record }, { name, times }) =>
        onRecord?.({
          ...record,
          grid: name,
          times: timesOf(times, own.subarray(0, gapsOf(times.length - 1))),
        }),
    },
  );
  const { times, told } = learnedOf(student, settings, grid.times, parameters);
  return { ...rest, grid: grid.name, times, told };
}

type Scale = Pick<DistillSettings, 'scaleTime'>;

/**
 * A solver whose parameters are a logit for each gap between its times, where there are two or more, and one for what each
 * evaluation tells the field, where that may differ from its time.
 * @throws FewstepError bad-argument where there is nothing to learn
 */
export function learnableTimes(student: TimesStudent, scale: Scale): Learnable {
  const { solver, options, afs, grids } = student;
  if (scale.scaleTime === 0 && gapsOf(grids[0].times.length - 1) === 0) {
    throw new FewstepError(
      'bad-argument',
      `${solver.name} has one step, whose ends stay, and the field is told its time: there is nothing to learn`,
      'give more evaluations, or a scale of the time above 0',
    );
  }
  return {
    grids,
    plan(base, parameters) {
      const { times, told } = learnedOf(student, scale, base, parameters);
      return withToldTimes(solver.plan(times, { afs, options }), told);
    },
    untrained: (steps) =>
      new Float64Array(gapsOf(steps) + (scale.scaleTime > 0 ? evaluationsOf(student) : 0)),
  };
}

function learnedOf(
  student: TimesStudent,
  { scaleTime }: Scale,
  base: readonly number[],
  parameters: Float64Array,
): Pick<DistilledTimes, 'times' | 'told'> {
  const gaps = gapsOf(base.length - 1);
  const logits = [...parameters.subarray(gaps)];
  return {
    times: timesOf(base, parameters.subarray(0, gaps)),
    told:
      scaleTime > 0
        ? logits.map((logit) => scaleAround1(scaleTime, logit))
        : new Array<number>(evaluationsOf(student)).fill(1),
  };
}

function evaluationsOf({ solver, options, afs, grids }: TimesStudent): number {
  return nfeOf(solver.plan(grids[0].times, { afs, options }));
}

/** One gap alone is the whole range. */
function gapsOf(steps: number): number {
  return steps > 1 ? steps : 0;
}

/** A grid's times with each gap in the logarithm made longer or shorter, and the first and the last kept. */
function timesOf(base: readonly number[], logits: Float64Array): number[] {
  const last = base.length - 1;
  if (logits.length === 0) return [...base];
  const gaps = base
    .slice(1)
    .map((time, n) => Math.log(base[n] / time) * Math.exp(WIDEST * (2 * sigmoid(logits[n]) - 1)));
  const fit = Math.log(base[0] / base[last]) / gaps.reduce((sum, gap) => sum + gap, 0);
  let at = Math.log(base[0]);
  return base.map((time, n) => {
    if (n > 0) at -= fit * gaps[n - 1];
    return n === 0 || n === last ? time : Math.exp(at);
  });
}
