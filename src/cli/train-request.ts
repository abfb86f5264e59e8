import * as v from 'valibot';
import { given } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { Checkpoint } from '../mlp/checkpoint-file.js';
import { type EmbeddingKind, type MlpConfig, mlpConfig } from '../mlp/config.js';
import { loadCheckpoint } from '../node/model.js';
import { type TrainingSettings, trainingSettings } from '../train/settings.js';
import { type ConventionOptions, conventionOf } from './train-convention.js';
import { type LoadedData, loadTrainingData, type TrainingSource } from './train-data.js';

/** What the command line says of a run that begins; a resumed run has all of it from its checkpoint. */
export interface FreshOptions extends ConventionOptions {
  data?: string;
  problem?: string;
  columns?: string;
  labels?: string;
  scale?: boolean;
  width?: number;
  layers?: number;
  residual?: boolean;
  embedding?: EmbeddingKind;
  embeddingSize?: number;
  embeddingScale?: number;
  steps?: number;
  batch?: number;
  lr?: number;
  warmup?: number;
  weightDecay?: number;
  clip?: number;
  ema?: number;
  labelDrop?: number;
  seed?: number;
}

/** A run to do, or to go on with. */
export interface TrainRequest {
  source: TrainingSource;
  loaded: LoadedData;
  config: MlpConfig;
  settings: TrainingSettings;
  checkpoint?: Checkpoint;
  /** Losses since the last line of the history. */
  pending: PendingLosses;
}

export interface PendingLosses {
  sum: number;
  steps: number;
}

/** What a run keeps in its checkpoints' options. */
const keptSchema = v.object({
  source: v.union([
    v.strictObject({ problem: v.string() }),
    v.strictObject({
      data: v.string(),
      columns: v.optional(v.string()),
      labels: v.optional(v.string()),
      scale: v.optional(v.boolean()),
    }),
  ]),
  digest: v.string(),
  settings: v.record(v.string(), v.union([v.number(), v.string()])),
  pending: v.strictObject({ sum: v.number(), steps: v.number() }),
});

/** What a checkpoint has to say besides its numbers, so that `resumedRequest` understands it. */
export function keptOptions(
  { source, loaded, settings }: TrainRequest,
  pending: PendingLosses,
): Record<string, unknown> {
  return { source, digest: loaded.digest, settings, pending };
}

/** @throws FewstepError for a run that cannot be: nothing to train on, or an option out of its bounds */
export async function freshRequest(options: FreshOptions): Promise<TrainRequest> {
  const source = sourceOf(options);
  const { width, layers, residual } = options;
  const { embedding: kind, embeddingSize: size, embeddingScale } = options;
  const { steps, batch, lr: rate, warmup, weightDecay, clip, ema: emaDecay, labelDrop } = options;
  const { seed } = options;
  const { convention, ...objective } = await conventionOf(options);
  const optimiser = { steps, batch, rate, warmup, weightDecay, clip, emaDecay, labelDrop };
  const settings = trainingSettings(given({ ...optimiser, seed, ...objective }));
  const embedding = given({ kind, size, scale: embeddingScale });
  const network = { ...given({ width, layers, residual, convention }), embedding };
  // Before the data, which may take a while, but for what they decide.
  mlpConfig({ dim: 1, ...network });
  if (labelDrop !== undefined && options.labels === undefined) {
    throw new FewstepError(
      'bad-argument',
      '--label-drop says something about --labels',
      'leave it out, or give the column of the labels',
    );
  }
  const loaded = await loadTrainingData(source, settings.seed);
  const { dim, classes, sigmaData } = loaded;
  const config = mlpConfig({ dim, classes, sigmaData, ...network });
  return { source, loaded, config, settings, pending: { sum: 0, steps: 0 } };
}

/**
 * The run of a checkpoint, with the data that it began with.
 * @throws FewstepError for options that it cannot take any more, and bad-data where the data have changed
 */
export async function resumedRequest(path: string, options: FreshOptions): Promise<TrainRequest> {
  const [foreign] = Object.keys(given({ ...options }));
  if (foreign !== undefined) {
    throw new FewstepError(
      'bad-argument',
      `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} does not go with --resume`,
      'leave it out: the run goes on as it began',
    );
  }
  const checkpoint = await loadCheckpoint(path);
  const kept = v.safeParse(keptSchema, checkpoint.options);
  if (!kept.success) {
    throw new FewstepError(
      'bad-data',
      `${path} is no checkpoint of fewstep train: ${kept.issues[0].message}`,
      'give a checkpoint that fewstep train wrote',
    );
  }
  const { source, digest, pending } = kept.output;
  const settings = trainingSettings(kept.output.settings as Partial<TrainingSettings>);
  const loaded = await loadTrainingData(source, settings.seed);
  if (loaded.digest !== digest) {
    throw new FewstepError(
      'bad-data',
      `${loaded.name} has changed since the run of ${path} began`,
      'bring back the data that it was trained on, or train again',
    );
  }
  return { source, loaded, config: checkpoint.config, settings, checkpoint, pending };
}

function sourceOf({ problem, data, columns, labels, scale }: FreshOptions): TrainingSource {
  if (data !== undefined) return { data, ...given({ columns, labels, scale }) };
  if (problem === undefined) {
    throw new FewstepError(
      'bad-argument',
      'there is nothing to train on',
      'give --problem, --data or --resume',
    );
  }
  const [foreign] = Object.keys(given({ columns, labels, scale }));
  if (foreign === undefined) return { problem };
  throw new FewstepError(
    'bad-argument',
    `--${foreign} does not apply to a problem`,
    'leave it out, or give a --data file',
  );
}
