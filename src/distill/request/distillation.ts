import type { Entries } from '../../arguments.js';
import type { Field } from '../../field/field.js';
import type { Grid, SigmaRange } from '../../grid/grid.js';
import type { FeatureSource } from '../../predictor/network-config.js';
import type { StoredPredictor } from '../../predictor/predictor-file.js';
import type { BespokeChoices } from '../bespoke/bespoke-search.js';
import type { Budget } from '../budget.js';
import type { Recipe } from '../network/network.js';
import type { DistillSettings } from '../settings.js';

/**
 * What is to be distilled, for which field, and how. Field, solver and NFE have to be given; of the other numbers the
 * usual ones are in force: those of `ROBUST`, with batches of 128 for AMED's network, for its published recipe those of
 * `publishedSettings`, and of a bespoke solver also those of `BESPOKE`.
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
  /** Times to begin with; by default, and for 'search', the best of nine grids. Not of a bespoke solver. */
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
   * smaller, unless `trajectories`, `validation` and `batch` say how many; with one below 500,000 a bespoke solver begins
   * as one of `FEW_FORMULAS`, unless `formulas` says of which.
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

export const DISTILLATION_ENTRIES: Entries<Distillation> = {
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
