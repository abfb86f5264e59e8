import type { NodeAdapterDescription } from '../node/adapter.js';
import type { DistillationInfo } from '../predictor/predictor-file.js';
import { count, figure } from '../report/number.js';
import { middleOf } from '../solver/amed.js';
import type { Learned } from './distill-run.js';
import { table } from './table.js';

/** A distillation that is done. */
interface Made {
  out: string;
  learned: Learned;
  training: DistillationInfo;
  adapter: NodeAdapterDescription;
  /** In all. */
  seconds: number;
}

/** What was done, for people. */
export function distillSummary({ out, learned, training, adapter, seconds }: Made): string {
  const { predictor, runs } = learned;
  const { teacher, validation } = training;
  const errors = runs.map(({ nfe, base, start, best, seconds: own }, i) => [
    String(nfe),
    predictor.schedules[i].grid,
    ...[base, start, best].map(({ mean, median }) => `${figure(mean)} / ${figure(median)}`),
    `${own.search.toFixed(1)} s`,
    `${own.training.toFixed(1)} s`,
  ]);
  const kind = adapter.software ? 'software adapter' : 'adapter';
  const parts = [
    `${out}: ${predictor.solver}${predictor.afs ? ' with AFS' : ''} on ${training.field}, taught by ${teacher.solver} at NFE ${teacher.nfe}`,
    table(['NFE', 'grid', 'untrained', 'start', 'distilled', 'search', 'training'], errors),
    `errors: mean / median distance to the teacher's end points, ${count(validation)} validation trajectories`,
  ];
  if (predictor.kind === 'table') {
    const answers = predictor.schedules.flatMap(({ nfe, times, answers }) =>
      answers.map(({ r, direction, time }, n) => {
        const [from, to] = [times[n], times[n + 1]];
        const numbers = [from, middleOf(from, to, r), to, r, direction, time];
        return [String(nfe), String(n + 1), ...numbers.map(figure)];
      }),
    );
    parts.push(table(['NFE', 'step', 'from', 's_n', 'to', 'r', 'direction', 'time'], answers));
  }
  parts.push(
    `${count(teacher.evaluations)} evaluations of the teacher in ${learned.teacher.seconds.toFixed(1)} s; in all ${seconds.toFixed(1)} s on ${kind} ${adapter.name}`,
  );
  return `${parts.join('\n\n')}\n`;
}

/** The same for scripts. */
export function distillReport({ out, learned, training, adapter, seconds }: Made) {
  const { predictor, runs, teacher } = learned;
  return {
    out,
    kind: predictor.kind,
    solver: predictor.solver,
    afs: predictor.afs,
    schedules: predictor.schedules.map((schedule, i) => ({
      ...schedule,
      scores: training.scores[i],
      seconds: runs[i].seconds,
    })),
    training,
    teacher,
    adapter,
    seconds,
  };
}
