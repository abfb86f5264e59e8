import { either } from '../abort.js';
import type { Gpu } from '../gpu/gpu.js';
import { type BespokePredictor, beganAs, bespokeSchedule } from '../predictor/bespoke-predictor.js';
import type { Predictor, TablePredictor, TimesPredictor } from '../predictor/predictor.js';
import type { DistillationInfo } from '../predictor/predictor-file.js';
import type { AmedSolver } from '../solver/amed.js';
import type { Solver } from '../solver/define.js';
import {
  type BespokeOptions,
  type BespokeSettings,
  type DistilledBespoke,
  distillBespoke,
} from './bespoke/bespoke.js';
import {
  type BespokeNetOptions,
  type DistilledBespokeNet,
  distillBespokeNet,
} from './bespoke/bespoke-net.js';
import type { BespokeChoices } from './bespoke/bespoke-search.js';
import type { TrainedCandidate } from './bespoke/bespoke-starts.js';
import { dataFigures } from './data-figures.js';
import { distillTable, type TableOptions } from './learnable/table.js';
import { distillTimes, type TimesOptions } from './learnable/times.js';
import type { TeacherPools } from './pool.js';
import type { RequestedStudent, StudentsRequest } from './request/students.js';
import type { Score } from './score.js';
import type { DistillSettings } from './settings.js';

/** What came out of a distillation of one or more NFE. */
export interface Learned {
  predictor: Predictor;
  /** Of each NFE, in the order of the predictor's schedules. */
  runs: LearnedRun[];
  /** What the teacher took, of both pools: wall time, and evaluations of all trajectories. */
  teacher: { seconds: number; evaluations: number };
  /** Only where `finish` ended it: the NFE that were to come and are not there. */
  endedEarly?: { missing: number[] };
}

/** For one NFE: errors against the teacher on the validation trajectories, and what it took. */
export interface LearnedRun {
  nfe: number;
  /** Of the solver untrained on the first grid; of a bespoke solver, that of the best one that learned nothing. */
  base: Score;
  /** Where the training began. */
  start: Score;
  /** What it led to. */
  best: Score;
  /** Of the training; of a bespoke solver, of its table. */
  iterations: number;
  /** Wall time. */
  seconds: { search: number; training: number };
  /** Of a bespoke solver: the best that learned nothing, and what each stage took. */
  stages?: { plain: string; networks?: NetworkStage } & Pick<DistilledBespoke, 'seconds' | 'iterations'>;
}

/** Networks on top of a bespoke table, beside the table trained on as much: which of them was kept. */
export interface NetworkStage {
  /** Whether the networks were. */
  kept: boolean;
  /** Errors of both on the validation trajectories. */
  net: { mean: number; median: number };
  table: { mean: number; median: number };
  /** Of the networks. */
  iterations: number;
  /** Wall time. */
  seconds: { net: number; table: number };
}

/** What is told of one student, and what to do when it is done or was given up. */
type Watched<Callbacks> = Callbacks & { stop?: () => void };

interface Watching<Callbacks, Of = RequestedStudent> {
  watch(student: Of): Watched<Callbacks>;
  signal?: AbortSignal;
  /** Ends it with what is learned; before anything is, it rejects. */
  finish?: AbortSignal;
}

/** A table of answers for each NFE of a request. */
export async function learnTables(
  gpu: Gpu,
  request: StudentsRequest<AmedSolver>,
  pools: TeacherPools,
  watching: Watching<Pick<TableOptions, 'onStart' | 'onPlanned' | 'onRecord'>>,
): Promise<Learned> {
  const { field, solver, options, afs, settings, budget, text } = request;
  const schedules: TablePredictor['schedules'] = [];
  const { training, validation } = pools;
  const { signal, finish } = watching;
  const students = await each(request.students, watching, async ({ nfe, grids }, watched) => {
    const student = { solver, options, afs, grids };
    const { onStart, onPlanned, onRecord } = watched;
    const given = { settings, budget, training, validation, onStart, onPlanned, onRecord, signal, finish };
    const { grid, times, answers, ...learned } = await distillTable(gpu, field, student, given);
    schedules.push({ nfe, grid, times, answers });
    return learned;
  });
  return { predictor: { kind: 'table', solver: text, afs, schedules }, ...students, teacher: costOf(pools) };
}

