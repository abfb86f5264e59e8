import { checkEntries, type Entries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Grid, SigmaRange } from '../grid/grid.js';
import type { FeatureSource } from '../predictor/network-config.js';
import { timesSolver } from '../predictor/predictor.js';
import type { StoredPredictor } from '../predictor/predictor-file.js';
import type { AmedSolver } from '../solver/amed.js';
import type { Solver } from '../solver/define.js';
import { parseSolver } from '../solver/registry.js';
import { bespokesRequest } from './bespoke-request.js';
import type { BespokeChoices } from './bespoke-search.js';
import type { Budget } from './budget.js';
import type { NetworkRequest } from './learn-network.js';
import type { BespokesRequest } from './learned.js';
import type { Recipe } from './network.js';
import type { DistillSettings } from './settings.js';
import type { StudentsRequest } from './students.js';
import { answerKindOf, networkRequest, tableRequest, timesRequest } from './students-request.js';

/**
 * What is to be distilled, for which field, and how. Field, solver and NFE have to be given; of the other numbers the
 * usual ones are in force, those of `ROBUST`, and of a bespoke solver also those of `BESPOKE`.
 */
export interface Distillation extends Partial<Omit<DistillSettings, 'teacher'>>, BespokeChoices {
  field: Field;
  /**
   * 'bespoke', 'bespoke-net', or a solver with its options: an AMED solver learns answers, any other of the ODE its
   * times, and what the field is told at each evaluation.
   */
  solver: string;
  /** Field evaluations per trajectory, of one student or of several that one predictor holds. */
  nfe: number | readonly number[];
  /**
   * Where the teacher and all students begin and end; by default that of a grid of listed times, else 0.002 to 80 as far
   * as a model's process has them.
   */
  range?: Partial<SigmaRange>;
  /** What of the teacher is not as usual. */
  teacher?: DistillationTeacher;
  /** Analytical first step; by default where the NFE need it. Not of a bespoke solver, which searches its start. */
  afs?: boolean;
  /** Times to begin with; by default, and for 'search', the best of six grids. Not of a bespoke solver. */
  grid?: string | Grid;
  /**
   * Of an AMED solver: 'robust' by default. The published one trains a network as the reference code of arXiv 2312.00094
   * does, with its settings (`publishedSettings`) as the usual ones.
   */
  recipe?: Recipe;
  /**
   * Of an AMED solver: answers for all trajectories, or a network that answers for each. By default a table, and a
   * network by the published recipe.
   */
  kind?: AnswerKind;
  /** What such a network reads besides times: by default the field's hidden features where it has some, else the state. */
  reads?: FeatureSource;
  /**
   * In place of `iterations`: what search and training may take together, for each NFE. Not of AMED's network, and of
   * bespoke-net its table alone. With one in evaluations the teacher makes at most half as many besides, and batches are
   * smaller, unless `trajectories`, `validation` and `batch` say how many.
   */
  budget?: Budget;
  /** Of a bespoke solver: how many starts are trained for a little, and for how long each; see `BESPOKE`. */
  candidates?: number;
  candidateIterations?: number;
  /** Of a bespoke solver: one of these NFE and this range, to begin with where that is better than what is searched. */
  from?: GivenPredictor;
  /** Of bespoke-net: iterations of its networks (600) and trajectories in each (128). */
  netIterations?: number;
  netBatch?: number;
}

/** The accurate solver that students learn from, as far as it is not the usual one: `ROBUST.teacher`. */
export interface DistillationTeacher extends Partial<DistillSettings['teacher']> {
  /**
   * Of the published recipe, in place of `nfe` and `grid`: how many times its teacher has within each step of the student.
   * The solver is this teacher's then; errors are measured against that of `ROBUST` all the same.
   */
  substeps?: number;
}

export const ANSWER_KINDS = ['table', 'network'] as const;
/** What an AMED solver learns: the same answers for all trajectories, or a network that gives each its own. */
export type AnswerKind = (typeof ANSWER_KINDS)[number];

/** A predictor, and what people know it by: its file. */
export type GivenPredictor = Pick<StoredPredictor, 'predictor'> & { name?: string };

export const ENTRIES: Entries<Distillation> = {
  ...{ field: true, solver: true, nfe: true, range: false, seed: false, teacher: false },
  ...{ trajectories: false, validation: false, batch: false, iterations: false, budget: false },
  ...{ afs: false, grid: false, recipe: false, kind: false, reads: false },
  ...{ scaleDirection: false, scaleTime: false, formulas: false, starts: false, from: false },
  ...{ candidates: false, candidateIterations: false, netIterations: false, netBatch: false },
};

/** An entry of a distillation, of its teacher, or of its range. */
export type EntryName =
  | keyof Distillation
  | `teacher.${keyof DistillationTeacher}`
  | `range.${keyof SigmaRange}`;

/** What people write for an entry: its name, or a flag of the command line. */
export type Spelling = (entry: EntryName) => string;

/** A distillation that is possible; nothing of it has run. */
export type Job =
  | JobOf<'bespoke', BespokesRequest>
  | JobOf<'table', StudentsRequest<AmedSolver>>
  | JobOf<'network', NetworkRequest>
  | JobOf<'times', StudentsRequest<Solver>>;

