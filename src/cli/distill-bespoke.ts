import { type DistilledBespoke, distillBespoke, type TrainedStage } from '../distill/bespoke.js';
import { distillBespokeNet, TABLE_SHARE } from '../distill/bespoke-net.js';
import { finalistsOf } from '../distill/budget.js';
import { dataFigures } from '../distill/data-figures.js';
import type { FamilyRecord } from '../distill/family-training.js';
import type { Score } from '../distill/score.js';
import type { Gpu } from '../gpu/gpu.js';
import { type BespokePredictor, beganAs, bespokeSchedule } from '../predictor/bespoke-predictor.js';
import { figure } from '../report/number.js';
import { type BespokeForm, bespokeLayout } from '../solver/bespoke.js';
import { numbersFrom } from '../solver/bespoke-family.js';
import type { BespokeRequest } from './bespoke-request.js';
import type { Learned } from './distill-run.js';
import { taught } from './distill-teacher.js';
import { type Progress, showProgress } from './progress.js';

/** Distils a bespoke solver for each NFE of a request from one run of the teacher. */
export async function distillBespokes(
  gpu: Gpu,
  request: BespokeRequest,
  signal: AbortSignal,
): Promise<Learned> {
  const { field, range, nfes, training, choices, given } = request;
  const pools = await taught(gpu, request, signal);
  const schedules: BespokePredictor['schedules'] = [];
  /** Networks on the table where they help, and else the table trained on as much. */
  const withNetworks = async (table: DistilledBespoke) => {
    const { nfe } = table.form;
    const iterations = request.netIterations!;
    const progress = showProgress(
      iterations + Math.ceil(TABLE_SHARE * iterations),
      `iterations of networks at NFE ${nfe}, and of the table alone`,
    );
    try {
      const {
        net,
        table: longer,
        helps,
        seconds,
      } = await distillBespokeNet(gpu, field, table, training, {
        ...{ ...pools, iterations, batch: request.netBatch, signal },
        onRecord: ({ iteration, loss, validation }) =>
          progress.update(iteration, `loss ${loss.toPrecision(3)}, validation ${errors(validation)}`),
        onTable: ({ iteration, loss }) =>
          progress.update(iterations + iteration, `loss ${loss.toPrecision(3)}`),
      });
      progress.stop();
      const verdict = helps ? 'they are kept' : 'they do not help both, and the table is kept';
      process.stderr.write(
        `NFE ${nfe}: networks ${errors(net.best)}, the table trained on as much ${errors(longer.score)}: ${verdict}\n`,
      );
      const stage = { kept: helps, net: shown(net.best), table: shown(longer.score), iterations, seconds };
      if (!helps) return { best: longer.score, numbers: longer.numbers, network: undefined, stage };
      return { best: net.best, numbers: table.numbers, network: net.predictor.parameters, stage };
    } finally {
      progress.stop();
    }
  };
  const runs: Learned['runs'] = [];
  for (const nfe of nfes) {
    const own = given.get(nfe);
    const candidates = training.candidates + (own ? 1 : 0);
    const watch = watching(nfe, candidates + finalistsOf(candidates));
    try {
      const settings = { ...training, nfe };
      const learned = await distillBespoke(gpu, field, settings, {
        ...pools,
        ...choices,
        ...watch.callbacks,
        given: own && [own],
        signal,
      });
      const { form, candidate, start, origin, seconds, iterations } = learned;
      const began = beganAs(origin.candidate);
      const net = request.netIterations === undefined ? undefined : await withNetworks(learned);
      const { best, numbers, network, stage } = net ?? { ...learned, network: undefined, stage: undefined };
      schedules.push({ ...bespokeSchedule(form, numbers, began), ...(network && { network }) });
      runs.push({
        nfe,
        base: start,
        start: origin.score,
        best,
        seconds: {
          search: seconds.search,
          training:
            seconds.candidates + seconds.table + (stage ? stage.seconds.net + stage.seconds.table : 0),
        },
        stages: { plain: beganAs(candidate), seconds, iterations, ...(stage && { networks: stage }) },
      });
    } finally {
      watch.stop();
    }
  }
  const { training: pool, validation } = pools;
  const data = dataFigures(pool);
  return {
    predictor: {
      ...{ kind: 'bespoke', afs: false, range, data, schedules },
      solver: request.netIterations === undefined ? 'bespoke' : 'bespoke-net',
    },
    runs,
    teacher: {
      seconds: pool.seconds + validation.seconds,
      evaluations: pool.evaluations + validation.evaluations,
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

function shown({ mean, median }: Score) {
  return { mean, median };
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