/** Times of a solver for each NFE of a request. */
export async function learnTimes(
  gpu: Gpu,
  request: StudentsRequest<Solver>,
  pools: TeacherPools,
  watching: Watching<Pick<TimesOptions, 'onStart' | 'onPlanned' | 'onRecord'>>,
): Promise<Learned> {
  const { field, solver, options, afs, settings, budget, text } = request;
  const schedules: TimesPredictor['schedules'] = [];
  const { training, validation } = pools;
  const { signal, finish } = watching;
  const students = await each(request.students, watching, async ({ nfe, grids }, watched) => {
    const student = { solver, options, afs, grids };
    const { onStart, onPlanned, onRecord } = watched;
    const given = { settings, budget, training, validation, onStart, onPlanned, onRecord, signal, finish };
    const { grid, times, told, ...learned } = await distillTimes(gpu, field, student, given);
    schedules.push({ nfe, grid, times, told });
    return learned;
  });
  return { predictor: { kind: 'times', solver: text, afs, schedules }, ...students, teacher: costOf(pools) };
}

async function each<Callbacks>(
  students: readonly RequestedStudent[],
  { watch, finish }: Watching<Callbacks>,
  distil: (
    student: RequestedStudent,
    callbacks: Callbacks,
  ) => Promise<Pick<LearnedRun, 'base' | 'start' | 'best' | 'iterations' | 'seconds'>>,
): Promise<Pick<Learned, 'runs' | 'endedEarly'>> {
  return inTurn(students, finish, async (student) => {
    const watched = watch(student);
    try {
      const { base, start, best, iterations, seconds } = await distil(student, watched);
      return { nfe: student.nfe, base, start, best, iterations, seconds };
    } finally {
      watched.stop?.();
    }
  });
}

/** Learns one after the other until all are there, or `finish` says that those which are there suffice. */
async function inTurn<T extends { nfe: number }>(
  wanted: readonly T[],
  finish: AbortSignal | undefined,
  learn: (one: T) => Promise<LearnedRun>,
): Promise<Pick<Learned, 'runs' | 'endedEarly'>> {
  const runs: LearnedRun[] = [];
  for (const one of wanted) {
    if (finish?.aborted && runs.length > 0) break;
    try {
      runs.push(await learn(one));
    } catch (error) {
      if (!finish?.aborted || error !== finish.reason || runs.length === 0) throw error;
    }
  }
  if (!finish?.aborted) return { runs };
  return { runs, endedEarly: { missing: wanted.slice(runs.length).map(({ nfe }) => nfe) } };
}

/** A distillation of bespoke solvers to do. */
export interface BespokesRequest
  extends Pick<StudentsRequest<Solver>, 'field' | 'range' | 'settings' | 'teacher'> {
  nfes: readonly number[];
  training: Omit<BespokeSettings, 'nfe'>;
  /** Iterations of networks on top of the table; none for a table alone. */
  netIterations?: number;
  /** Trajectories in an iteration of theirs, where that was given. */
  netBatch?: number;
  choices: BespokeChoices;
  /** Solvers to begin with besides, of each NFE. */
  given?: ReadonlyMap<number, TrainedCandidate>;
}

type BespokeCallbacks = Pick<
  BespokeOptions,
  'onSearch' | 'onStart' | 'onTraining' | 'onTrained' | 'onRecord'
> & {
  /** Of networks: before their training, as they learn, and with what came of it. */
  onNetworks?: () => void;
  onNetRecord?: BespokeNetOptions['onRecord'];
  onNetTable?: BespokeNetOptions['onTable'];
  onNetDone?: (learned: DistilledBespokeNet) => void;
};

