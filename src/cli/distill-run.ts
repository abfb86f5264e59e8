import { costOf, distillationInfo, type Learned } from '../distill/learned.js';
import type { TeacherPools } from '../distill/pool.js';
import { type Job, jobOf } from '../distill/request/job.js';
import { FewstepError } from '../errors.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import { preparedGradient } from '../field/field.js';
import { Gpu } from '../gpu/gpu.js';
import { type DeviceChoice, openDevice } from '../node/adapter.js';
import { loadField } from '../node/field/load.js';
import { savePredictor } from '../node/predictor.js';
import { distillBespokes } from './distill-bespoke.js';
import { distillNetworks } from './distill-network.js';
import { type DistillOptions, distillationOf, flagOf } from './distill-request.js';
import { distillReport, distillSummary } from './distill-summary.js';
import { distillTables } from './distill-table.js';
import { taught } from './distill-teacher.js';
import { distillRequestedTimes } from './distill-times.js';
import { fieldWords } from './field-words.js';
import { checkDistinct, checkOutput, stemOf } from './output.js';
import { loadedPredictor } from './sample-predictor.js';
import { slowHint } from './slow-hint.js';

/** What the command line says, as commander hands it over. */
export interface DistillCommandOptions extends DistillOptions {
  out: string;
  device?: DeviceChoice;
  json?: boolean;
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
  checkDistinct({ '--out': out }, { '--field': options.field });
  const details = { columns, bandwidth, scale, dim, label, guidance, precision };
  const field = await loadField(options.field, details);
  const from = options.from === undefined ? undefined : await loadedPredictor(options.from);
  const asked = distillationOf(options, field, from);
  const job = jobOf(asked, flagOf);
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  try {
    const [fingerprint] = await Promise.all([
      fingerprintOf(field, gpu),
      job.gradient && preparedGradient(gpu, field),
    ]);
    finish.throwIfAborted();
    const pools = await taught(gpu, job.request, finish);
    const slow = slowHint(job, asked, costOf(pools));
    if (slow) process.stderr.write(`${slow}\n`);
    const learned = await distil(gpu, job, pools, finish);
    const { endedEarly } = learned;
    const file = endedEarly ? `${stemOf(out)}.partial.safetensors` : out;
    const training = distillationInfo(learned, {
      recipe: job.recipe,
      settings: job.request.settings,
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

/** Shows on stderr how it goes. */
function distil(gpu: Gpu, job: Job, pools: TeacherPools, finish: AbortSignal): Promise<Learned> {
  switch (job.kind) {
    case 'bespoke':
      return distillBespokes(gpu, job.request, pools, finish);
    case 'table':
      return distillTables(gpu, job.request, pools, finish);
    case 'network':
      return distillNetworks(gpu, job.request, pools, finish);
    case 'times':
      return distillRequestedTimes(gpu, job.request, pools, finish);
  }
}
