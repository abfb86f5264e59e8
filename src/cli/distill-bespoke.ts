import type { TrainedStage } from '../distill/bespoke/bespoke.js';
import { type DistilledBespokeNet, TABLE_SHARE } from '../distill/bespoke/bespoke-net.js';
import { finalistsOf } from '../distill/budget.js';
import { type BespokesRequest, type Learned, learnBespokes } from '../distill/learned.js';
import type { TangentRecord } from '../distill/network/tangent.js';
import type { TeacherPools } from '../distill/pool.js';
import type { Score } from '../distill/score.js';
import type { FamilyRecord } from '../distill/training/family-training.js';
import type { Gpu } from '../gpu/gpu.js';
import { beganAs } from '../predictor/bespoke-predictor.js';
import { figure } from '../report/number.js';
import { type BespokeForm, bespokeLayout } from '../solver/bespoke.js';
import { numbersFrom } from '../solver/bespoke-family.js';
import { type Progress, showProgress } from './progress.js';

/** Distils a bespoke solver for each NFE of a request from one run of the teacher. */
export async function distillBespokes(
  gpu: Gpu,
  request: BespokesRequest,
  pools: TeacherPools,
  finish: AbortSignal,
): Promise<Learned> {
  return learnBespokes(gpu, request, pools, {
    finish,
    watch(nfe) {
      const candidates = request.training.candidates + (request.given?.has(nfe) ? 1 : 0);
      const stages = watching(nfe, candidates + finalistsOf(candidates));
      const networks = watchingNetworks(nfe, request.netIterations ?? 0);
      return {
        ...stages.callbacks,
        ...networks.callbacks,
        stop() {
          networks.stop();
          stages.stop();
        },
      };
    },
  });
}

/** Shows how networks do on top of the table, and the table alone beside them, and which of them is kept. */
function watchingNetworks(nfe: number, iterations: number) {
  let progress: Progress | undefined;
  return {
    stop: () => progress?.stop(),
    callbacks: {
      onNetworks() {
        progress = showProgress(
          iterations + Math.ceil(TABLE_SHARE * iterations),
          `iterations of networks at NFE ${nfe}, and of the table alone`,
        );
      },
      onNetRecord: ({ iteration, loss, validation }: TangentRecord) =>
        progress?.update(iteration, `loss ${loss.toPrecision(3)}, validation ${errors(validation)}`),
      onNetTable: ({ iteration, loss }: FamilyRecord) =>
        progress?.update(iterations + iteration, `loss ${loss.toPrecision(3)}`),
      onNetDone({ net, table, helps }: DistilledBespokeNet) {
        progress?.stop();
        const verdict = helps ? 'they are kept' : 'they do not help both, and the table is kept';
        process.stderr.write(
          `NFE ${nfe}: networks ${errors(net.best)}, the table trained on as much ${errors(table.score)}: ${verdict}\n`,
        );
      },
    },
  };
}

/** Shows on stderr how the stages of one NFE go: a line when each is done, and progress in between. */
function watching(nfe: number, trainings: number) {
  let progress: Progress | undefined;
  let validation: Score | undefined;
  let candidate = 0;
  const say = (text: string) => {
    progress?.stop();
    progress = undefined;
    process.stderr.write(`NFE ${nfe}: ${text}\n`);
  };
  return {
    stop: () => progress?.stop(),
    callbacks: {
      onSearch(done: number, of: number) {
        progress ??= showProgress(of, `formulas and starts searched at NFE ${nfe}`);
        progress.update(done);
      },
      onStart(best: Named, score: Score) {
        say(`searched; the best plain solver is ${beganAs(best)}, error ${errors(score)}`);
      },
      onTraining(stage: TrainedStage, _: Named, iterations: number) {
        if (iterations === 0) return;
        if (stage === 'candidates') candidate++;
        validation = undefined;
        const what =
          stage === 'table'
            ? `iterations at NFE ${nfe}`
            : `iterations of training ${candidate} of ${trainings} to choose by, at NFE ${nfe}`;
        progress = showProgress(iterations, what);
      },
      onRecord(_: TrainedStage, record: FamilyRecord, { form }: Named) {
        validation = record.validation ?? validation;
        progress?.update(record.iteration, describe(record, form, validation));
      },
      onTrained(stage: TrainedStage, which: Named, before: Score, after: Score) {
        if (!progress) return;
        const what = stage === 'table' ? 'the table' : `training ${candidate} of ${trainings}`;
        say(`${what}, ${beganAs(which)}: error ${errors(before)} became ${errors(after)}`);
      },
    },
  };
}

interface Named {
  form: BespokeForm;
  grid: string;
}

function errors({ mean, median }: Score): string {
  return `${figure(mean)} / ${figure(median)}`;
}

function describe(
  { loss, meanError, parameters }: FamilyRecord,
  form: BespokeForm,
  validation?: Score,
): string {
  const numbers = numbersFrom(form, parameters);
  const times = [...numbers.subarray(0, bespokeLayout(form).steps)].map((log) => figure(Math.exp(log)));
  const validated = validation ? `, validation ${errors(validation)}` : '';
  return `loss ${loss.toPrecision(3)}, error ${figure(meanError)}${validated}, times ${times.join(' ')}`;
}