/** A bespoke solver for each NFE of a request: of networks, those that help beside the table trained on as much. */
export async function learnBespokes(
  gpu: Gpu,
  request: BespokesRequest,
  pools: TeacherPools,
  { watch, signal, finish }: Watching<BespokeCallbacks, number>,
): Promise<Learned> {
  const { field, range, nfes, training, choices, netIterations: iterations, netBatch: batch } = request;
  const schedules: BespokePredictor['schedules'] = [];
  const withNetworks = async (table: DistilledBespoke, watched: BespokeCallbacks) => {
    watched.onNetworks?.();
    const { onNetRecord: onRecord, onNetTable: onTable } = watched;
    const stop = either(signal, finish);
    const given = { ...pools, iterations, batch, signal: stop, onRecord, onTable };
    const learned = await distillBespokeNet(gpu, field, table, training, given).catch((error: unknown) => {
      // The table is there.
      if (!finish?.aborted || error !== finish.reason) throw error;
    });
    if (!learned) return undefined;
    watched.onNetDone?.(learned);
    const { net, table: longer, helps: kept, seconds } = learned;
    const stage = {
      kept,
      net: shown(net.best),
      table: shown(longer.score),
      iterations: iterations!,
      seconds,
    };
    if (!kept) return { best: longer.score, numbers: longer.numbers, network: undefined, stage };
    return { best: net.best, numbers: table.numbers, network: net.predictor.parameters, stage };
  };
  const students = nfes.map((nfe) => ({ nfe }));
  const learnedRuns = await inTurn(students, finish, async ({ nfe }) => {
    const own = request.given?.get(nfe);
    const watched = watch(nfe);
    try {
      const { onSearch, onStart, onTraining, onTrained, onRecord } = watched;
      const learned = await distillBespoke(
        gpu,
        field,
        { ...training, nfe },
        {
          ...{ ...pools, ...choices, onSearch, onStart, onTraining, onTrained, onRecord },
          ...{ given: own && [own], signal, finish },
        },
      );
      const { form, candidate, start, origin, seconds, iterations: done } = learned;
      const wanted = iterations !== undefined && !finish?.aborted;
      const net = wanted ? await withNetworks(learned, watched) : undefined;
      const { best, numbers, network, stage } = net ?? { ...learned, network: undefined, stage: undefined };
      const schedule = bespokeSchedule(form, numbers, beganAs(origin.candidate));
      schedules.push({ ...schedule, ...(network && { network }) });
      const ofNetworks = stage ? stage.seconds.net + stage.seconds.table : 0;
      return {
        ...{ nfe, base: start, start: origin.score, best, iterations: done.table },
        seconds: { search: seconds.search, training: seconds.candidates + seconds.table + ofNetworks },
        stages: {
          plain: beganAs(candidate),
          seconds,
          iterations: done,
          ...(stage && { networks: stage }),
        },
      };
    } finally {
      watched.stop?.();
    }
  });
  const solver = iterations === undefined ? 'bespoke' : 'bespoke-net';
  const data = dataFigures(pools.training);
  return {
    predictor: { kind: 'bespoke', solver, afs: false, range, data, schedules },
    ...learnedRuns,
    teacher: costOf(pools),
  };
}

/** What teaching took. */
export function costOf({ training, validation }: TeacherPools): Learned['teacher'] {
  return {
    seconds: training.seconds + validation.seconds,
    evaluations: training.evaluations + validation.evaluations,
  };
}

function shown({ mean, median }: Score): { mean: number; median: number } {
  return { mean, median };
}

/** How a predictor was made, as its file says it. */
export function distillationInfo(
  { runs, teacher, endedEarly }: Pick<Learned, 'runs' | 'teacher' | 'endedEarly'>,
  made: { recipe: string; settings: DistillSettings; field: string; adapter: string },
): DistillationInfo {
  const { recipe, settings, field, adapter } = made;
  const { trajectories, validation, batch, seed } = settings;
  const known = (value: number) => (Number.isFinite(value) ? value : null);
  const stored = ({ mean, median }: Score) => ({ mean: known(mean), median: known(median) });
  const sum = (part: 'search' | 'training') => runs.reduce((total, { seconds }) => total + seconds[part], 0);
  const stages = runs.flatMap(({ nfe, stages: own }) =>
    own ? [{ nfe, seconds: own.seconds, iterations: own.iterations, ...networksOf(own) }] : [],
  );
  return {
    recipe,
    field,
    teacher: { ...settings.teacher, evaluations: teacher.evaluations },
    trajectories,
    validation,
    batch,
    // A budget may give each NFE its own, and the last may be cut short.
    iterations: Math.max(...runs.map(({ iterations }) => iterations)),
    ...(endedEarly && { endedEarly: true }),
    seed,
    adapter,
    seconds: { teacher: teacher.seconds, search: sum('search'), training: sum('training') },
    scores: runs.map(({ nfe, base, start, best }) => ({
      nfe,
      base: stored(base),
      start: stored(start),
      best: stored(best),
    })),
    ...(stages.length > 0 && { stages }),
  };
}

function networksOf({ networks }: NonNullable<LearnedRun['stages']>) {
  if (!networks) return {};
  const { kept, iterations, seconds } = networks;
  return { networks: { kept, iterations, seconds } };
}
