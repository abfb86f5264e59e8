import { FewstepError } from '../errors.js';
import { solve } from '../execute/stepwise.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { endpointErrors } from '../metrics/endpoint-errors.js';
import { type FeatureSource, initialNetwork, type NetworkConfig } from '../predictor/network-config.js';
import type { DataFigures, NetworkPredictor } from '../predictor/network-predictor.js';
import { predictedPlan } from '../predictor/predicted-plan.js';
import { random } from '../problem/random.js';
import { fixedAnswers } from '../solver/amed.js';
import { NetworkTrainer } from './network-trainer.js';
import type { TeacherPool } from './pool.js';
import { type Score, scoreOf, scoreOfErrors } from './score.js';
import type { DistillSettings } from './settings.js';
import { searchStart } from './start.js';
import type { Student } from './table.js';

/** A student whose answers differ from trajectory to trajectory. */
export interface DistilledNetwork {
  grid: string;
  times: number[];
  config: NetworkConfig;
  parameters: Float32Array;
  figures: DataFigures;
  /** On the validation trajectories: r = 1/2 on the first grid, where the training began, and what it led to. */
  base: Score;
  start: Score;
  best: Score;
  history: NetworkRecord[];
  seconds: { search: number; training: number };
}

export interface NetworkRecord {
  /** Batches done. */
  iteration: number;
  /** Root of the mean squared distance of the last batch, over its updates: at each step's end, or at the last. */
  distances: number[];
  validation?: Score;
}

export interface NetworkOptions {
  settings: DistillSettings;
  recipe: 'published' | 'robust';
  reads: FeatureSource;
  /** The published recipe needs the teacher's state at each time of the grid after the first. */
  training: TeacherPool;
  validation: TeacherPool;
  onStart?: (start: { grid: string; r: number; score: Score }, base: Score) => void;
  onRecord?: (record: NetworkRecord) => void;
  signal?: AbortSignal;
}

/** The published settings (reference code of arXiv 2312.00094): Adam's rate and betas, and no clipping. */
const PUBLISHED = { rate: 5e-3, beta1: 0.9, beta2: 0.999, clip: Infinity };
const ROBUST_RATE = { rate: 1e-2, beta1: 0.9, beta2: 0.99, clip: 1, warmup: 10 };
const SOFTENING = 1e-3;
const VALIDATE_EVERY = 20;
/** Solvers whose steps use nothing of those before: the published training starts each at the teacher's state. */
const SINGLE_STEP = ['amed', 'amed-euler', 'amed-dpm-solver-2'];

/**
 * Distils a network.
 * - published: in each batch an update for each step in turn, for the squared distance at the step's end, from the
 *   teacher's state for single-step solvers and from the student's own, detached, for multistep ones; the last weights.
 * - robust: a start from a search over grids and r, whole trajectories, a logarithmic loss, and of all states
 *   validated, the first included, the best.
 */
