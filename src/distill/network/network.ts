import { either } from '../../abort.js';
import { FewstepError } from '../../errors.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { sigmoid } from '../../mlp/activation.js';
import { type FeatureSource, initialNetwork, type NetworkConfig } from '../../predictor/network-config.js';
import type { DataFigures, NetworkPredictor } from '../../predictor/network-predictor.js';
import { type LogitOffset, predictedPlan } from '../../predictor/predicted-plan.js';
import { random } from '../../rng/random.js';
import { fixedAnswers } from '../../solver/amed.js';
import { dataFigures } from '../data-figures.js';
import type { NamedTimes } from '../learnable/learnable.js';
import { searchStarts } from '../learnable/start.js';
import { distillTable, learnableTable, type Student, type TableRecord } from '../learnable/table.js';
import type { TeacherPool } from '../pool.js';
import { type Score, scoreOf, softeningOf, typicalError } from '../score.js';
import { type DistillSettings, ROBUST } from '../settings.js';
import { annealed } from './annealed.js';
import { NetworkTrainer } from './network-trainer.js';
import { NetworkWeights, type OptimiserSchedule } from './network-weights.js';

/** Students whose answers differ from trajectory to trajectory, all from one network. */
interface DistilledNetwork {
  config: NetworkConfig;
  parameters: Float32Array;
  figures: DataFigures;
  students: DistilledStudent[];
  history: NetworkRecord[];
  /** Batches done of each student. */
  iterations: number;
  /** Whether `finish` ended it. */
  endedEarly: boolean;
  seconds: { search: number; training: number };
}

interface DistilledStudent {
  grid: string;
  times: number[];
  /** What is added to the network's logits, one a step: what the table before it learned. */
  offsets?: LogitOffset[];
  /**
   * On the validation trajectories: r = 1/2 on the first grid, where the training began (several students begin with one
   * network, not each with its own r), and what it led to.
   */
  base: Score;
  start: Score;
  best: Score;
}

export interface NetworkRecord {
  /** Batches done of each student. */
  iteration: number;
  /** Roots of the mean squared distances of each student's last batch: at each step's end, or at the last. */
  distances: number[][];
  /** Of each student. */
  validation: Score[];
}

export interface NetworkOptions {
  settings: DistillSettings;
  recipe: Recipe;
  reads: FeatureSource;
  /** Robust: whether a table is distilled first, for the network to correct; else it begins at the same r everywhere. */
  tableFirst?: boolean;
  /**
   * What each student learns from: the teacher's end points, and for the published recipe its state at each time of
   * the student's grid after the first.
   */
  training: TeacherPool[];
  validation: TeacherPool;
  /** After each iteration of the table, where one is distilled first. */
  onTable?: (record: TableRecord) => void;
  onStart?: (starts: { grid: string; r: number; score: Score }[], bases: Score[]) => void;
  onRecord?: (record: NetworkRecord) => void;
  signal?: AbortSignal;
  /**
   * Ends the training at the next validation: the best state of the robust recipe until then is the result, or what the
   * published one has come to. Before anything is learned it rejects, as `signal` does; a table that is learned first
   * counts.
   */
  finish?: AbortSignal;
}

/** Where a network begins: the same r in all steps, or what is added to its logits. */
interface NetworkStart {
  grid: NamedTimes;
  r: number;
  offsets?: LogitOffset[];
  score: Score;
}

export const RECIPES = ['robust', 'published'] as const;
/** How an AMED solver is distilled: by our own recipe, or as in the reference code of arXiv 2312.00094. */
export type Recipe = (typeof RECIPES)[number];

/** The published settings (reference code of arXiv 2312.00094): Adam's rate and betas, and no clipping. */
const PUBLISHED = { rate: 5e-3, beta1: 0.9, beta2: 0.999, clip: Infinity };
const ROBUST_RATE = { rate: 1e-2, beta1: 0.9, beta2: 0.99, clip: 1, warmup: 10 };
const VALIDATE_EVERY = 20;

