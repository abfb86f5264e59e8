import { parseGrid } from '../../src/grid/grid.js';
import type { Random } from '../../src/rng/random.js';
import { type BespokeForm, bespokeLayout, plainNumbers } from '../../src/solver/bespoke.js';
import { trainedFrom } from '../../src/solver/bespoke-family.js';

/** What is trained of a bespoke solver, up to `by` from that of the formula's own; a Gaussian start ends at sigma 5. */
export function nearPlain(form: BespokeForm, source: Random, by: number): Float64Array {
  const range = form.start === 'gaussian' ? { ...form.range, sigmaMax: 5 } : form.range;
  const times = parseGrid('polynomial:5').times(bespokeLayout(form).steps, range);
  return trainedFrom(form, plainNumbers(form, times)).map((value) => value + source.between(-by, by));
}
