import { checkEntries } from '../../arguments.js';
import { checkWhole } from '../../execute/inputs.js';
import { checkField } from '../../field/check.js';
import type { Field } from '../../field/field.js';
import { checkGpu } from '../../gpu/check.js';
import type { Gpu } from '../../gpu/gpu.js';
import { numbersFrom, trainedFamily, trainedFrom, unitsOf } from '../../solver/bespoke-family.js';
import { bespokeTangent } from '../../tangent/bespoke-moves.js';
import { type TangentRecord, type TrainedTangent, trainTangent } from '../network/tangent.js';
import { checkPool, type TeacherPool } from '../pool.js';
import { typicalError } from '../score.js';
import type { FamilyRecord, FamilyState } from '../training/family-training.js';
import { trainFamily } from '../training/family-training.js';
import { type BespokeSettings, type DistilledBespoke, LONGEST_STEP } from './bespoke.js';
import { checkNetSettings } from './bespoke-settings.js';

/** The teacher's trajectories that the networks learn from and are judged by, and how long they learn. */
export interface BespokeNetOptions {
  /** At least as many trajectories as a batch of the networks has. */
  training: TeacherPool;
  validation: TeacherPool;
  /**
   * Of the networks, 600 by default; the table that goes on without them has a third, which evaluate the field as
   * often.
   */
  iterations?: number;
  /** Trajectories in an iteration of the networks; 128 by default. */
  batch?: number;
  /** After each validation of the networks. */
  onRecord?: (record: TangentRecord) => void;
  /** After each iteration of the table. */
  onTable?: (record: FamilyRecord) => void;
  signal?: AbortSignal;
}

/** A table with networks that move its numbers for each trajectory, and the same table trained on as much. */
export interface DistilledBespokeNet {
  net: TrainedTangent;
  /** The table after as many evaluations of the field as the networks took, or more. */
  table: { numbers: Float64Array; score: FamilyState['score'] };
  /** Whether the networks help the mean and the median of the validation trajectories, against the table trained on. */
  helps: boolean;
  /** Wall time of both trainings. */
  seconds: { net: number; table: number };
}

export const NET_ITERATIONS = 600;
export const NET_BATCH = 128;
/**
 * Iterations of the table for one of the networks, which evaluates 128 trajectories forwards and back, as four of them: the
 * table's evaluates 32 for each number that is learned, of which there are 21 to 105.
 */
export const TABLE_SHARE = 1 / 3;

/**
 * Trains networks on top of a bespoke table, and beside them the table alone, to see what the networks add. The idea of
 * moving a solver for each trajectory is AMED's (arXiv 2312.00094); networks along the tangent of a table are our own.
 * @param settings batch of the table's iterations, and seed of both trainings
 * @throws FewstepError bad-field where the field has no gradient, which the networks need; bad-argument for fewer
 *   trajectories than a batch, or numbers of which the plan cannot be moved; not-finite where the table itself diverges
 *   or meets its teacher exactly; bad-shape, device-limit
 */
export async function distillBespokeNet(
  gpu: Gpu,
  field: Field,
  { form, numbers, best }: Pick<DistilledBespoke, 'form' | 'numbers' | 'best'>,
  settings: Pick<BespokeSettings, 'batch' | 'seed'>,
  options: BespokeNetOptions,
): Promise<DistilledBespokeNet> {
  checkGpu(gpu);
  checkField(field);
  checkEntries<BespokeNetOptions>("distillBespokeNet's options", options, {
    training: true,
    validation: true,
    iterations: false,
    batch: false,
    onRecord: false,
    onTable: false,
    signal: false,
  });
  checkPool('training', options.training, field);
  checkPool('validation', options.validation, field);
  const { training, validation, onRecord, onTable, signal } = options;
  const { iterations = NET_ITERATIONS, batch: netBatch = NET_BATCH } = options;
  const { batch, seed } = settings;
  checkWhole('iterations', iterations, 0);
  checkWhole('batch', netBatch, 1);
  checkNetSettings(settings);
  const net = await trainTangent(gpu, field, bespokeTangent(form, numbers), {
    ...{ training, validation, iterations, batch: netBatch, seed, onRecord, signal },
  });
  const begin = performance.now();
  const state = { parameters: trainedFrom(form, numbers), score: best };
  const table = await trainFamily(gpu, field, trainedFamily(form), state, {
    ...{ training, validation, batch, signal, onRecord: onTable },
    iterations: Math.ceil(TABLE_SHARE * iterations),
    units: unitsOf(form),
    longest: LONGEST_STEP,
    reference: typicalError(best),
    seed: seed + 1,
  });
  return {
    net,
    table: { numbers: numbersFrom(form, table.parameters), score: table.score },
    helps: net.best.mean < table.score.mean && net.best.median < table.score.median,
    seconds: { net: net.seconds, table: (performance.now() - begin) / 1000 },
  };
}
