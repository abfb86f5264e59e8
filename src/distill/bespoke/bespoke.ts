import { checkEntries, type Entries } from '../../arguments.js';
import { FewstepError } from '../../errors.js';
import { checkField } from '../../field/check.js';
import type { Field } from '../../field/field.js';
import { checkGpu } from '../../gpu/check.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { SigmaRange } from '../../grid/grid.js';
import { type BespokeForm, bespokeLayout } from '../../solver/bespoke.js';
import { numbersFrom, trainedFamily, trainedFrom, unitsOf } from '../../solver/bespoke-family.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import { type Budget, sharedIterations } from '../budget.js';
import { checkPool, type TeacherPool } from '../pool.js';
import { type Score, typicalError } from '../score.js';
import { Spending } from '../spending.js';
import { trainCandidates, winnerOf } from '../training/candidates.js';
import { type FamilyRecord, type FamilyState, trainFamily } from '../training/family-training.js';
import type { BespokeCandidate, BespokeChoices } from './bespoke-search.js';
import { checkBespokeSettings } from './bespoke-settings.js';
import { findStarts, type TrainedCandidate } from './bespoke-starts.js';

/** The stages of a bespoke solver's distillation, in their order; finalists count as candidates. */
export type BespokeStage = 'search' | 'candidates' | 'table';
/** The stages that train something: all but the search, which only compares. */
export type TrainedStage = Exclude<BespokeStage, 'search'>;

/** What a bespoke solver is learned for, and how long each stage goes on; `BESPOKE` has the usual numbers. */
export interface BespokeSettings {
  /** Field evaluations of the solver, from 1 to MAX_BESPOKE_NFE. */
  nfe: number;
  /** Where the teacher's trajectories begin and end; 0.002 to 80 by default. */
  range?: SigmaRange;
  /**
   * Trajectories in a batch, rounded up to a multiple of 4 and drawn with replacement: each runs once for every number
   * that is learned, and once more.
   */
  batch: number;
  /** How many starts are trained for a little, and for how many iterations each; the best third then three times as long. */
  candidates: number;
  candidateIterations: number;
  /** Iterations of Gauss-Newton for the table that the best candidate becomes, and again for the universal one's. */
  iterations: number;
  /** In place of `iterations`: what all stages may take together. */
  budget?: Budget;
  /** Of the order of batches. */
  seed: number;
}

/** The usual settings, which suffice on mixtures, data sets and small networks; more still helps a little. */
export const BESPOKE: Omit<BespokeSettings, 'nfe'> = {
  batch: 32,
  candidates: 14,
  candidateIterations: 10,
  iterations: 200,
  seed: 0,
};

/**
 * The longest step of its training, in units of the parameters. In 35 trainings it ended 0.85 / 0.93 times as far off, mean /
 * median, as with the usual 0.1: on mixture-64 from NFE 7 on 0.33 / 0.67, on networks 1.02 / 1.00 (docs/results.md).
 */
export const LONGEST_STEP = 0.03;

/** The teacher's trajectories that a bespoke solver learns from and is chosen by, and what its search may try. */
export interface BespokeOptions extends BespokeChoices {
  /** What is learned from; of the states the last alone, the end points. */
  training: TeacherPool;
  /** What all choices are made by: trajectories of the same teacher from other latents, see `poolSeeds`. */
  validation: TeacherPool;
  /** Solvers learned elsewhere, which stand beside the best of the search. */
  given?: readonly TrainedCandidate[];
  /** Whether the nearest universal table may take the place of a searched start that is worse; by default so. */
  universal?: boolean;
  /** After each form that the search has compared: how many, and of how many. */
  onSearch?: (done: number, of: number) => void;
  /** Once, with the best solver that learned nothing and its validation score. */
  onStart?: (best: BespokeCandidate, score: Score) => void;
  /** Before a training, and after it with the scores on both sides. */
  onTraining?: (stage: TrainedStage, candidate: TrainedCandidate, iterations: number) => void;
  onTrained?: (stage: TrainedStage, candidate: TrainedCandidate, before: Score, after: Score) => void;
  /** After each iteration. */
  onRecord?: (stage: TrainedStage, record: FamilyRecord, candidate: TrainedCandidate) => void;
  signal?: AbortSignal;
  /**
   * Ends the training early: the best of what was learned until then is the result. During the search for a start it
   * rejects, as `signal` does.
   */
  finish?: AbortSignal;
}