export async function distillNetwork(
  gpu: Gpu,
  field: Field,
  student: Student,
  options: NetworkOptions,
): Promise<DistilledNetwork> {
  const { settings, recipe, reads, training, validation, onStart, onRecord, signal } = options;
  const { solver, afs } = student;
  const published = recipe === 'published';
  const planSettings = { afs, options: student.options };
  let begin = performance.now();
  const base = await scoreOf(
    gpu,
    field,
    solver.planWith(student.grids[0].times, fixedAnswers(student.grids[0].times), planSettings),
    validation,
  );
  const start = published
    ? { grid: student.grids[0], r: 0.5, score: base }
    : await searchStart(gpu, field, student, { training, validation, base, signal });
  onStart?.({ grid: start.grid.name, r: start.r, score: start.score }, base);
  const search = (performance.now() - begin) / 1000;

  begin = performance.now();
  const config: NetworkConfig = {
    scaleDirection: settings.scaleDirection,
    scaleTime: settings.scaleTime,
    reads,
  };
  const scaled = { direction: config.scaleDirection > 0, time: config.scaleTime > 0 };
  const figures = dataFigures(training);
  const predicted = predictedPlan(solver, start.grid.times, { ...planSettings, scaled });
  const parameters = initialNetwork(config, settings.seed, published ? undefined : { r: start.r });
  const predictor: NetworkPredictor = { predicted, config, parameters, figures };
  const { batch, iterations } = settings;
  const steps = predicted.steps.length;
  const trainer = await NetworkTrainer.create(gpu, field, predictor, training, {
    batch,
    mode: published ? 'steps' : 'whole',
    restart: SINGLE_STEP.includes(solver.name),
    loss: published
      ? { kind: 'squared' }
      : { kind: 'log-mean', softening: SOFTENING * start.score.median ** 2 },
    schedule: published
      ? { ...PUBLISHED, updates: iterations * steps, rate: () => PUBLISHED.rate }
      : { ...ROBUST_RATE, updates: iterations, rate: (update) => robustRate(update, iterations) },
  });
  const order = random(settings.seed, 40);
  const history: NetworkRecord[] = [];
  const validate = (weights: Float32Array) =>
    scoreOfPredictor(gpu, field, { ...predictor, parameters: weights }, validation);
  // What the published recipe ends with is what it is; the robust one keeps the best.
  let best: { score: Score; parameters: Float32Array } | undefined;
  if (!published) best = { score: start.score, parameters };
  try {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      signal?.throwIfAborted();
      // Published: each trajectory once, in order.
      trainer.submit(published ? iteration - 1 : Math.floor(order.uniform() * trainer.batches));
      if (iteration % VALIDATE_EVERY !== 0 && iteration !== iterations) continue;
      const state = await trainer.state();
      if (state.broken !== undefined) throw diverged(state.broken, steps, published);
      const score = await validate(state.parameters);
      if (!best || published || score.score < best.score.score)
        best = { score, parameters: state.parameters };
      const last = state.meanSquares.subarray(-trainer.updatesPerBatch);
      const record = { iteration, distances: [...last].map(Math.sqrt), validation: score };
      history.push(record);
      onRecord?.(record);
    }
  } finally {
    trainer.destroy();
  }
  best ??= { score: await validate(parameters), parameters };
  return {
    grid: start.grid.name,
    times: start.grid.times,
    config,
    parameters: best.parameters,
    figures,
    base,
    start: start.score,
    best: best.score,
    history,
    seconds: { search, training: (performance.now() - begin) / 1000 },
  };
}

/** A warm-up, then half a cosine down to 0. */
function robustRate(update: number, updates: number): number {
  const { rate, warmup } = ROBUST_RATE;
  return rate * Math.min(1, (update + 1) / warmup) * 0.5 * (1 + Math.cos((Math.PI * update) / updates));
}

/** Scores a predictor over the trajectories of a pool; one that diverges is infinitely bad. */
export async function scoreOfPredictor(
  gpu: Gpu,
  field: Field,
  predictor: NetworkPredictor,
  pool: TeacherPool,
): Promise<Score> {
  try {
    const latents = { values: pool.latents };
    const { samples } = await solve(gpu, field, predictor.predicted.plan, { latents, predictor });
    return scoreOfErrors(endpointErrors(samples, pool.states[pool.states.length - 1], pool.dim));
  } catch (error) {
    if (!(error instanceof FewstepError && error.code === 'not-finite')) throw error;
    return { mean: Infinity, median: Infinity, score: Infinity };
  }
}

/** Mean and standard deviation of the teacher's end points. */
function dataFigures({ dim, states }: TeacherPool): DataFigures {
  const ends = states[states.length - 1];
  const count = ends.length / dim;
  const mean = new Float64Array(dim);
  for (let i = 0; i < ends.length; i++) mean[i % dim] += ends[i] / count;
  let squares = 0;
  for (let i = 0; i < ends.length; i++) squares += (ends[i] - mean[i % dim]) ** 2;
  return { mean: Float32Array.from(mean), std: Math.max(Math.sqrt(squares / ends.length), 1e-6) };
}

function diverged(update: number, steps: number, published: boolean): FewstepError {
  const where = published
    ? `batch ${Math.floor(update / steps) + 1}, step ${(update % steps) + 1}`
    : `batch ${update + 1}`;
  return new FewstepError(
    'not-finite',
    `the distillation broke in ${where}: its loss or gradient is not finite`,
    'use another seed or grid, smaller --scale-dir and --scale-time, or --recipe robust',
  );
}
