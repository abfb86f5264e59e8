import { distillationInfo, type Learned } from '../distill/learned.js';
import type { DistillSettings } from '../distill/settings.js';
import { FewstepError } from '../errors.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import { type Field, preparedGradient } from '../field/field.js';
import { Gpu } from '../gpu/gpu.js';
import { type DeviceChoice, openDevice } from '../node/adapter.js';
import { loadField } from '../node/field/load.js';
import { savePredictor } from '../node/predictor.js';
import { parseSolver } from '../solver/registry.js';
import { bespokeRequest, refuseBespokeOptions } from './bespoke-request.js';
import { distillBespokes } from './distill-bespoke.js';
import { distillNetworks } from './distill-network.js';
import { type DistillOptions, distillRequest } from './distill-request.js';
import { distillReport, distillSummary } from './distill-summary.js';
import { distillTables } from './distill-table.js';
import { distillRequestedTimes } from './distill-times.js';
import { fieldWords } from './field-words.js';
import { checkOutput, stemOf } from './output.js';
import { loadedPredictor } from './sample-predictor.js';
import { timesRequest } from './times-request.js';

/** What the command line says, as commander hands it over. */
export interface DistillCommandOptions extends DistillOptions {
  out: string;
  device?: DeviceChoice;
  json?: boolean;
}

/** A distillation that is possible; nothing of it has run. */
interface Job {
  recipe: string;
  settings: DistillSettings;
  /** Whether it needs the field's gradient. */
  gradient: boolean;
  /** Shows on stderr how it goes. */
  distil(gpu: Gpu, finish: AbortSignal): Promise<Learned>;
}

/**
 * Distils and writes the predictor. What can be wrong with a request is found before the teacher runs.
 * @param finish ends the learning early: what is learned by then goes beside the file that was asked for
 * @throws FewstepError `interrupted` where it did
 */
export async function runDistill(options: DistillCommandOptions, finish: AbortSignal): Promise<void> {
  const begin = performance.now();
  const { out, columns, bandwidth, scale, dim, label, guidance, precision } = options;
  checkOutput('--out', out, '.safetensors');
  const details = { columns, bandwidth, scale, dim, label, guidance, precision };
  const field = await loadField(options.field, details);
  const job = await jobOf(options, field);
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  try {
    const [fingerprint] = await Promise.all([
      fingerprintOf(field, gpu),
      job.gradient && preparedGradient(gpu, field),
    ]);
    finish.throwIfAborted();
    const learned = await job.distil(gpu, finish);
    const { endedEarly } = learned;
    const file = endedEarly ? `${stemOf(out)}.partial.safetensors` : out;
    const training = distillationInfo(learned, {
      ...job,
      field: fieldWords(options.field, details),
      adapter: adapter.name,
    });
    await savePredictor(file, { predictor: learned.predictor, field: fingerprint, training });
    const seconds = (performance.now() - begin) / 1000;
    const { scaling } = field;
    const made = { out: file, learned, training, scaling, adapter, work: gpu.work, seconds };
    process.stdout.write(
      options.json ? `${JSON.stringify(distillReport(made), null, 2)}\n` : distillSummary(made),
    );
    if (endedEarly) throw interrupted(file, learned);
  } finally {
    gpu.destroy();
  }
}

function interrupted(file: string, { predictor, endedEarly }: Learned): FewstepError {
  const { missing } = endedEarly!;
  const lacks = missing.length > 0 ? `, which lacks NFE ${missing.join(', ')}` : '';
  return new FewstepError(
    'interrupted',
    `stopped early: ${file} has what was learned by then${lacks}`,
    predictor.kind === 'bespoke'
      ? `use it as it is, or begin with it: --from ${file}`
      : 'use it as it is, or distil again',
  );
}

async function jobOf(options: DistillOptions, field: Field): Promise<Job> {
  if (options.solver === 'bespoke' || options.solver === 'bespoke-net') {
    const from = options.from === undefined ? undefined : await loadedPredictor(options.from);
    const request = bespokeRequest(options, field, from);
    const { settings } = request;
    const gradient = request.netIterations !== undefined;
    const distil: Job['distil'] = (gpu, finish) => distillBespokes(gpu, request, finish);
    return { recipe: 'bespoke', settings, gradient, distil };
  }
  refuseBespokeOptions(options);
  if (!('planWith' in parseSolver(options.solver).solver)) {
    const request = timesRequest(options, field);
    const distil: Job['distil'] = (gpu, finish) => distillRequestedTimes(gpu, request, finish);
    return { recipe: 'times', settings: request.settings, gradient: false, distil };
  }
  const request = distillRequest(options, field);
  const { recipe, settings } = request;
  const distil = request.kind === 'table' ? distillTables : distillNetworks;
  return {
    recipe,
    settings,
    gradient: request.kind === 'network',
    distil: (gpu, finish) => distil(gpu, request, finish),
  };
}
