import { runTeacher } from '../../src/distill/pool.js';
import { drawTrajectories, Linearisation } from '../../src/distill/training/normal-equations.js';
import type { Executor } from '../../src/execute/fused-plan.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { trainedFamily, trainedFrom } from '../../src/solver/bespoke-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { findUniversalSolver } from '../../src/solver/universal.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';

/** Trajectories of an iteration, as `fewstep distill` has them by default. */
const BATCH = 32;

/** What an iteration of the training of a bespoke solver takes, without the step that follows it. */
export interface IterationRow {
  field: string;
  dim: number;
  nfe: number;
  executor: Exclude<Executor, 'auto'>;
  /** What is trained. */
  parameters: number;
  batch: number;
  /** Of the field, of all trajectories. */
  evaluations: number;
  repeats: number;
  /** Wall time: columns, a submit, a wait, the sums to the host. */
  ms: MinMedianMax;
}

/**
 * Linearises the universal table of exact fields on a field again and again. Stepwise an operation is done for those
 * alone that it changes for, in a fused kernel for all: which is faster on an adapter is what the two rows tell.
 */
export async function measureIteration(
  gpu: Gpu,
  field: Field,
  { name, nfe, executor }: { name: string; nfe: number; executor: IterationRow['executor'] },
  repeats: number,
): Promise<IterationRow> {
  const { dim } = field;
  const data = { mean: new Array<number>(dim).fill(0), std: 1 };
  const { form, numbers } = findUniversalSolver(nfe, data, DEFAULT_RANGE)!;
  const parameters = trainedFrom(form, numbers);
  const pool = await runTeacher(gpu, field, planFor({ solver: 'ipndm-3', nfe: 12 }), { count: 256, seed: 1 });
  const size = { batch: BATCH, softening: 1e-4, executor };
  const linearisation = await Linearisation.create(gpu, field, trainedFamily(form), size);
  const order = random(0, 1);
  const iterate = () => linearisation.at(parameters, drawTrajectories(pool, BATCH, order));
  await iterate(); // what is done once, such as finding what each parameter changes
  const before = gpu.work.evaluations;
  await iterate();
  const evaluations = gpu.work.evaluations - before;
  const ms: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const begin = performance.now();
    await iterate();
    ms.push(performance.now() - begin);
  }
  linearisation.destroy();
  return {
    ...{ field: name, dim, nfe, executor, parameters: parameters.length, batch: BATCH, evaluations, repeats },
    ms: minMedianMax(ms),
  };
}
