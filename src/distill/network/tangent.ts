import { FewstepError } from '../../errors.js';
import { checkWhole } from '../../execute/inputs.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { random } from '../../rng/random.js';
import { initialTangent, tangentLayout } from '../../tangent/tangent-layout.js';
import { type TangentSpec, tangentPlan } from '../../tangent/tangent-plan.js';
import { sharedMoves, type TangentPredictor } from '../../tangent/tangent-predictor.js';
import { dataFigures } from '../data-figures.js';
import type { TeacherPool } from '../pool.js';
import { type Score, scoreOf, softeningOf, typicalError } from '../score.js';
import { annealed } from './annealed.js';
import { NetworkWeights } from './network-weights.js';
import { TangentTrainer } from './tangent-trainer.js';

export interface TangentOptions {
  training: TeacherPool;
  validation: TeacherPool;
  /** Steps of the optimiser; 0 for none. */
  iterations: number;
  /** Trajectories in a batch; 128 by default. */
  batch?: number;
  /** Of the first weights and the order of batches. */
  seed?: number;
  /** Learning rates of the networks' weights and of what is shared; .01 and .005 by default. */
  rates?: { networks: number; shared: number };
  onRecord?: (record: TangentRecord) => void;
  signal?: AbortSignal;
}

/** Where a training of networks was at a validation: every 25 batches, and after the last. */
export interface TangentRecord {
  /** Batches done. */
  iteration: number;
  /** Of the last batch: its loss, and the mean distance of its results to the teacher's end points. */
  loss: number;
  meanError: number;
  /** Batches so far whose loss or gradient was not finite: they changed nothing. */
  skipped: number;
  validation: Score;
}

/** Networks that move a solver for each trajectory, as they did best on the validation trajectories. */
export interface TrainedTangent {
  predictor: TangentPredictor;
  /** By how much each shared parameter moves, in the order of the specification. */
  shared: Float32Array;
  /** On the validation trajectories: the solver as it was given, and the best state, which may be that. */
  start: Score;
  best: Score;
  /** When that was; 0 for the start. */
  bestIteration: number;
  history: TangentRecord[];
  /** Wall time. */
  seconds: number;
}

const OPTIMISER = { beta1: 0.9, beta2: 0.99, clip: 1 };
const RATES = { networks: 0.01, shared: 0.005 };
const WARMUP = 20;
const VALIDATE_EVERY = 25;

/**
 * Trains the networks that move a solver's parameters per trajectory, and with them what moves for all, through whole
 * trajectories to the teacher's end points. Of all states that are validated, the start included, the best comes back:
 * on the validation trajectories it is never worse than the solver that was given.
 * @throws FewstepError bad-argument, bad-field where the field has no gradient, not-finite where the solver itself
 *   diverges, and as tangentPlan
 */
export async function trainTangent(
  gpu: Gpu,
  field: Field,
  spec: TangentSpec,
  options: TangentOptions,
): Promise<TrainedTangent> {
  const { training, validation, iterations, batch = 128, seed = 0, rates = RATES } = options;
  const { onRecord, signal } = options;
  checkBatch(training, iterations, batch);
  const begin = performance.now();
  const tangent = tangentPlan(spec);
  const layout = tangentLayout(tangent, field.dim);
  const figures = dataFigures(training);
  const withParameters = (parameters: Float32Array): TangentPredictor => ({
    kind: 'tangent',
    tangent,
    parameters,
    figures,
  });
  const score = (predictor: TangentPredictor) => scoreOf(gpu, field, tangent.plan, validation, predictor);
  const untrained = withParameters(initialTangent(layout, seed));
  const start = await score(untrained);
  if (!Number.isFinite(start.score)) throw diverged(tangent.plan.solver, start);

  let best = { predictor: untrained, score: start, iteration: 0 };
  const history: TangentRecord[] = [];
  const weights = await NetworkWeights.create(gpu, untrained.parameters, batch, {
    ...OPTIMISER,
    updates: iterations,
    rate: (update) => rates.networks * annealed(update, iterations, WARMUP),
    tail: {
      first: layout.shared.offset,
      rate: (update) => rates.shared * annealed(update, iterations, WARMUP),
    },
    skips: true,
  });
  let trainer: TangentTrainer | undefined;
  try {
    const softening = softeningOf(typicalError(start));
    trainer = await TangentTrainer.create(gpu, field, untrained, training, { batch, softening }, weights);
    const order = random(seed, 40);
    for (let iteration = 1; iteration <= iterations; iteration++) {
      signal?.throwIfAborted();
      trainer.submit(Math.floor(order.uniform() * trainer.batches));
      if (iteration % VALIDATE_EVERY !== 0 && iteration !== iterations) continue;
      const { parameters, notFinite } = await weights.state();
      const predictor = withParameters(parameters);
      const validated = await score(predictor);
      if (validated.score < best.score.score) best = { predictor, score: validated, iteration };
      const figuresOfBatch = await trainer.figures();
      const record = { iteration, ...figuresOfBatch, skipped: notFinite, validation: validated };
      history.push(record);
      onRecord?.(record);
    }
  } finally {
    trainer?.destroy();
    weights.destroy();
  }
  return {
    predictor: best.predictor,
    shared: sharedMoves(best.predictor),
    start,
    best: best.score,
    bestIteration: best.iteration,
    history,
    seconds: (performance.now() - begin) / 1000,
  };
}

function checkBatch({ latents, dim }: TeacherPool, iterations: number, batch: number): void {
  checkWhole('number of iterations', iterations, 0);
  checkWhole('batch', batch, 1);
  const trajectories = latents.length / dim;
  if (trajectories >= batch) return;
  throw new FewstepError(
    'bad-argument',
    `${trajectories} trajectories do not fill one batch of ${batch}`,
    'give more trajectories, or a smaller batch',
  );
}

function diverged(solver: string, { mean, median }: Score): FewstepError {
  return new FewstepError(
    'not-finite',
    `${solver} ends ${mean} from its teacher in the mean and ${median} in the median: there is no start to train from`,
    'give parameters with which its end points are finite and not the very ones of the teacher',
  );
}
