import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { random } from '../../rng/random.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import type { TeacherPool } from '../pool.js';
import { LOST, softeningOf, unlessDiverged } from '../score.js';
import { GaussNewton } from './gauss-newton.js';
import { addMapped, type LinearMap, mapped } from './linear-map.js';
import { drawTrajectories, Linearisation } from './normal-equations.js';

/** One of several solvers that share their parameters: on a field of its own, or at an NFE of its own. */
export interface SharedTask {
  field: Field;
  /** Its plans as a function of its own parameters. */
  family: PlanFamily;
  training: TeacherPool;
  /** The typical error where the training begins. */
  reference: number;
  /** Its own parameters as a linear function of the shared ones, added to `start`; by default they are the same. */
  map?: LinearMap;
}

export interface SharedTrainingOptions {
  /** Trajectories of a task in a batch. */
  batch: number;
  /** Tasks, drawn at random, whose mean equations an iteration follows. */
  tasks: number;
  iterations: number;
  /** How far each shared parameter may go, relative to the others. */
  units: ArrayLike<number>;
  /** As of `GaussNewton`. */
  longest?: number;
  damping?: number;
  seed: number;
  validateEvery: number;
  /** Of parameters, over all tasks: the lower the better. */
  validate(parameters: Float64Array): Promise<number>;
  onRecord?: (iteration: number, score: number) => void;
  signal?: AbortSignal;
}

/**
 * Trains parameters that several solvers share: the mean over the tasks of the logarithmic loss, which does not care how
 * hard a task is, by Gauss-Newton. Of all states validated, the start included, the best.
 */
export async function trainShared(
  gpu: Gpu,
  tasks: readonly SharedTask[],
  start: { parameters: Float64Array; score: number },
  options: SharedTrainingOptions,
): Promise<{ parameters: Float64Array; score: number }> {
  const { batch, iterations, units, longest, damping, validateEvery, validate, onRecord, signal } = options;
  const optimiser = new GaussNewton(start.parameters, { units, longest, damping, steps: iterations });
  const size = start.parameters.length;
  const order = random(options.seed, 41);
  let best = start;
  const linearisations = new Map<SharedTask, Linearisation>();
  const linearisationOf = async (task: SharedTask) => {
    const known = linearisations.get(task);
    if (known) return known;
    const { field, family, reference } = task;
    const made = await Linearisation.create(gpu, field, family, { batch, softening: softeningOf(reference) });
    linearisations.set(task, made);
    return made;
  };
  const equationsOf = async (task: SharedTask, own: Float64Array) => {
    const linearisation = await linearisationOf(task);
    const part = drawTrajectories(task.training, linearisation.batch, order);
    return unlessDiverged(() => linearisation.at(own, part));
  };
  const iterate = async (parameters: Float64Array) => {
    const matrix = new Float64Array(size * size);
    const gradient = new Float64Array(size);
    for (let i = 0; i < options.tasks; i++) {
      const task = tasks[Math.floor(order.uniform() * tasks.length)];
      const own = mapped(parameters, task.map);
      const rows = task.map?.rows ?? Array.from(own, (_, at) => [{ at, weight: 1 }]);
      const equations = await equationsOf(task, own);
      // A task that diverges says nothing; validation sees it.
      if (equations) addMapped(equations, rows, 1 / options.tasks, { matrix, gradient });
    }
    optimiser.update({ matrix, gradient });
  };
  try {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      signal?.throwIfAborted();
      await iterate(optimiser.parameters);
      if (iteration % validateEvery !== 0 && iteration !== iterations) continue;
      const state = optimiser.parameters;
      const score = (await unlessDiverged(() => validate(state))) ?? Infinity;
      if (score < best.score) best = { parameters: state, score };
      else if (score > best.score + LOST) optimiser.restart(best.parameters);
      onRecord?.(iteration, score);
    }
  } finally {
    for (const linearisation of linearisations.values()) linearisation.destroy();
  }
  return best;
}
