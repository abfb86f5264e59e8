import { either } from '../abort.js';
import { checkEntries, checkText } from '../arguments.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import { checkField } from '../field/check.js';
import { preparedGradient } from '../field/field.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import type { StoredPredictor } from '../predictor/predictor-file.js';
import type { Solver } from '../solver/define.js';
import { TABLE_SHARE } from './bespoke/bespoke-net.js';
import { finalistsOf } from './budget.js';
import {
  type BespokesRequest,
  distillationInfo,
  type Learned,
  learnBespokes,
  learnTables,
  learnTimes,
} from './learned.js';
import { learnNetwork, type NetworkRequest, runStepwiseTeacher } from './network/learn-network.js';
import { runTeacherTwice } from './pool.js';
import { DISTILLATION_ENTRIES, type Distillation } from './request/distillation.js';
import { type Job, jobOf } from './request/job.js';
import type { StudentsRequest } from './request/students.js';
import type { Score } from './score.js';

/** What `distill` learns, how it tells of it, and how it is stopped. */
export interface DistillRequest extends Distillation {
  /** What people know the field by, kept with the predictor; its kind by default. */
  name?: string;
  onProgress?: (progress: DistillProgress) => void;
  signal?: AbortSignal;
  /**
   * Ends the learning early: what was learned until then is the result, which says `endedEarly`. Before anything was, while
   * the teacher runs or a start is searched, it rejects, as `signal` does.
   */
  finish?: AbortSignal;
}

/** How far a distillation is. */
export interface DistillProgress {
  /**
   * 'teacher' counts trajectories; 'search' what was compared; 'candidates' the short trainings of a bespoke solver;
   * 'training' iterations of times or of a table, and again where a second one may become a bespoke solver; 'networks'
   * those of AMED's network, or of bespoke-net's with the table's beside them.
   */
  stage: 'teacher' | 'search' | 'candidates' | 'training' | 'networks';
  /** Of the student; the teacher runs once for all, and a network learns for all NFE at once. */
  nfe?: number;
  /** Of the stage; it may end before it has done all. */
  done: number;
  of: number;
  /** The latest on the validation trajectories; of one network for several NFE that of the first. */
  score?: Score;
}

/**
 * What `distill` learned: `sample` takes it as its predictor, `savePredictor` and `encodePredictor` store it, for
 * `fewstep sample --predictor` too.
 */
export interface Distilled extends StoredPredictor, Learned {
  /** Settings, times and errors, as a file keeps them. */
  training: NonNullable<StoredPredictor['training']>;
}

type Tell = (progress: DistillProgress) => void;

/**
 * Learns a solver for one field, as `fewstep distill` does: runs an accurate teacher once, and distils a student for
 * each NFE with `distillBespoke`, `distillBespokeNet`, `distillTable` or `distillTimes`, whose documentation says how, and
 * from which papers; or AMED's network, by its published recipe too (arXiv 2312.00094 and its reference code). But for that
 * recipe none has a worse score on the validation trajectories than where its training began; of one network for several
 * NFE that holds for all of them together. The teacher's latents are those of `poolSeeds`. Only networks need a gradient
 * of the field.
 * @throws FewstepError for an impossible request before anything runs: unknown-name, bad-argument (also for what does
 *   not apply to the solver, and for noise levels that the field does not know), bad-grid, unreachable-nfe,
 *   unreachable-budget, bad-field for networks on a field without a gradient. Then not-finite where the field, the teacher
 *   or the published training is, device-limit, and bad-field where a model of the user's fails. What a student comes to
 *   is no error: its score may be infinite
 */
export async function distill(gpu: Gpu, request: DistillRequest): Promise<Distilled> {
  checkGpu(gpu);
  const own = { name: false, onProgress: false, signal: false, finish: false } as const;
  checkEntries("distill's request", request, { ...DISTILLATION_ENTRIES, ...own });
  const { name, onProgress, signal, finish, ...asked } = request;
  const { field } = asked;
  checkField(field);
  if (name !== undefined) checkText("the field's name", name, 'give what it is called in the file');
  const job = jobOf(asked);
  const { settings } = job.request;
  const stop = either(signal, finish);
  stop?.throwIfAborted();
  const [fingerprint] = await Promise.all([
    fingerprintOf(field, gpu),
    job.gradient && preparedGradient(gpu, field),
  ]);
  const learned = await learn(gpu, job, (progress) => onProgress?.(progress), { signal, finish });
  signal?.throwIfAborted();
  const made = { recipe: job.recipe, settings, field: name ?? field.kind, adapter: gpu.adapter.name };
  return { ...learned, field: fingerprint, training: distillationInfo(learned, made) };
}

