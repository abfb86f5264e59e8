import type { Learned } from '../distill/learned.js';
import { learnNetwork, type NetworkRequest, runStepwiseTeacher } from '../distill/network/learn-network.js';
import type { NetworkRecord } from '../distill/network/network.js';
import type { TeacherPool, TeacherPools } from '../distill/pool.js';
import type { Gpu } from '../gpu/gpu.js';
import { figure, plural } from '../report/number.js';
import { type Progress, showProgress } from './progress.js';

/** Distils a network by either recipe: with several NFE one network for all of them. */
export async function distillNetworks(
  gpu: Gpu,
  request: NetworkRequest,
  pools: TeacherPools,
  finish: AbortSignal,
): Promise<Learned> {
  const { settings, recipe, reads, students } = request;
  const lessons = await taughtStepwise(gpu, request, finish);
  const nfes = students.map(({ nfe }) => nfe).join(', ');
  process.stderr.write(`NFE ${nfes}: ${recipe} recipe, the network reads ${reads}\n`);
  let progress: Progress | undefined;
  try {
    return await learnNetwork(gpu, request, pools, lessons, {
      finish,
      onTable({ iteration, loss, meanError }) {
        progress ??= showProgress(settings.iterations, 'iterations of the table that it corrects');
        progress.update(iteration, `loss ${loss.toPrecision(3)}, error ${figure(meanError)}`);
      },
      onStart(starts, bases) {
        progress?.stop();
        for (const [i, { grid, score }] of starts.entries()) {
          const [mean, before] = [score.mean, bases[i].mean].map(figure);
          process.stderr.write(`NFE ${students[i].nfe}: ${grid}, error ${mean} (untrained ${before})\n`);
        }
        const { iterations } = settings;
        progress = showProgress(iterations, plural(iterations, 'iteration').replace(/^\S+ /, ''));
      },
      onRecord: (record) => progress?.update(record.iteration, describe(record)),
    });
  } finally {
    progress?.stop();
  }
}

async function taughtStepwise(
  gpu: Gpu,
  request: NetworkRequest,
  signal: AbortSignal,
): Promise<TeacherPool | undefined> {
  const { stepwise, settings } = request;
  if (!stepwise) return undefined;
  const progress = showProgress(settings.trajectories, 'trajectories of the stepwise teacher');
  try {
    return await runStepwiseTeacher(gpu, request, stepwise, { signal, onProgress: progress.update });
  } finally {
    progress.stop();
  }
}

function describe({ distances, validation }: NetworkRecord): string {
  const steps = distances.map((own) => own.map(figure).join(' ')).join(' | ');
  return `distance ${steps}, validation ${validation.map(({ mean }) => figure(mean)).join(' | ')}`;
}
