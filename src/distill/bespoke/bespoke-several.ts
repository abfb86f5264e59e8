import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { DEFAULT_RANGE, type SigmaRange } from '../../grid/grid.js';
import { type BespokeForm, bespokeLayout, bespokePlan } from '../../solver/bespoke.js';
import { numbersFrom, trainedFamily, trainedFrom } from '../../solver/bespoke-family.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import { dataFigures } from '../data-figures.js';
import { searchPart, type TeacherPool } from '../pool.js';
import { type Score, scoreOf, typicalError } from '../score.js';
import { type LinearMap, mapped } from '../training/linear-map.js';
import { trainShared } from '../training/shared-training.js';
import { type BespokeCandidate, searchBespoke } from './bespoke-search.js';
import { nearestOf, universalCandidates } from './universal-choice.js';

export interface SeveralSettings {
  nfe: readonly number[];
  range?: SigmaRange;
  batch: number;
  iterations: number;
  seed: number;
}

/** Bespoke solvers of several NFE that share what they learned. */
export interface DistilledSeveral {
  /** Whether they began as the universal tables, which came farther in a short training than plain solvers of one formula. */
  universal: boolean;
  solvers: { form: BespokeForm; numbers: Float64Array; start: Score; best: Score }[];
  seconds: number;
}

type Start = Pick<BespokeCandidate, 'form' | 'numbers'>;

/** Knots of a curve over the steps of a solver, whatever their number. */
const KNOTS = 8;
/** A knot is a polynomial in 1 / NFE of so many terms. */
const TERMS = 3;
/** The newest evaluations whose residual weights are learned. */
const RECENT = 7;
/** Formulas that are tried beside the universal tables, and the part of the iterations that goes into choosing. */
const FORMULAS = 3;
const CANDIDATES_SHARE = 1 / 3;
const VALIDATE_EVERY = 4;
/** Curves: gaps, c, log a, the weights of x_0, of mu and of the newest evaluations. */
const CURVES = 5 + RECENT;

/**
 * One conditioned solver for several NFE: corrections of each NFE's own start, searched or universal, read from curves
 * over the share of the steps done, which all NFE have in common and which change with the NFE as a polynomial in its
 * inverse. Of several sets of starts, each trained for a little, the best is trained to the end.
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
  const tables = await universalSet(gpu, field, { ...common, nfe: settings.nfe }, training, signal);
  const sets: Start[][] = ofCommonFormulas(found).slice(0, FORMULAS);
  if (tables) sets.push(tables);

  const train = async (candidate: Candidate, iterations: number): Promise<Candidate> => {
    const { starts, families, before } = candidate;
    const best = await trainShared(
      gpu,
      families.map(({ family, map }, i) => ({
        ...{ field, family, map, training },
        reference: typicalError(before[i]),
      })),
      candidate,
      {
        batch: settings.batch,
        tasks: settings.nfe.length,
        iterations,
        units: candidate.parameters.map((_, i) => (Math.floor(i / TERMS) < KNOTS ? 2 : 1)),
        seed: settings.seed,
        validateEvery: VALIDATE_EVERY,
        validate: async (shared) => meanScore(await scores(solversOf(starts, families, shared))),
        signal,
      },
    );
    return { ...candidate, ...best };
  };
  const candidateIterations = Math.floor(CANDIDATES_SHARE * (settings.iterations / sets.length));
  const candidates: Candidate[] = [];
  for (const starts of sets) {
    const before = await scores(starts);
    const families = starts.map(({ form, numbers }) => sharedFamily(form, trainedFrom(form, numbers)));
    const parameters = new Float64Array(TERMS * (CURVES * KNOTS + 1));
    const untrained = { starts, families, before, parameters, score: meanScore(before) };
    candidates.push(await train(untrained, candidateIterations));
  }
  const first = candidates.reduce((a, b) => (b.score < a.score ? b : a));
  const left = settings.iterations - candidateIterations * sets.length;
  const { starts, families, before, parameters } = await train(first, left);
  const solvers = solversOf(starts, families, parameters);
  const after = await scores(solvers);
  return {
    universal: starts === tables,
    solvers: solvers.map((solver, i) => ({ ...solver, start: before[i], best: after[i] })),
    seconds: (performance.now() - begin) / 1000,
  };
}

/** Solvers of all NFE that share their corrections, and how far these are trained. */
interface Candidate {
  starts: readonly Start[];
  families: readonly SharedFamily[];
  /** Of each start. */
  before: readonly Score[];
  parameters: Float64Array;
  score: number;
}

function solversOf(
  starts: readonly Start[],
  families: readonly SharedFamily[],
  shared: Float64Array,
): Start[] {
  return starts.map(({ form }, i) => ({ form, numbers: numbersFrom(form, mapped(shared, families[i].map)) }));
}

/** For each NFE the nearest universal solver, where the range has room for them. */
async function universalSet(
  gpu: Gpu,
  field: Field,
  { nfe: counts, ...common }: Pick<BespokeForm, 'data' | 'range'> & { nfe: readonly number[] },
  training: TeacherPool,
  signal?: AbortSignal,
): Promise<Start[] | undefined> {
  const candidates = counts.map((nfe) => universalCandidates(field, { ...common, nfe }));
  if (candidates.some((each) => each.length === 0)) return undefined;
  const set: Start[] = [];
  for (const each of candidates) {
    const nearest = await nearestOf(gpu, field, each, searchPart(training), { signal });
    if (nearest) set.push(nearest);
  }
  return set;
}

/** Of each formula the solvers of all NFE, those with the least mean score first. */
function ofCommonFormulas(found: readonly BespokeCandidate[][]): BespokeCandidate[][] {
  const sum = (solvers: readonly BespokeCandidate[]) =>
    solvers.reduce((total, { score }) => total + score.score, 0);
  return found[0]
    .map(({ form }) => found.map((each) => each.find((other) => other.form.formula === form.formula)!))
    .sort((a, b) => sum(a) - sum(b));
}

/** A solver's family, and how what is trained of it comes from the shared curves. */
interface SharedFamily {
  family: PlanFamily;
  map: LinearMap;
}

function sharedFamily(form: BespokeForm, start: Float64Array): SharedFamily {
  return { family: trainedFamily(form), map: { start, rows: curveRows(form) } };
}

/** For each number that is trained, which shared numbers it reads and how. */
function curveRows(form: BespokeForm): LinearMap['rows'] {
  const { steps, firstEvaluated, w } = bespokeLayout(form);
  const terms = (knot: number, weight: number) =>
    Array.from({ length: TERMS }, (_, k) => ({ at: TERMS * knot + k, weight: weight * (5 / form.nfe) ** k }));
  const read = (curve: number, n: number) => {
    const place = (n / Math.max(1, steps - 1)) * (KNOTS - 1);
    const left = Math.min(Math.floor(place), KNOTS - 2);
    return [1 - (place - left), place - left].flatMap((weight, side) => {
      return terms(curve * KNOTS + left + side, weight);
    });
  };
  const whole = terms(CURVES * KNOTS, 1);
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