/**
 * Distils a network for one student, or one network for several, whose answers depend on the times that it is told.
 * - published: in each batch an update for each step in turn, for the squared distance at the step's end, from the
 *   teacher's state for single-step solvers and from the student's own, detached, for multistep ones; the last weights.
 * - robust: a start from a search over grids and r, or the table that distillTable learns, whole trajectories, a
 *   logarithmic loss, and of all states validated, the first included, the best.
 */
export async function distillNetwork(
  gpu: Gpu,
  field: Field,
  students: readonly Student[],
  options: NetworkOptions,
): Promise<DistilledNetwork> {
  const { settings, recipe, reads, training, validation, onTable, onStart, onRecord } = options;
  const { signal, finish } = options;
  const published = recipe === 'published';
  const tableFirst = options.tableFirst === true && !published;
  let begin = performance.now();
  const bases: Score[] = [];
  const starts: NetworkStart[] = [];
  for (const [i, student] of students.entries()) {
    if (tableFirst) {
      const table = await distillTable(gpu, field, student, {
        settings: { ...settings, batch: Math.min(settings.batch, ROBUST.batch) },
        training: training[i],
        ...{ validation, signal, finish, onRecord: onTable },
      });
      const { grid, times, best, base } = table;
      bases.push(base);
      starts.push({ grid: { name: grid, times }, r: 0.5, score: best, offsets: offsetsOf(table.parameters) });
      continue;
    }
    if (published) {
      const base = await untrainedScore(gpu, field, student, validation);
      bases.push(base);
      starts.push({ grid: student.grids[0], r: 0.5, score: base });
      continue;
    }
    const given = { training: training[i], validation, signal: either(signal, finish) };
    const found = await searchStarts(gpu, field, learnableTable(student, settings), given);
    const [{ grid, r, score }] = found.starts;
    bases.push(found.base);
    starts.push({ grid, r: r![0], score });
  }
  onStart?.(
    starts.map(({ grid, r, score }) => ({ grid: grid.name, r, score })),
    bases,
  );
  const search = (performance.now() - begin) / 1000;

  begin = performance.now();
  const { batch, iterations, scaleDirection, scaleTime, seed } = settings;
  const config: NetworkConfig = { scaleDirection, scaleTime, reads };
  const scaled = { direction: scaleDirection > 0, time: scaleTime > 0 };
  const figures = dataFigures(training[0]);
  const logit = starts.reduce((sum, { r }) => sum + Math.log(r / (1 - r)) / starts.length, 0);
  const parameters = initialNetwork(config, seed, published ? undefined : { r: sigmoid(logit) });
  const predictors = students.map(({ solver, afs, options: solverOptions }, i): NetworkPredictor => {
    const { grid, offsets } = starts[i];
    const predicted = predictedPlan(solver, grid.times, { afs, options: solverOptions, scaled }, offsets);
    return { kind: 'amed', predicted, config, parameters, figures };
  });
  const perIteration = published
    ? predictors.reduce((sum, { predicted }) => sum + predicted.steps.length, 0)
    : students.length;
  const weights = await NetworkWeights.create(
    gpu,
    parameters,
    batch,
    scheduleOf(recipe, iterations * perIteration),
  );
  const trainers: NetworkTrainer[] = [];
  const history: NetworkRecord[] = [];
  const validate = async (numbers: Float32Array) => {
    const scores: Score[] = [];
    for (const predictor of predictors) {
      const asked = { ...predictor, parameters: numbers };
      scores.push(await scoreOf(gpu, field, predictor.predicted.plan, validation, asked));
    }
    return scores;
  };
  const first = { scores: await validate(parameters), parameters };
  let best = first;
  let done = 0;
  try {
    // Compiled only where there is something to do.
    for (const [i, predictor] of finish?.aborted ? [] : predictors.entries()) {
      const softening = softeningOf(typicalError(starts[i].score));
      const trainerOptions = {
        batch,
        mode: published ? ('steps' as const) : ('whole' as const),
        // The published training starts each step of such a solver at the teacher's state.
        restart: students[i].solver.singleStep,
        loss: published ? { kind: 'squared' as const } : { kind: 'log-mean' as const, softening },
      };
      trainers.push(await NetworkTrainer.create(gpu, field, predictor, training[i], trainerOptions, weights));
    }
    const order = random(seed, 40);
    for (let iteration = 1; iteration <= iterations && !finish?.aborted; iteration++) {
      signal?.throwIfAborted();
      for (const trainer of trainers) {
        // Published: each trajectory once, in order.
        trainer.submit(published ? iteration - 1 : Math.floor(order.uniform() * trainer.batches));
      }
      if (iteration % VALIDATE_EVERY !== 0 && iteration !== iterations) continue;
      const state = await weights.state();
      if (state.broken !== undefined) throw diverged(Math.floor(state.broken / perIteration));
      const validated = await validate(state.parameters);
      // What the published recipe ends with is what it is; the robust one keeps the best.
      if (published || total(validated) < total(best.scores)) {
        best = { scores: validated, parameters: state.parameters };
      }
      done = iteration;
      const record = {
        iteration,
        distances: lastDistances(trainers, state.meanSquares),
        validation: validated,
      };
      history.push(record);
      onRecord?.(record);
    }
  } finally {
    for (const trainer of trainers) trainer.destroy();
    weights.destroy();
  }
  if (done === 0 && !tableFirst) finish?.throwIfAborted();
  return {
    config,
    parameters: best.parameters,
    figures,
    students: starts.map(({ grid, offsets }, i) => ({
      grid: grid.name,
      times: grid.times,
      offsets,
      base: bases[i],
      start: first.scores[i],
      best: best.scores[i],
    })),
    history,
    iterations: done,
    endedEarly: finish?.aborted === true,
    seconds: { search, training: (performance.now() - begin) / 1000 },
  };
}