interface JobOf<Kind extends string, Request> {
  kind: Kind;
  /** As a file keeps it. */
  recipe: string;
  /** Whether it needs the field's gradient. */
  gradient: boolean;
  request: Request;
}

/**
 * What a distillation takes, the usual numbers included.
 * @throws FewstepError for one that cannot be: unknown-name, bad-argument (also for what does not apply to the solver,
 *   and for noise levels that the field does not know), bad-grid, unreachable-nfe
 */
export function jobOf(asked: Distillation, spelt: Spelling = (entry) => entry): Job {
  const { solver, teacher = {} } = asked;
  checkEntries<DistillationTeacher>("the distillation's teacher", teacher, {
    ...{ solver: false, nfe: false, grid: false, substeps: false },
  });
  const nfes = nfesOf(asked);
  const refuse = (foreign: Foreign, what = solver) => refuseForeign(asked, foreign, what, spelt);
  if (solver === 'bespoke' || solver === 'bespoke-net') {
    const networks = solver === 'bespoke-net';
    refuse({ ...foreignToBespoke(spelt), ...(!networks && OF_NETWORKS) });
    const request = bespokesRequest(asked, nfes, spelt);
    return { kind: 'bespoke', recipe: 'bespoke', gradient: networks, request };
  }
  if (!('planWith' in parseSolver(solver).solver)) {
    timesSolver(solver);
    refuse({ ...foreignToTimes(spelt), ...OF_BESPOKE });
    return { kind: 'times', recipe: 'times', gradient: false, request: timesRequest(asked, nfes, spelt) };
  }
  refuse(OF_BESPOKE);
  const { recipe = 'robust' } = asked;
  const kind = answerKindOf(asked, spelt);
  refuse(recipe === 'robust' ? foreignToRobust(spelt) : foreignToPublished(spelt), `the ${recipe} recipe`);
  if (kind === 'network')
    refuse({ budget: `give ${spelt('iterations')}, or take ${spelt('kind')} table` }, 'a network');
  if (kind === 'table') return { kind, recipe, gradient: false, request: tableRequest(asked, nfes, spelt) };
  return { kind, recipe, gradient: true, request: networkRequest(asked, recipe, nfes, spelt) };
}

function nfesOf({ nfe }: Distillation): number[] {
  const nfes = typeof nfe === 'number' ? [nfe] : [...nfe];
  if (nfes.length > 0 && new Set(nfes).size === nfes.length) return nfes;
  throw new FewstepError(
    'bad-argument',
    `the NFE are ${nfes.join(', ') || 'none'}`,
    'give one or more, each of them once',
  );
}

/** Entries that say nothing of what is distilled, each with what to do instead. */
type Foreign = { readonly [Entry in EntryName]?: string };

const foreignToBespoke = (spelt: Spelling): Foreign => ({
  afs: `which start is best is searched: ${spelt('starts')} afs allows that alone`,
  grid: 'all times are learned, and grids to begin with searched',
  recipe: 'there is one recipe',
  kind: 'bespoke is a table, and bespoke-net has networks on top of it',
  reads: 'networks of bespoke-net read states and evaluations',
  'teacher.substeps': `give ${spelt('teacher.nfe')}`,
  scaleDirection: 'all coefficients are learned',
  scaleTime: 'all times that the field is told are learned',
});

const foreignToTimes = (spelt: Spelling): Foreign => ({
  recipe: 'there is one recipe',
  kind: 'it is a list of times',
  reads: 'it has no network',
  'teacher.substeps': `give ${spelt('teacher.nfe')}`,
  scaleDirection: 'the solver stays as it was published, but for its times: AMED solvers have such a scale',
});

const foreignToRobust = (spelt: Spelling): Foreign => ({
  'teacher.substeps': `give ${spelt('teacher.nfe')}, or take the published recipe`,
});

const foreignToPublished = (spelt: Spelling): Foreign => {
  const instead = `give ${spelt('teacher.substeps')}: its teacher's times are the student's with more between them`;
  return { 'teacher.nfe': instead, 'teacher.grid': instead };
};

const OF_NETWORKS: Foreign = {
  netIterations: 'leave it out, or distil bespoke-net',
  netBatch: 'leave it out, or distil bespoke-net',
};

const OF_BESPOKE: Foreign = {
  ...Object.fromEntries(
    (['candidates', 'candidateIterations', 'formulas', 'starts', 'from'] as const).map((entry) => [
      entry,
      'leave it out, or distil bespoke',
    ]),
  ),
  ...OF_NETWORKS,
};

function refuseForeign(asked: Distillation, foreign: Foreign, what: string, spelt: Spelling): void {
  const { teacher = {}, ...rest } = asked;
  const own = Object.entries(teacher).map(([entry, value]) => [`teacher.${entry}`, value]);
  for (const [entry, value] of [...Object.entries(rest), ...own]) {
    const instead = foreign[entry as EntryName];
    if (value === undefined || instead === undefined) continue;
    throw new FewstepError('bad-argument', `${spelt(entry as EntryName)} does not apply to ${what}`, instead);
  }
}
