import { basename } from 'node:path';
import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { asImages } from '../io/dataset.js';
import type { LossRecord } from '../mlp/checkpoint-file.js';
import type { StoredModel } from '../mlp/model-file.js';
import type { NodeAdapterDescription } from '../node/adapter.js';
import { writeAtomic } from '../node/files.js';
import { renderTrainingReport } from '../report/training-report.js';
import { assess } from '../train/assess.js';
import { stemOf } from './output.js';
import { showProgress } from './progress.js';
import type { LoadedData } from './train-data.js';

/** What a report of a model is made from. */
export interface ReportRequest {
  /** The model's file. */
  path: string;
  model: StoredModel;
  loaded: LoadedData;
  history: readonly LossRecord[];
  image?: readonly [number, number];
  /** To assess alone; by default the model without a label. */
  label?: number;
}

/** Where the report of a model goes unless somebody says. */
export function reportPath(model: string): string {
  return `${stemOf(model)}.report.html`;
}

/** @throws FewstepError bad-shape where the rows are no images of that shape */
export function checkImages({ name, dim }: LoadedData, image: readonly [number, number] | undefined): void {
  if (image) asImages({ rows: 0, columns: dim, values: new Float64Array(0) }, image, name);
}

/** Measures a model and writes its report. */
export async function writeTrainingReport(
  gpu: Gpu,
  adapter: NodeAdapterDescription,
  request: ReportRequest,
  out: string,
  signal: AbortSignal,
): Promise<void> {
  const { path, model, loaded, history, image = loaded.imageShape, label } = request;
  const { data, heldOut, problem, name } = loaded;
  let progress: ReturnType<typeof showProgress> | undefined;
  const assessment = await assess(gpu, {
    model,
    data,
    heldOut,
    problem,
    label,
    signal,
    onProgress(done, total) {
      progress ??= showProgress(total, 'samples for the report');
      progress.update(done);
    },
  }).finally(() => progress?.stop());
  const { config, training } = model;
  const described = { name: basename(path), data: basename(name), config, training, history, adapter };
  await writeAtomic(out, renderTrainingReport({ ...described, assessment, imageShape: image }));
}

/** The curve that `fewstep train` wrote beside a model. @throws FewstepError bad-data naming the line */
export function parseLossCurve(text: string, name: string): LossRecord[] {
  const [, ...lines] = text.trim().split('\n');
  return lines.map((line, i) => {
    const [step, training, validation] = line.split(',').map(Number);
    if ([step, training, validation].every(Number.isFinite)) return { step, training, validation };
    throw new FewstepError(
      'bad-data',
      `${name}, line ${i + 2}: '${line}' is no line of a loss curve`,
      'use the file as fewstep train wrote it, or remove it',
    );
  });
}
