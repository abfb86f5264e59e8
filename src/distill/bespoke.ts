import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { DEFAULT_RANGE, type SigmaRange } from '../grid/grid.js';
import { type BespokeForm, bespokeLayout, bespokePlan } from '../solver/bespoke.js';
import { numbersFrom, trainedFamily, trainedFrom } from '../solver/bespoke-family.js';
import { type BespokeCandidate, type BespokeChoices, searchBespoke } from './bespoke-search.js';
import { dataFigures } from './data-figures.js';
import { type FamilyRecord, type FamilyState, trainFamily } from './family-training.js';
import type { TeacherPool } from './pool.js';
import { type Score, scoreOf } from './score.js';

/** The stages of a bespoke solver's distillation, in their order. */
export type BespokeStage = 'search' | 'candidates' | 'table';

export interface BespokeSettings {
  nfe: number;
  range?: SigmaRange;
  /** Trajectories in a batch. */
  batch: number;
  /** How many of the searched starts are trained for a little, and for how many iterations each. */
  candidates: number;
  candidateIterations: number;
  /** Of the table that the best candidate becomes. */
  iterations: number;
  /** Of the order of batches. */
  seed: number;
}

/** What suffices on mixtures, data sets and small networks; more still helps a little. */
export const BESPOKE: Omit<BespokeSettings, 'nfe'> = {
  batch: 128,
  candidates: 4,
  candidateIterations: 120,
  iterations: 1000,
  seed: 0,
};

export interface BespokeOptions extends BespokeChoices {
  training: TeacherPool;
  validation: TeacherPool;
  onSearch?: (done: number, of: number) => void;
  onStart?: (best: BespokeCandidate, score: Score) => void;
  onRecord?: (stage: 'candidates' | 'table', record: FamilyRecord, candidate: BespokeCandidate) => void;
  signal?: AbortSignal;
}

/** A bespoke solver that was learned. */
export interface DistilledBespoke {
  form: BespokeForm;
  numbers: Float64Array;
  /** The solver that it began as: the best of the search. */
  candidate: BespokeCandidate;
  /** On the validation trajectories: that solver, and what it became. */
  start: Score;
  best: Score;
  /** Where each candidate came to. */
  candidates: { candidate: BespokeCandidate; score: Score }[];
  history: { stage: 'candidates' | 'table'; record: FamilyRecord }[];
  seconds: Record<BespokeStage, number>;
}

const VALIDATE_EVERY = 25;
const WARMUP = 20;
const RATE = 0.01;
/** Of log-gaps, and of where a Gaussian start ends. */
const TIME_RATE = 0.02;

/**
 * Distils a bespoke solver: a search over formulas, starts and grids, a short training of the best few, a long one of
 * the best of those. It begins at the best solver that learned nothing, and is never worse than it on the validation
 * trajectories.
 */
export async function distillBespoke(
  gpu: Gpu,
  field: Field,
  settings: BespokeSettings,
  options: BespokeOptions,
): Promise<DistilledBespoke> {
  const { training, validation, onSearch, onStart, onRecord, signal } = options;
  const { nfe, range = DEFAULT_RANGE } = settings;
  const seconds = { search: 0, candidates: 0, table: 0 };
  const history: DistilledBespoke['history'] = [];
  let begin = performance.now();
  const lap = (stage: BespokeStage) => {
    seconds[stage] = (performance.now() - begin) / 1000;
    begin = performance.now();
  };
  const { mean, std } = dataFigures(training);
  const common = { nfe, range, data: { mean: [...mean], std } };
  const found = await searchBespoke(gpu, field, common, training, { ...options, onProgress: onSearch });
  const few = found.slice(0, settings.candidates);
  const starts: { candidate: BespokeCandidate; score: Score }[] = [];
  for (const candidate of few) {
    starts.push({ candidate, score: await scoreNumbers(gpu, field, candidate, validation) });
  }
  const first = starts.reduce((a, b) => (b.score.score < a.score.score ? b : a));
  onStart?.(first.candidate, first.score);
  lap('search');

  const train = (
    stage: 'candidates' | 'table',
    candidate: BespokeCandidate,
    state: FamilyState,
    iterations: number,
  ) => {
    const { form } = candidate;
    return trainFamily(gpu, field, trainedFamily(form), state, {
      training,
      validate: (parameters) =>
        scoreNumbers(gpu, field, { form, numbers: numbersFrom(form, parameters) }, validation),
      validateEvery: VALIDATE_EVERY,
      batch: settings.batch,
      iterations,
      rates: ratesOf(form),
      warmup: WARMUP,
      seed: settings.seed,
      reference: first.score.median,
      signal,
      onRecord(record) {
        history.push({ stage, record });
        onRecord?.(stage, record, candidate);
      },
    });
  };
  const trained: { candidate: BespokeCandidate; state: FamilyState }[] = [];
  for (const { candidate, score } of starts) {
    const state = { parameters: trainedFrom(candidate.form, candidate.numbers), score };
    const iterations = starts.length > 1 ? settings.candidateIterations : 0;
    trained.push({ candidate, state: await train('candidates', candidate, state, iterations) });
  }
  lap('candidates');

  const { candidate, state } = trained.reduce((a, b) => (b.state.score.score < a.state.score.score ? b : a));
  const best = await train('table', candidate, state, settings.iterations);
  lap('table');
  return {
    form: candidate.form,
    numbers: numbersFrom(candidate.form, best.parameters),
    candidate: first.candidate,
    start: first.score,
    best: best.score,
    candidates: trained.map((each) => ({ candidate: each.candidate, score: each.state.score })),
    history,
    seconds,
  };
}

function scoreNumbers(
  gpu: Gpu,
  field: Field,
  { form, numbers }: Pick<BespokeCandidate, 'form' | 'numbers'>,
  pool: TeacherPool,
): Promise<Score> {
  return scoreOf(gpu, field, bespokePlan(form, numbers), pool);
}

/** Learning rates of what trainedFamily trains. */
export function ratesOf(form: BespokeForm): Float64Array {
  const { steps, c, size } = bespokeLayout(form);
  const times = steps + (form.start === 'gaussian' ? 1 : 0);
  return Float64Array.from({ length: times + size - c }, (_, i) => (i < times ? TIME_RATE : RATE));
}