/** A table's parameters are logits, step by step. */
function offsetsOf(parameters: Float64Array): LogitOffset[] {
  return Array.from({ length: parameters.length / 3 }, (_, n) => [
    parameters[3 * n],
    parameters[3 * n + 1],
    parameters[3 * n + 2],
  ]);
}

function untrainedScore(gpu: Gpu, field: Field, student: Student, validation: TeacherPool): Promise<Score> {
  const { solver, afs, options } = student;
  const [{ times }] = student.grids;
  return scoreOf(gpu, field, solver.planWith(times, fixedAnswers(times), { afs, options }), validation);
}

function scheduleOf(recipe: Recipe, updates: number): OptimiserSchedule {
  if (recipe === 'published') return { ...PUBLISHED, updates, rate: () => PUBLISHED.rate };
  const { rate, warmup, ...rest } = ROBUST_RATE;
  return {
    ...rest,
    updates,
    rate: (update) => rate * annealed(update, updates, warmup),
  };
}

function total(scores: readonly Score[]): number {
  return scores.reduce((sum, { score }) => sum + score, 0);
}

/** The distances of each trainer's last batch, from those of all updates. */
function lastDistances(trainers: readonly NetworkTrainer[], meanSquares: Float32Array): number[][] {
  let end = meanSquares.length - trainers.reduce((sum, { updatesPerBatch }) => sum + updatesPerBatch, 0);
  return trainers.map(({ updatesPerBatch }) => {
    const own = meanSquares.subarray(end, end + updatesPerBatch);
    end += updatesPerBatch;
    return [...own].map(Math.sqrt);
  });
}

function diverged(batch: number): FewstepError {
  return new FewstepError(
    'not-finite',
    `the distillation broke in batch ${batch + 1}: its loss or gradient is not finite`,
    'use another seed or grid, smaller scales of the direction and the time, or the robust recipe',
  );
}
