import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { numbersFrom, trainedFamily, trainedFrom } from '../solver/bespoke-family.js';
import { bespokeTangent } from '../tangent/bespoke-moves.js';
import { type BespokeSettings, type DistilledBespoke, ratesOf } from './bespoke.js';
import { type FamilyRecord, type FamilyState, trainFamily } from './family-training.js';
import type { TeacherPool } from './pool.js';
import { type TangentRecord, type TrainedTangent, trainTangent } from './tangent.js';

export interface BespokeNetOptions {
  training: TeacherPool;
  validation: TeacherPool;
  /** Of the networks, and of the table that goes on without them. */
  iterations?: number;
  onRecord?: (record: TangentRecord) => void;
  onTable?: (record: FamilyRecord) => void;
  signal?: AbortSignal;
}

/** A table with networks that move its numbers for each trajectory, and the same table trained on for as long. */
export interface DistilledBespokeNet {
  net: TrainedTangent;
  /** The table at equal iterations. */
  table: { numbers: Float64Array; score: FamilyState['score'] };
  /** Whether the networks help the mean and the median of the validation trajectories, against the table trained on. */
  helps: boolean;
  seconds: { net: number; table: number };
}

export const NET_ITERATIONS = 600;
/** Of the table that goes on: it has been trained already. */
const RATE = 0.5;

/** Trains networks on top of a bespoke table, and beside them the table alone, to see what the networks add. */
export async function distillBespokeNet(
  gpu: Gpu,
  field: Field,
  { form, numbers, best }: Pick<DistilledBespoke, 'form' | 'numbers' | 'best'>,
  settings: Pick<BespokeSettings, 'batch' | 'seed'>,
  options: BespokeNetOptions,
): Promise<DistilledBespokeNet> {
  const { training, validation, iterations = NET_ITERATIONS, onRecord, onTable, signal } = options;
  const { batch, seed } = settings;
  const net = await trainTangent(gpu, field, bespokeTangent(form, numbers), {
    ...{ training, validation, iterations, batch, seed, onRecord, signal },
  });
  const begin = performance.now();
  const state = { parameters: trainedFrom(form, numbers), score: best };
  const table = await trainFamily(gpu, field, trainedFamily(form), state, {
    training,
    validation,
    validateEvery: 25,
    ...{ batch, iterations, signal, onRecord: onTable },
    rates: ratesOf(form).map((rate) => RATE * rate),
    warmup: 20,
    optimiser: 'full-matrix-adam',
    seed: seed + 1,
  });
  return {
    net,
    table: { numbers: numbersFrom(form, table.parameters), score: table.score },
    helps: net.best.mean < table.score.mean && net.best.median < table.score.median,
    seconds: { net: net.seconds, table: (performance.now() - begin) / 1000 },
  };
}
