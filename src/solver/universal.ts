import { FewstepError, unknownName } from '../errors.js';
import type { Field } from '../field/field.js';
import { DEFAULT_RANGE, type SigmaRange } from '../grid/grid.js';
import { type BespokeForm, bespokeLayout, bespokePlan } from './bespoke.js';
import type { Plan } from './plan.js';
import tables from './universal.json' with { type: 'json' };

/**
 * What universal tables were trained over: exact fields, from 2-D curves to patterns of 256 numbers; those of up to 4
 * dimensions alone; mixtures of few components in 8 dimensions and more; narrow densities around patterns, curves and
 * drawings there; and data sets, which are points; networks of 2 to 256 numbers, with labels and without; with
 * classifier-free guidance of 1.4 and 2; of 3 and 5.
 */
export const UNIVERSAL_KINDS = [
  'exact',
  'low-dimensional',
  'mixture',
  'density',
  'points',
  'network',
  'guided',
  'strongly-guided',
] as const;
/** One of UNIVERSAL_KINDS. */
export type UniversalKind = (typeof UNIVERSAL_KINDS)[number];

/** What the tables of each kind were trained over, in words. */
export const TRAINED_ON: Record<UniversalKind, string> = {
  exact: 'exact fields',
  'low-dimensional': 'exact fields of 2 to 4 dimensions',
  mixture: 'mixtures',
  density: 'narrow densities',
  points: 'data sets',
  network: 'networks',
  guided: 'networks with guidance',
  'strongly-guided': 'networks with strong guidance',
};

/** A bespoke solver in units of the data's mean and standard deviation, which suits many fields. */
export interface UniversalTable {
  kind: UniversalKind;
  nfe: number;
  formula: string;
  /** As `bespokeLayout` has them after a Gaussian start, for data of mean 0 and standard deviation 1. */
  numbers: readonly number[];
}

/** The tables that come with the package, trained by `npm run train:universal`; of fields that no test uses. */
export const universalTables = tables.tables as readonly UniversalTable[];

/** Numbers in a state of the largest fields that the tables were trained on. */
export const TRAINED_UP_TO = 256;

/** The NFE that there are universal tables for, of each kind the same, as they come with the package. */
export const universalCounts: readonly number[] = [...new Set(universalTables.map(({ nfe }) => nfe))];

const LOW_DIMENSIONAL = 4;

/** Whose tables may suit a field: of one that is not known exactly nobody tells how much guidance there is in it. */
export function universalKindsOf({ mixture, dim }: Pick<Field, 'mixture' | 'dim'>): readonly UniversalKind[] {
  const low = dim <= LOW_DIMENSIONAL;
  if (mixture)
    return low ? ['exact', 'low-dimensional', 'points'] : ['exact', 'mixture', 'density', 'points'];
  return ['exact', low ? 'low-dimensional' : 'mixture', 'network', 'guided', 'strongly-guided'];
}

/** The form whose numbers a universal table holds. */
export function unitForm(formula: string, nfe: number): BespokeForm {
  const { sigmaMin, sigmaMax } = DEFAULT_RANGE;
  // Data on [-1, 1] has a standard deviation of about a half.
  const range = { sigmaMin: 2 * sigmaMin, sigmaMax: 2 * sigmaMax };
  return { formula, start: 'gaussian', nfe, range, data: { mean: [0], std: 1 } };
}

/**
 * Brings numbers in units of the data to a field: times are scaled, and mu gets the weight with which a shift of the
 * data shifts the result.
 * @throws FewstepError bad-grid where the range has no room for the times
 */
export function placed(form: BespokeForm, unit: ArrayLike<number>): Float64Array {
  const { steps, w } = bespokeLayout(form);
  const { std } = form.data;
  const numbers = Float64Array.from(unit);
  for (let i = 0; i < steps; i++) numbers[i] += Math.log(std);
  numbers[steps] = Math.log(form.range.sigmaMin);
  if (numbers[0] >= Math.log(form.range.sigmaMax) || numbers[steps - 1] <= numbers[steps]) {
    throw new FewstepError(
      'bad-grid',
      `times from ${Math.exp(numbers[0])} to ${Math.exp(numbers[steps - 1])} do not lie within sigma_max ` +
        `${form.range.sigmaMax} and sigma_min ${form.range.sigmaMin}`,
      'give a wider range, or distil a solver for this one',
    );
  }
  for (const [n, first] of w.entries()) {
    const share = Math.exp(numbers[n + 1] - numbers[0]);
    let sum = (numbers[first] * share) / (1 - share);
    for (let i = first + 2; i < (w[n + 1] ?? numbers.length); i++) sum += numbers[i];
    numbers[first + 1] = -sum;
  }
  return numbers;
}

/** @throws FewstepError unreachable-nfe where there is none, unknown-name for a kind that does not exist */
export function universalTable(nfe: number, kind: UniversalKind = 'exact'): UniversalTable {
  const table = universalTables.find((each) => each.nfe === nfe && each.kind === kind);
  if (table) return table;
  if (!UNIVERSAL_KINDS.includes(kind)) throw unknownName('kind of universal table', kind, UNIVERSAL_KINDS);
  throw new FewstepError(
    'unreachable-nfe',
    `there is no universal bespoke solver of ${nfe} evaluations`,
    `take ${universalCounts.join(', ')}, or learn one: distillBespoke, or \`fewstep distill --solver bespoke\``,
  );
}

/**
 * The form and the numbers of the universal bespoke solver of K evaluations, for a field of which only the data's mean and
 * standard deviation are known.
 * @throws FewstepError unreachable-nfe where there is none, bad-grid where the range has no room for its times
 */
function universalSolver(
  nfe: number,
  data: BespokeForm['data'],
  range: SigmaRange = DEFAULT_RANGE,
  kind: UniversalKind = 'exact',
): { form: BespokeForm; numbers: Float64Array } {
  const { formula, numbers } = universalTable(nfe, kind);
  const form: BespokeForm = { formula, start: 'gaussian', nfe, range, data };
  return { form, numbers: placed(form, numbers) };
}

/** `universalSolver`, or undefined where there is none or the range has no room for it. */
export function findUniversalSolver(
  ...given: Parameters<typeof universalSolver>
): ReturnType<typeof universalSolver> | undefined {
  try {
    return universalSolver(...given);
  } catch (error) {
    if (error instanceof FewstepError && ['unreachable-nfe', 'bad-grid'].includes(error.code))
      return undefined;
    throw error;
  }
}

/**
 * The plan of the universal bespoke solver of K evaluations, which learned on other fields, for one of which only the
 * mean and the standard deviation of the data are known: what `sample` runs for 'bespoke' without a predictor. It
 * learned on fields of up to 256 numbers.
 * @param nfe one of `universalCounts`
 * @param data mean [dim] and one standard deviation over all numbers: `fieldFigures` has them
 * @param range 0.002 to 80 by default
 * @param kind 'exact' by default; `chooseUniversal` finds a field's
 * @throws FewstepError unreachable-nfe where there is none, unknown-name for a kind that does not exist, bad-grid where the
 *   range has no room for its times
 */
export function universalPlan(
  nfe: number,
  data: BespokeForm['data'],
  range?: SigmaRange,
  kind?: UniversalKind,
): Plan {
  const { form, numbers } = universalSolver(nfe, data, range, kind);
  return { ...bespokePlan(form, numbers), solver: 'bespoke (universal)' };
}
