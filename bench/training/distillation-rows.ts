import { bespokeRequest } from '../../src/cli/bespoke-request.js';
import { distillBespokes } from '../../src/cli/distill-bespoke.js';
import { distillNetworks } from '../../src/cli/distill-network.js';
import { type DistillOptions, distillRequest } from '../../src/cli/distill-request.js';
import { distillTables } from '../../src/cli/distill-table.js';
import type { Learned } from '../../src/distill/learned.js';
import type { Score } from '../../src/distill/score.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { loadField } from '../../src/node/field/load.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';

/** What `fewstep distill` is asked for, besides the field and one NFE. */
export type DistillationCase = { name: string } & Partial<DistillOptions> & Pick<DistillOptions, 'solver'>;

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

/** Distils on a built-in problem as the command line does, with progress on stderr. */
export async function measureDistillation(
  gpu: Gpu,
  problem: string,
  nfe: number,
  { name, ...options }: DistillationCase,
  repeats: number,
): Promise<DistillationRow> {
  const field = await loadField(problem);
  const given: DistillOptions = { field: problem, nfe: [nfe], ...options };
  const { signal } = new AbortController();
  const runs: { seconds: number; learned: Learned }[] = [];
  let settings: ReturnType<typeof distillRequest>['settings'];
  do {
    const begin = performance.now();
    let learned: Learned;
    if (options.solver === 'bespoke') {
      const request = bespokeRequest(given, field);
      settings = request.settings;
      learned = await distillBespokes(gpu, request, signal);
    } else {
      const request = distillRequest(given, field);
      settings = request.settings;
      learned = await (request.kind === 'table' ? distillTables : distillNetworks)(gpu, request, signal);
    }
    runs.push({ seconds: (performance.now() - begin) / 1000, learned });
  } while (runs.length < repeats);

  const seconds = minMedianMax(runs.map((run) => run.seconds));
  const middle = (of: (learned: Learned) => number) =>
    minMedianMax(runs.map(({ learned }) => of(learned)))[1];
  const parts = {
    teacher: middle(({ teacher }) => teacher.seconds),
    search: middle((learned) => learned.runs[0].seconds.search),
    training: middle((learned) => learned.runs[0].seconds.training),
  };
  const { teacher, runs: learnedRuns } = runs[0].learned;
  const [{ base, best, stages }] = learnedRuns;
  return {
    student: name,
    field: problem,
    dim: field.dim,
    nfe,
    trajectories: settings.trajectories,
    validation: settings.validation,
    batch: settings.batch,
    iterations: stages ? stages.iterations.candidates + stages.iterations.table : settings.iterations,
    teacher: { solver: settings.teacher.solver, nfe: settings.teacher.nfe, evaluations: teacher.evaluations },
    repeats,
    seconds,
    parts,
    teacherEvaluationsPerSecond: teacher.evaluations / parts.teacher,
    errors: { untrained: base.mean, distilled: best.mean },
  };
}
