/** An explicit Runge-Kutta method, as data. */
export interface Tableau {
  /** As errors name it. */
  name: string;
  /** Of convergence. */
  order: number;
  /** Where in the step each stage is, [stages]. */
  c: readonly number[];
  /** What each stage is made of, [stages], row i of i numbers. */
  a: readonly (readonly number[])[];
  /** What the end of the step is made of, [stages]. */
  b: readonly number[];
  /** The same of the embedded solution, one order lower, where there is one. */
  embedded?: readonly number[];
}

/** Dormand and Prince's 5(4) pair (J. Comput. Appl. Math. 6, 1980). Its last stage is the first of the next step. */
export const dormandPrince: Tableau = {
  name: 'dormand-prince-5',
  order: 5,
  c: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1],
  a: [
    [],
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
  ],
  b: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
  embedded: [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40],
};

/** The classic method of order 4 (Kutta, 1901). */
export const classicRungeKutta: Tableau = {
  name: 'rk4',
  order: 4,
  c: [0, 1 / 2, 1 / 2, 1],
  a: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
  b: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
};

/** Whether the last stage is at the end of the step, so that its slope is the first one of the next step. */
export function reusesLast({ a, b, c }: Tableau): boolean {
  const last = b.length - 1;
  return c[last] === 1 && b[last] === 0 && a[last].every((value, j) => value === b[j]);
}