/** A bespoke solver that was learned. */
export interface DistilledBespoke {
  form: BespokeForm;
  /** As `bespokeLayout` has them: `bespokePlan` makes the plan of both, `bespokeSchedule` what a predictor stores. */
  numbers: Float64Array;
  /** The best solver of the search on the validation trajectories: the best that learned nothing. */
  candidate: BespokeCandidate;
  /** Its score there. */
  start: Score;
  /** The candidate that became this solver, and its score untrained. */
  origin: { candidate: TrainedCandidate; score: Score };
  /** On the validation trajectories. */
  best: Score;
  /** Where each candidate came to. */
  candidates: { candidate: TrainedCandidate; score: Score }[];
  /** Every iteration of every training, in their order. */
  history: { stage: TrainedStage; record: FamilyRecord }[];
  /** Wall time of each stage. */
  seconds: Record<BespokeStage, number>;
  /** Of all candidates together, and of the table: of both where there were two. */
  iterations: Record<TrainedStage, number>;
}

const OPTIONS: Entries<BespokeOptions> = {
  training: true,
  validation: true,
  formulas: false,
  starts: false,
  given: false,
  universal: false,
  onSearch: false,
  onStart: false,
  onTraining: false,
  onTrained: false,
  onRecord: false,
  signal: false,
  finish: false,
};

/**
 * Distils a bespoke solver: a search over formulas, starts and grids; a short training of the best, of a universal
 * table and of solvers that begin at several first times; a longer one of the best of those, and a long one of the best
 * of them, and without a budget of the universal table too. It is never worse than the best that learned nothing, or than
 * that table or a given one, on the validation trajectories. It needs no gradient of the field.
 *
 * All of a solver is learned, as by Bespoke and BNS solvers (arXiv 2310.19075, 2403.01329), S4S (2502.17423) and, for
 * the times, LD3 (2405.15506); what it is made of is `BespokeForm`. The recipe is our own: Gauss-Newton to the
 * teacher's end points, with derivatives by differences of solves.
 * @throws FewstepError bad-argument for settings and options that cannot be, unknown-name for the unit of a budget;
 *   unreachable-budget; unreachable-nfe and bad-argument for a form that cannot be (`bespokeLayout`), bad-grid for an
 *   impossible range, bad-shape for trajectories of another dimension, device-limit; bad-field where a model of the
 *   user's fails. A candidate that diverges throws nothing: its score is infinite
 */
