import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { conform } from '../io/schema.js';
import { BESPOKE_FORMULAS, BESPOKE_STARTS, bespokeLayout } from '../solver/bespoke.js';
import { type BespokePredictor, bespokeSchedule, formOf, networkSize } from './bespoke-predictor.js';
import { count, positive, type Refusal, type StoredKind, schedulesOf } from './stored-kind.js';

// Times follow from the numbers.
const schedulesSchema = schedulesOf({
  nfe: count,
  grid: v.string(),
  formula: v.picklist(BESPOKE_FORMULAS),
  start: v.picklist(BESPOKE_STARTS),
  network: v.optional(v.literal(true)),
});
const bespokeSchema = v.strictObject({ sigmaMin: positive, sigmaMax: positive, std: positive });

/**
 * Bespoke solvers: `schedules` have NFE, what each began as, formula and start, and whether there are networks; `bespoke`
 * is the range and the standard deviation of the data. Tensors:
 *
 *   numbers.<nfe>  F64 [size]  those of `bespokeLayout`
 *   network.<nfe>  F32 [size]  those of `tangentLayout`, where the schedule has networks
 *   figures.mean   F32 [dim]   the mean of the data
 */
export const storedBespoke: StoredKind<BespokePredictor> = {
  encode({ schedules, range, data }, refuse) {
    const listed = schedules.map(({ nfe, grid, formula, start, network }) => ({
      ...{ nfe, grid, formula, start },
      ...(network && { network: true as const }),
    }));
    const bespoke = conform(bespokeSchema, { ...range, std: data.std }, refuse);
    for (const schedule of schedules) {
      const { nfe, numbers, network } = schedule;
      const size = sizeOf(schedule, refuse);
      if (numbers.length !== size) {
        throw refuse(`its schedule for NFE ${nfe} has ${numbers.length} numbers, not ${size}`);
      }
      if (!network) continue;
      const needed = networkSize(formOf({ range, data }, schedule), numbers);
      if (network.length === needed) continue;
      throw refuse(`its networks for NFE ${nfe} have ${network.length} numbers, not ${needed}`);
    }
    return {
      metadata: {
        schedules: JSON.stringify(conform(schedulesSchema, listed, refuse)),
        bespoke: JSON.stringify(bespoke),
      },
      tensors: [
        ['figures.mean', { shape: [data.mean.length], values: data.mean }],
        ...schedules.map(
          ({ nfe, numbers }) => [`numbers.${nfe}`, { shape: [numbers.length], values: numbers }] as const,
        ),
        ...schedules.flatMap(({ nfe, network }) =>
          network ? [[`network.${nfe}`, { shape: [network.length], values: network }] as const] : [],
        ),
      ],
    };
  },
  decode({ solver, afs, dim, entry, tensor, bad }) {
    if ((solver !== 'bespoke' && solver !== 'bespoke-net') || afs) {
      throw bad(`it is a bespoke solver, and its metadata says '${solver}'${afs ? ' with AFS' : ''}`);
    }
    const listed = entry('schedules', schedulesSchema);
    const { std, ...range } = entry('bespoke', bespokeSchema);
    const data = { mean: tensor('figures.mean', Float32Array, [dim]).values, std };
    const schedules = listed.map(({ grid, network, ...schedule }) => {
      const { nfe } = schedule;
      const { values } = tensor(`numbers.${nfe}`, Float64Array, [sizeOf(schedule, bad)]);
      const form = formOf({ range, data }, schedule);
      const table = possible(nfe, bad, () => bespokeSchedule(form, values, grid));
      if (!network) return table;
      const size = networkSize(form, values);
      return { ...table, network: tensor(`network.${nfe}`, Float32Array, [size]).values };
    });
    return { kind: 'bespoke', solver, afs, range, data, schedules };
  },
};

function sizeOf(schedule: Parameters<typeof bespokeLayout>[0], refuse: Refusal): number {
  return possible(schedule.nfe, refuse, () => bespokeLayout(schedule).size);
}

function possible<T>(nfe: number, refuse: Refusal, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof FewstepError)) throw error;
    throw refuse(`its schedule for NFE ${nfe} cannot be: ${error.message}`, error);
  }
}
