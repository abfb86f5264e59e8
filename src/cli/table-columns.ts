import { needsMean, type SolverTable } from '../solver/table.js';
import { table as aligned } from './table.js';

/** A solver's table for people: a line for each state that is evaluated, and one for the result. */
export function tableColumns(made: SolverTable): string {
  const { times, rows, sigmaMin } = made;
  const mean = needsMean(made);
  const header = ['state', 'sigma', 'x_T', ...(mean ? ['mean'] : []), ...times.map((_, k) => `D_${k}`)];
  const lines = rows.map((row, k) => {
    const numbers = mean ? row : row.filter((_, i) => i !== 1);
    const cells = [
      k < times.length ? String(k) : 'result',
      digits(times[k] ?? sigmaMin),
      ...numbers.map(digits),
    ];
    return [...cells, ...Array.from({ length: header.length - cells.length }, () => '')];
  });
  return aligned(header, lines);
}

/** Five significant digits, signed numbers under each other. */
function digits(value: number): string {
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e5)
      ? value.toExponential(4)
      : String(Number(value.toPrecision(5)));
  return value < 0 ? text : ` ${text}`;
}