export async function distillBespoke(
  gpu: Gpu,
  field: Field,
  settings: BespokeSettings,
  options: BespokeOptions,
): Promise<DistilledBespoke> {
  checkGpu(gpu);
  checkField(field);
  checkBespokeSettings(settings);
  checkEntries("distillBespoke's options", options, OPTIONS);
  checkPool('training', options.training, field);
  checkPool('validation', options.validation, field);
  const { training, validation, given = [], onTraining, onTrained, onRecord, signal, finish } = options;
  const { nfe, batch, budget } = settings;
  for (const { form, numbers } of given) checkGiven(form, numbers, nfe);
  const seconds = { search: 0, candidates: 0, table: 0 };
  const iterations = { candidates: 0, table: 0 };
  const history: DistilledBespoke['history'] = [];
  const sizes = { batch, validation: validation.latents.length / validation.dim };
  const spending = new Spending(budget, sizes);
  const lap = (stage: BespokeStage) => {
    seconds[stage] = spending.elapsed - seconds.search - seconds.candidates;
  };
  const { plain, universal, starts } = await findStarts(gpu, field, settings, options, spending);
  lap('search');
  finish?.throwIfAborted();

  // Candidates share forms, of which it takes a while to find what depends on which number (docs/performance.md).
  const families = new Map<string, PlanFamily>();
  const familyOf = (form: BespokeForm) => {
    const key = `${form.formula} ${form.start}`;
    const family = families.get(key) ?? trainedFamily(form);
    families.set(key, family);
    return family;
  };
  const train = (
    { form }: TrainedCandidate,
    state: FamilyState,
    count: number,
    onEach?: (record: FamilyRecord) => void,
  ) =>
    trainFamily(gpu, field, familyOf(form), state, {
      training,
      validation,
      batch,
      iterations: count,
      units: unitsOf(form),
      longest: LONGEST_STEP,
      seed: settings.seed,
      reference: typicalError(plain.score),
      ...{ signal, finish },
      onRecord: onEach,
    });
  const stage = async (
    name: TrainedStage,
    candidate: TrainedCandidate,
    state: FamilyState,
    count: number,
  ) => {
    if (finish?.aborted) return state;
    onTraining?.(name, candidate, count);
    let done = 0;
    const begin = spending.elapsed;
    const after = await train(candidate, state, count, (record) => {
      done = record.iteration;
      history.push({ stage: name, record });
      onRecord?.(name, record, candidate);
    });
    iterations[name] += done;
    spending.ran(familyOf(candidate.form), done, begin);
    onTrained?.(name, candidate, state.score, after.score);
    return after;
  };
  const states = starts.map(({ candidate, score }) => ({
    candidate,
    state: { parameters: trainedFrom(candidate.form, candidate.numbers), score },
  }));

  // The candidates tell how many iterations the table can have.
  const [{ candidate: first, state: firstState }] = states;
  await spending.probe((count) => train(first, firstState, count));
  const total = spending.left(familyOf(first.form));
  const unlimited = sharedIterations(Infinity, states.length, settings.candidateIterations);
  const { each, finalist, table } =
    total === undefined
      ? { ...unlimited, table: settings.iterations }
      : sharedIterations(total, states.length, settings.candidateIterations);
  const trained = await trainCandidates(states, { each, finalist }, ({ candidate, state }, count) =>
    stage('candidates', candidate, state, count),
  );
  const winner = winnerOf(trained);
  // With a budget the winner has all the rest: half of 200 iterations for each ended 1.06 / 1.06 times as far off.
  const rival = budget ? undefined : trained.find((one) => one.candidate === universal && one !== winner);
  lap('candidates');

  const ends: typeof trained = [];
  for (const { candidate, state } of rival ? [winner, rival] : [winner]) {
    const count = spending.left(familyOf(candidate.form)) ?? table;
    ends.push({ candidate, state: await stage('table', candidate, state, count) });
  }
  const { candidate, state: best } = winnerOf(ends);
  lap('table');
  return {
    form: candidate.form,
    numbers: numbersFrom(candidate.form, best.parameters),
    candidate: plain.candidate,
    start: plain.score,
    origin: starts.find((one) => one.candidate === candidate)!,
    best: best.score,
    candidates: trained.map((each) => ({ candidate: each.candidate, score: each.state.score })),
    history,
    seconds,
    iterations,
  };
}

function checkGiven(form: BespokeForm, numbers: ArrayLike<number>, nfe: number): void {
  const { size } = bespokeLayout(form);
  if (form.nfe === nfe && numbers.length === size) return;
  throw new FewstepError(
    'bad-argument',
    `a given solver of NFE ${form.nfe} with ${numbers.length} numbers cannot begin a training at NFE ${nfe}`,
    `give one of that NFE, with the numbers of its form (${size} at NFE ${form.nfe})`,
  );
}
