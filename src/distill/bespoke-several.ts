import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { DEFAULT_RANGE, type SigmaRange } from '../grid/grid.js';
import { type BespokeForm, bespokeLayout, bespokePlan } from '../solver/bespoke.js';
import { numbersFrom, trainedFamily, trainedFrom } from '../solver/bespoke-family.js';
import type { PlanFamily } from '../solver/plan-family.js';
import { findUniversalSolver } from '../solver/universal.js';
import { type BespokeCandidate, searchBespoke } from './bespoke-search.js';
import { dataFigures } from './data-figures.js';
import type { TeacherPool } from './pool.js';
import { type Score, scoreOf, typicalError } from './score.js';
import { trainShared } from './shared-training.js';

export interface SeveralSettings {
  nfe: readonly number[];
  range?: SigmaRange;
  batch: number;
  iterations: number;
  seed: number;
}

/** Bespoke solvers of several NFE that share what they learned. */
export interface DistilledSeveral {
  /** Whether they began as the universal tables, which were better than plain solvers of one formula. */
  universal: boolean;
  solvers: { form: BespokeForm; numbers: Float64Array; start: Score; best: Score }[];
  seconds: number;
}

type Start = Pick<BespokeCandidate, 'form' | 'numbers'>;

/** Knots of a curve over the steps of a solver, whatever their number. */
const KNOTS = 8;
/** The newest evaluations whose residual weights are learned. */
const RECENT = 4;
/** Curves: gaps, c, log a, the weights of x_0, of mu and of the newest evaluations. */
const CURVES = 5 + RECENT;

/**
 * One conditioned solver for several NFE: corrections of each NFE's own start, searched or universal, read from curves over the share of
 * the steps done, which all NFE have in common, with one part that is the same for all and one that goes with 1 / NFE.
 */
export async function distillSeveral(
  gpu: Gpu,
  field: Field,
  settings: SeveralSettings,
  { training, validation, signal }: { training: TeacherPool; validation: TeacherPool; signal?: AbortSignal },
): Promise<DistilledSeveral> {
  const begin = performance.now();
  const { mean, std } = dataFigures(training);
  const common = { range: settings.range ?? DEFAULT_RANGE, data: { mean: [...mean], std } };
  const found: BespokeCandidate[][] = [];
  for (const nfe of settings.nfe) {
    const choices = { starts: ['gaussian'] as const, signal };
    found.push(await searchBespoke(gpu, field, { ...common, nfe }, training, choices));
  }
  const scores = async (solvers: readonly Start[]) => {
    const all: Score[] = [];
    for (const { form, numbers } of solvers) {
      all.push(await scoreOf(gpu, field, bespokePlan(form, numbers), validation));
    }
    return all;
  };
  const meanScore = (all: readonly Score[]) => all.reduce((sum, { score }) => sum + score, 0) / all.length;
  const searched = ofCommonFormula(found);
  const tables = settings.nfe.map((nfe) => findUniversalSolver(nfe, common.data, common.range));
  const universal = tables.every((table) => table !== undefined) ? tables : searched;
  const both = [await scores(searched), await scores(universal)];
  const better = meanScore(both[1]) < meanScore(both[0]) ? 1 : 0;
  const [starts, before] = [[searched, universal][better], both[better]];
  const families = starts.map(({ form, numbers }) => sharedFamily(form, trainedFrom(form, numbers)));
  const solversOf = (shared: Float64Array): Start[] =>
    starts.map(({ form }, i) => ({ form, numbers: numbersFrom(form, families[i].trainedFor(shared)) }));
  const parameters = new Float64Array(2 * (CURVES * KNOTS + 1));
  const best = await trainShared(
    gpu,
    families.map(({ family }, i) => ({ field, family, training, reference: typicalError(before[i]) })),
    { parameters, score: meanScore(before) },
    {
      batch: settings.batch,
      tasks: settings.nfe.length,
      iterations: settings.iterations,
      rates: parameters.map((_, i) => (Math.floor(i / 2) < KNOTS ? 0.02 : 0.01)),
      warmup: 20,
      seed: settings.seed,
      validateEvery: 25,
      validate: async (shared) => meanScore(await scores(solversOf(shared))),
      signal,
    },
  );
  const solvers = solversOf(best.parameters);
  const after = await scores(solvers);
  return {
    universal: better === 1,
    solvers: solvers.map((solver, i) => ({ ...solver, start: before[i], best: after[i] })),
    seconds: (performance.now() - begin) / 1000,
  };
}

/** Of each NFE the solver of the formula with the least mean score over all. */
function ofCommonFormula(found: readonly BespokeCandidate[][]): BespokeCandidate[] {
  const of = (formula: string) => found.map((each) => each.find(({ form }) => form.formula === formula)!);
  const sum = (formula: string) => of(formula).reduce((total, { score }) => total + score.score, 0);
  const formulas = found[0].map(({ form }) => form.formula);
  return of(formulas.reduce((a, b) => (sum(b) < sum(a) ? b : a)));
}

interface SharedFamily {
  family: PlanFamily;
  trainedFor(shared: Float64Array): Float64Array;
}

/** A solver's family as a function of the shared curves: what is trained is its start's plus a linear map of them. */
function sharedFamily(form: BespokeForm, start: Float64Array): SharedFamily {
  const own = trainedFamily(form);
  const map = curveMap(form);
  const trainedFor = (shared: Float64Array) =>
    start.map((value, i) => map[i].reduce((sum, { at, weight }) => sum + weight * shared[at], value));
  return {
    trainedFor,
    family: {
      plan: own.plan,
      sources: own.sources,
      values: (shared) => own.values(trainedFor(shared)),
      jacobian(shared) {
        return own.jacobian(trainedFor(shared)).map((row) => {
          const pulled = new Float64Array(shared.length);
          for (const [i, slope] of row.entries()) {
            for (const { at, weight } of map[i]) pulled[at] += weight * slope;
          }
          return pulled;
        });
      },
    },
  };
}

/** For each number that is trained, which shared numbers it reads and how. */
function curveMap(form: BespokeForm): { at: number; weight: number }[][] {
  const { steps, firstEvaluated, w } = bespokeLayout(form);
  const read = (curve: number, n: number) => {
    const place = (n / Math.max(1, steps - 1)) * (KNOTS - 1);
    const left = Math.min(Math.floor(place), KNOTS - 2);
    return [1 - (place - left), place - left].flatMap((weight, side) => {
      const at = 2 * (curve * KNOTS + left + side);
      return [
        { at, weight },
        { at: at + 1, weight: (5 * weight) / form.nfe },
      ];
    });
  };
  const last = 2 * CURVES * KNOTS;
  const whole = [
    { at: last, weight: 1 },
    { at: last + 1, weight: 5 / form.nfe },
  ];
  const curveOver = (curve: number, count: number, first = 0) =>
    Array.from({ length: count }, (_, n) => read(curve, n + first));
  const weights = w.flatMap((_, n) => {
    const evaluations = n + 1 - firstEvaluated;
    const ofEvaluations = Array.from({ length: evaluations }, (_, k) => {
      const ago = evaluations - 1 - k;
      return ago < RECENT ? read(5 + ago, n) : [];
    });
    return [read(3, n), read(4, n), ...ofEvaluations];
  });
  return [
    ...curveOver(0, steps),
    ...(form.start === 'gaussian' ? [whole] : []),
    ...curveOver(1, steps),
    ...curveOver(2, form.nfe, firstEvaluated),
    ...weights,
  ];
}
