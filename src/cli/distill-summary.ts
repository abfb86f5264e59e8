import type { Learned } from '../distill/learned.js';
import type { Score } from '../distill/score.js';
import type { FieldWork } from '../gpu/gpu.js';
import type { Scaling } from '../io/scaling.js';
import type { NodeAdapterDescription } from '../node/adapter.js';
import {
  type BespokePredictor,
  type BespokeSchedule,
  planOfSchedule,
} from '../predictor/bespoke-predictor.js';
import { predictedRun, type TablePredictor, type TimesPredictor } from '../predictor/predictor.js';
import type { DistillationInfo } from '../predictor/predictor-file.js';
import { count, figure } from '../report/number.js';
import { middleOf } from '../solver/amed.js';
import { evaluationTimes } from '../solver/plan.js';
import { tableOf } from '../solver/table.js';
import { table } from './table.js';
import { tableColumns } from './table-columns.js';

/** A distillation that is done. */
interface Made {
  out: string;
  learned: Learned;
  training: DistillationInfo;
  /** How the data were scaled for the field, where they were. */
  scaling?: Scaling;
  adapter: NodeAdapterDescription;
  /** Of the field, in all, the teacher's included. */
  work: FieldWork;
  /** In all. */
  seconds: number;
}

/** What was done, for people. */
export function distillSummary({ out, learned, training, scaling, adapter, work, seconds }: Made): string {
  const { predictor } = learned;
  const { teacher, validation } = training;
  const kind = adapter.software ? 'software adapter' : 'adapter';
  const units = scaling
    ? ` in the field's units, of which one is ${figure(scaling.scale)} of the data's`
    : '';
  const parts = [
    `${out}: ${predictor.solver}${predictor.afs ? ' with AFS' : ''} on ${training.field}, taught by ${teacher.solver} at NFE ${teacher.nfe}`,
    predictor.kind === 'bespoke' ? bespokeErrors(learned) : studentErrors(learned),
    `errors: mean / median distance to the teacher's end points${units}, ${count(validation)} validation trajectories`,
  ];
  if (predictor.kind === 'bespoke')
    parts.push(...predictor.schedules.map((schedule) => learnedTable(predictor, schedule)));
  if (predictor.kind === 'table') parts.push(learnedAnswers(predictor));
  if (predictor.kind === 'times') parts.push(learnedTimes(predictor));
  const products = work.products > 0 ? ` and ${count(work.products)} products with the field's Jacobian` : '';
  parts.push(
    `${count(teacher.evaluations)} evaluations of the teacher in ${learned.teacher.seconds.toFixed(1)} s; in all ${count(work.evaluations)} evaluations${products} in ${seconds.toFixed(1)} s on ${kind} ${adapter.name}`,
  );
  return `${parts.join('\n\n')}\n`;
}

function studentErrors({ predictor, runs }: Learned): string {
  const rows = runs.map(({ nfe, base, start, best, seconds }, i) => [
    String(nfe),
    predictor.schedules[i].grid,
    ...[base, start, best].map(errors),
    `${seconds.search.toFixed(1)} s`,
    `${seconds.training.toFixed(1)} s`,
  ]);
  return table(['NFE', 'grid', 'untrained', 'start', 'distilled', 'search', 'training'], rows);
}

function learnedAnswers({ schedules }: TablePredictor): string {
  const rows = schedules.flatMap(({ nfe, times, answers }) =>
    answers.map(({ r, direction, time }, n) => {
      const [from, to] = [times[n], times[n + 1]];
      const numbers = [from, middleOf(from, to, r), to, r, direction, time];
      return [String(nfe), String(n + 1), ...numbers.map(figure)];
    }),
  );
  return table(['NFE', 'step', 'from', 's_n', 'to', 'r', 'direction', 'time'], rows);
}

function learnedTimes(predictor: TimesPredictor): string {
  const rows = predictor.schedules.flatMap(({ nfe, told }) =>
    evaluationTimes(predictedRun(predictor, nfe).plan)!.map((time, k) => [
      ...[nfe, k + 1].map(String),
      ...[time / told[k], time].map(figure),
    ]),
  );
  return table(['NFE', 'evaluation', 'sigma', 'told'], rows);
}

/** A line for each NFE, and below it what the solvers began as. */
function bespokeErrors({ predictor, runs }: Learned): string {
  const rows = runs.map(({ nfe, base, start, best, stages }) => [
    String(nfe),
    ...[base, start, best].map(errors),
    `${figure(base.mean / best.mean)} / ${figure(base.median / best.median)}`,
    ...(['search', 'candidates', 'table'] as const).map((stage) => `${stages!.seconds[stage].toFixed(1)} s`),
    String(stages!.iterations.candidates + stages!.iterations.table),
  ]);
  const header = [
    'NFE',
    'plain',
    'start',
    'distilled',
    'gain',
    'search',
    'candidates',
    'table',
    'iterations',
  ];
  const origins = runs.map(({ nfe, stages }, i) => {
    const { grid } = predictor.schedules[i];
    return `NFE ${nfe} began as ${grid}${stages!.plain === grid ? ', the best plain solver' : `; the best plain solver is ${stages!.plain}`}`;
  });
  const networks = runs.flatMap(({ nfe, stages }) => {
    if (!stages?.networks) return [];
    const { kept, net, table: alone, iterations } = stages.networks;
    const numbers = `with networks ${errors(net)} after ${iterations} iterations, the table trained on as much ${errors(alone)}`;
    return [`NFE ${nfe}: ${numbers}; kept: ${kept ? 'the networks' : 'the table'}`];
  });
  return [table(header, rows), [...origins, ...networks].join('\n')].join('\n\n');
}

/** All that a learned solver is: a line for each evaluation, and one for the result. */
function learnedTable(predictor: BespokePredictor, schedule: BespokeSchedule): string {
  return [
    `NFE ${schedule.nfe}: ${schedule.network ? 'the table that networks move for each trajectory, ' : ''}each state, and the result, as a sum of the latents x_T, the mean of the data and what was evaluated before`,
    tableColumns(tableOf(planOfSchedule(predictor, schedule))),
  ].join('\n');
}

function errors({ mean, median }: Pick<Score, 'mean' | 'median'>): string {
  return `${figure(mean)} / ${figure(median)}`;
}

/** The same for scripts. */
export function distillReport({ out, learned, training, adapter, work, seconds }: Made) {
  const { predictor, runs, teacher } = learned;
  return {
    out,
    kind: predictor.kind,
    solver: predictor.solver,
    afs: predictor.afs,
    ...(predictor.kind === 'bespoke' && {
      range: predictor.range,
      data: { mean: [...predictor.data.mean], std: predictor.data.std },
    }),
    schedules: predictor.schedules.map((schedule, i) => ({
      ...schedule,
      ...(predictor.kind === 'bespoke' && {
        numbers: [...predictor.schedules[i].numbers],
        table: tableOf(planOfSchedule(predictor, predictor.schedules[i])),
      }),
      scores: training.scores[i],
      seconds: runs[i].seconds,
      ...(runs[i].stages && { stages: runs[i].stages }),
    })),
    training,
    teacher,
    adapter,
    work,
    seconds,
  };
}
