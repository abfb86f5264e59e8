import { type Distilled, type DistillRequest, distill } from '../../src/distill/distill.js';
import type { Score } from '../../src/distill/score.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { loadField } from '../../src/node/field/load.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';

/** What `distill` is asked for, besides the field and one NFE. */
export type DistillationCase = { name: string } & Omit<DistillRequest, 'field' | 'nfe' | 'name'>;

/** AMED's table and network, and a bespoke solver. */
export function distillationCases(quick: boolean): DistillationCase[] {
  const [few, fewer] = quick
    ? [{ iterations: 60 }, { iterations: 20, candidates: 2, candidateIterations: 4 }]
    : [{}, {}];
  return [
    { name: 'amed, table', solver: 'amed', ...few },
    { name: 'amed, network', solver: 'amed', kind: 'network', ...few },
    { name: 'bespoke', solver: 'bespoke', ...fewer },
  ];
}

/** What a distillation takes. */
export interface DistillationRow {
  student: string;
  field: string;
  dim: number;
  nfe: number;
  /** Of the teacher to learn from, and to choose by. */
  trajectories: number;
  validation: number;
  batch: number;
  iterations: number;
  teacher: { solver: string; nfe: number; evaluations: number };
  repeats: number;
  /** In all, and of it the teacher, the search for a start and the training. The first repeat compiles. */
  seconds: MinMedianMax;
  parts: { teacher: number; search: number; training: number };
  /** Of the median, the teacher's alone. */
  teacherEvaluationsPerSecond: number;
  /** Distance to the teacher's end points: untrained, and distilled. */
  errors: { untrained: Score['mean']; distilled: Score['mean'] };
}

/** Distils on a built-in problem. */
export async function measureDistillation(
  gpu: Gpu,
  problem: string,
  nfe: number,
  { name, ...request }: DistillationCase,
  repeats: number,
): Promise<DistillationRow> {
  const field = await loadField(problem);
  const runs: { seconds: number; learned: Distilled }[] = [];
  do {
    const begin = performance.now();
    const learned = await distill(gpu, { field, nfe, ...request });
    runs.push({ seconds: (performance.now() - begin) / 1000, learned });
  } while (runs.length < repeats);

  const seconds = minMedianMax(runs.map((run) => run.seconds));
  const middle = (of: (learned: Distilled) => number) =>
    minMedianMax(runs.map(({ learned }) => of(learned)))[1];
  const parts = {
    teacher: middle(({ teacher }) => teacher.seconds),
    search: middle((learned) => learned.runs[0].seconds.search),
    training: middle((learned) => learned.runs[0].seconds.training),
  };
  const { training, runs: learnedRuns } = runs[0].learned;
  const [{ base, best, iterations, stages }] = learnedRuns;
  const { teacher, trajectories, validation, batch } = training;
  return {
    ...{ student: name, field: problem, dim: field.dim, nfe, trajectories, validation, batch },
    iterations: stages ? stages.iterations.candidates + stages.iterations.table : iterations,
    teacher: { solver: teacher.solver, nfe: teacher.nfe, evaluations: teacher.evaluations },
    ...{ repeats, seconds, parts },
    teacherEvaluationsPerSecond: teacher.evaluations / parts.teacher,
    errors: { untrained: base.mean, distilled: best.mean },
  };
}
