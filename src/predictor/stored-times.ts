import { conform } from '../io/schema.js';
import type { TimesPredictor } from './predictor.js';
import { type StoredKind, scheduleEntries, schedulesOf } from './stored-kind.js';

const schema = schedulesOf(scheduleEntries);

/**
 * Learned times: `schedules` have NFE, the name of the grid that they began as, and the times. Tensors:
 *
 *   told.<nfe>  F64 [NFE]  what each evaluation's time is multiplied by where the field is told it
 */
export const storedTimes: StoredKind<TimesPredictor> = {
  encode({ schedules }, refuse) {
    const listed = schedules.map(({ nfe, grid, times }) => ({ nfe, grid, times }));
    return {
      metadata: { schedules: JSON.stringify(conform(schema, listed, refuse)) },
      tensors: schedules.map(({ nfe, told }) => {
        return [`told.${nfe}`, { shape: [told.length], values: Float64Array.from(told) }] as const;
      }),
    };
  },
  decode({ solver, afs, entry, tensor }) {
    const schedules = entry('schedules', schema).map((schedule) => {
      const { values } = tensor(`told.${schedule.nfe}`, Float64Array, [schedule.nfe]);
      return { ...schedule, told: [...values] };
    });
    return { kind: 'times', solver, afs, schedules };
  },
};
