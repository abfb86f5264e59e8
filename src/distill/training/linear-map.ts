/** Of each of some numbers, which parameters it moves with, and how far. */
export type LinearRows = readonly (readonly { at: number; weight: number }[])[];

/** Numbers as a linear function of parameters, added to `start`. */
export interface LinearMap {
  start: Float64Array;
  rows: LinearRows;
}

/** Normal equations, or a sum of them. */
export interface Sums {
  /** [size, size] */
  matrix: Float64Array;
  gradient: Float64Array;
}

/** The numbers for some parameters. */
export function mapped(parameters: Float64Array, map?: LinearMap): Float64Array {
  if (!map) return parameters;
  return map.start.map((value, i) =>
    map.rows[i].reduce((sum, { at, weight }) => sum + weight * parameters[at], value),
  );
}

/** Adds equations in the numbers to those in the parameters: M^T A M and M^T g, M the rows. */
export function addMapped(own: Sums, rows: LinearRows, share: number, sums: Sums): void {
  const size = sums.gradient.length;
  const count = own.gradient.length;
  for (let p = 0; p < count; p++) {
    for (const { at, weight } of rows[p]) sums.gradient[at] += share * weight * own.gradient[p];
    for (let q = 0; q < count; q++) {
      const value = share * own.matrix[p * count + q];
      for (const one of rows[p]) {
        for (const other of rows[q])
          sums.matrix[one.at * size + other.at] += one.weight * other.weight * value;
      }
    }
  }
}