interface Signals {
  signal?: AbortSignal;
  finish?: AbortSignal;
}

async function learn(gpu: Gpu, job: Job, tell: Tell, signals: Signals): Promise<Learned> {
  const { field, settings, teacher } = job.request;
  const { trajectories, validation } = settings;
  const signal = either(signals.signal, signals.finish);
  const stepwise = job.kind === 'network' ? job.request.stepwise : undefined;
  const both = trajectories + validation;
  const of = both + (stepwise ? trajectories : 0);
  const telling = (before: number) => ({
    onProgress: (done: number) => tell({ stage: 'teacher', done: before + done, of }),
    signal,
  });
  const pools = await runTeacherTwice(gpu, field, teacher, settings, telling(0));
  switch (job.kind) {
    case 'bespoke':
      return learnBespokes(gpu, job.request, pools, { ...tellingBespokes(tell, job.request), ...signals });
    case 'table':
      return learnTables(gpu, job.request, pools, { ...tellingStudents(tell), ...signals });
    case 'times':
      return learnTimes(gpu, job.request, pools, { ...tellingStudents(tell), ...signals });
    case 'network': {
      const lessons = stepwise && (await runStepwiseTeacher(gpu, job.request, stepwise, telling(both)));
      const watching = { ...tellingNetwork(tell, job.request), ...signals };
      return learnNetwork(gpu, job.request, pools, lessons, watching);
    }
  }
}

function tellingBespokes(
  tell: Tell,
  { training: { candidates }, given, netIterations = 0 }: BespokesRequest,
): Pick<Parameters<typeof learnBespokes>[3], 'watch'> {
  const ofNetworks = netIterations + Math.ceil(TABLE_SHARE * netIterations);
  return {
    watch(nfe) {
      const starts = candidates + (given ? 1 : 0);
      const trainings = starts + finalistsOf(starts);
      let trained = 0;
      let iterations = 0;
      let score: Score | undefined;
      return {
        onSearch: (done, of) => tell({ stage: 'search', nfe, done, of }),
        onStart(_, start) {
          score = start;
        },
        onTraining(_, __, count) {
          iterations = count;
        },
        onRecord(stage, { iteration, validation }) {
          score = validation ?? score;
          if (stage === 'table') tell({ stage: 'training', nfe, done: iteration, of: iterations, score });
        },
        onTrained(stage, _, __, after) {
          score = after;
          if (stage !== 'table') tell({ stage: 'candidates', nfe, done: ++trained, of: trainings, score });
        },
        onNetRecord({ iteration, validation }) {
          tell({ stage: 'networks', nfe, done: iteration, of: ofNetworks, score: validation });
        },
        onNetTable({ iteration }) {
          tell({ stage: 'networks', nfe, done: netIterations + iteration, of: ofNetworks });
        },
      };
    },
  };
}

/** Tells how students learn whose search says nothing before it is over. */
function tellingStudents(tell: Tell) {
  return {
    watch({ nfe, grids: { length } }: StudentsRequest<Solver>['students'][number]) {
      let score: Score | undefined;
      let of = 0;
      tell({ stage: 'search', nfe, done: 0, of: length });
      return {
        onStart(start: { score: Score }) {
          score = start.score;
          tell({ stage: 'search', nfe, done: length, of: length, score });
        },
        onPlanned(iterations: number) {
          of = iterations;
        },
        onRecord({ iteration, validation }: { iteration: number; validation?: Score }) {
          score = validation ?? score;
          tell({ stage: 'training', nfe, done: iteration, of, score });
        },
      };
    },
  };
}

/** The same of one network for all of them, whose score is that of the first. */
function tellingNetwork(tell: Tell, { students, settings: { iterations } }: NetworkRequest) {
  const nfe = students.length === 1 ? students[0].nfe : undefined;
  const grids = students.reduce((sum, student) => sum + student.grids.length, 0);
  let score: Score | undefined;
  tell({ stage: 'search', nfe, done: 0, of: grids });
  return {
    onTable({ iteration, validation }: { iteration: number; validation?: Score }) {
      score = validation ?? score;
      tell({ stage: 'training', nfe, done: iteration, of: iterations, score });
    },
    onStart([start]: { score: Score }[]) {
      if (!score) tell({ stage: 'search', nfe, done: grids, of: grids, score: start.score });
    },
    onRecord({ iteration, validation: [first] }: { iteration: number; validation: Score[] }) {
      tell({ stage: 'networks', nfe, done: iteration, of: iterations, score: first });
    },
  };
}
