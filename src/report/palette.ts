/** Colours of solvers, the same in every picture: CSS variables, so that light, dark and print differ. */
export interface Palette {
  /** Highlighted solvers, then Euler's method as the baseline. */
  readonly named: readonly string[];
  /** Of a solver or of a row label; undefined for those that stay in the background. */
  color(row: string): string | undefined;
}

export function palette(highlights: readonly string[], solvers: readonly string[]): Palette {
  const colors = new Map(highlights.map((solver, i) => [solver, `var(--c${i})`]));
  if (solvers.includes('euler') && !colors.has('euler')) colors.set('euler', 'var(--baseline)');
  return {
    named: [...colors.keys()],
    // A row label is the solver, or the solver and ' · grid' or ' + AFS'.
    color: (row) => colors.get(row.split(/ [·+] /)[0]),
  };
}
