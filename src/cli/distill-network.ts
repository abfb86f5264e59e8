import type { Learned } from '../distill/learned.js';
import { distillNetwork, type NetworkRecord } from '../distill/network.js';
import type { Gpu } from '../gpu/gpu.js';
import { figure, plural } from '../report/number.js';
import type { DistillRequest } from './distill-request.js';
import { showTeacher, taught } from './distill-teacher.js';
import { type Progress, showProgress } from './progress.js';

/** Distils a network by either recipe: with several NFE one network for all of them. */
export async function distillNetworks(
  gpu: Gpu,
  request: DistillRequest,
  signal: AbortSignal,
): Promise<Learned> {
  const { field, solver, options, afs, settings, text, recipe, reads, stepwise, students } = request;
  const { training, validation } = await taught(gpu, request, signal);
  // The published recipe learns from the states in between, of a teacher of its own.
  const lessons = stepwise ? await showTeacher(gpu, request, stepwise, signal) : training;
  const nfes = students.map(({ nfe }) => nfe).join(', ');
  process.stderr.write(`NFE ${nfes}: ${recipe} recipe, the network reads ${reads}\n`);
  let progress: Progress | undefined;
  try {
    const learned = await distillNetwork(
      gpu,
      field,
      students.map(({ grids }) => ({ solver, options, afs, grids })),
      {
        settings,
        recipe,
        reads,
        // With several NFE the network has to tell them apart by itself.
        tableFirst: students.length === 1,
        training: students.map(() => lessons),
        validation,
        signal,
        onStart(starts, bases) {
          for (const [i, { grid, score }] of starts.entries()) {
            const [mean, before] = [score.mean, bases[i].mean].map(figure);
            process.stderr.write(`NFE ${students[i].nfe}: ${grid}, error ${mean} (untrained ${before})\n`);
          }
          progress = showProgress(
            settings.iterations,
            plural(settings.iterations, 'iteration').replace(/^\S+ /, ''),
          );
        },
        onRecord: (record) => progress?.update(record.iteration, describe(record)),
      },
    );
    const { config, parameters, figures, seconds } = learned;
    const schedules = learned.students.map(({ grid, times, offsets }, i) => ({
      nfe: students[i].nfe,
      grid,
      times,
      ...(offsets && { offsets }),
    }));
    const share = (whole: number) => whole / students.length;
    return {
      predictor: { kind: 'network', solver: text, afs, schedules, config, parameters, figures },
      runs: learned.students.map(({ base, start, best }, i) => ({
        nfe: students[i].nfe,
        base,
        start,
        best,
        iterations: settings.iterations,
        // One training for all.
        seconds: { search: share(seconds.search), training: share(seconds.training) },
      })),
      teacher: {
        seconds: training.seconds + validation.seconds + (stepwise ? lessons.seconds : 0),
        evaluations: training.evaluations + validation.evaluations + (stepwise ? lessons.evaluations : 0),
      },
    };
  } finally {
    progress?.stop();
  }
}

function describe({ distances, validation }: NetworkRecord): string {
  const steps = distances.map((own) => own.map(figure).join(' ')).join(' | ');
  return `distance ${steps}, validation ${validation.map(({ mean }) => figure(mean)).join(' | ')}`;
}
