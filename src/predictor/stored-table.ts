import { conform } from '../io/schema.js';
import { answersIn } from '../solver/amed-family.js';
import type { TablePredictor } from './predictor.js';
import { type StoredKind, scheduleEntries, schedulesOf } from './stored-kind.js';

const schema = schedulesOf(scheduleEntries);

/** Columns of `answers.<nfe>`. */
const ANSWERS = 3;

/**
 * Tables: `schedules` have NFE, the name of the grid and times. Tensors:
 *
 *   answers.<nfe>  F64 [steps, 3]  r, scale of the direction and scale of the time, a step a row
 */
export const storedTable: StoredKind<TablePredictor> = {
  encode({ schedules }, refuse) {
    const listed = schedules.map(({ nfe, grid, times }) => ({ nfe, grid, times }));
    return {
      metadata: { schedules: JSON.stringify(conform(schema, listed, refuse)) },
      tensors: schedules.map(({ nfe, answers }) => {
        const values = Float64Array.from(answers.flatMap(({ r, direction, time }) => [r, direction, time]));
        return [`answers.${nfe}`, { shape: [answers.length, ANSWERS], values }] as const;
      }),
    };
  },
  decode({ solver, afs, entry, tensor }) {
    const schedules = entry('schedules', schema).map((schedule) => {
      const shape = [schedule.times.length - 1, ANSWERS];
      const { values } = tensor(`answers.${schedule.nfe}`, Float64Array, shape);
      return { ...schedule, answers: answersIn(values) };
    });
    return { kind: 'table', solver, afs, schedules };
  },
};
