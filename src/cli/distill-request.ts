import { basename } from 'node:path';
import type { Budget } from '../distill/budget.js';
import type { Recipe } from '../distill/network/network.js';
import type { AnswerKind, Distillation, Spelling } from '../distill/request/distillation.js';
import type { Field } from '../field/field.js';
import type { FieldOptions } from '../node/field/load.js';
import type { FeatureSource } from '../predictor/network-config.js';
import type { BespokeStart } from '../solver/bespoke.js';
import type { LoadedPredictor } from './sample-predictor.js';

/** What the command line says, as commander hands it over; what is not given is undefined. */
export interface DistillOptions extends FieldOptions {
  field: string;
  solver: string;
  nfe: number[];
  afs?: boolean;
  grid?: string;
  recipe?: Recipe;
  kind?: AnswerKind;
  reads?: FeatureSource;
  teacher?: string;
  teacherNfe?: number;
  teacherGrid?: string;
  teacherSubsteps?: number;
  trajectories?: number;
  validation?: number;
  batch?: number;
  iterations?: number;
  scaleDir?: number;
  scaleTime?: number;
  candidates?: number;
  candidateIterations?: number;
  netIterations?: number;
  formulas?: string[];
  /** Looked at by `jobOf`, as all the others are. */
  starts?: BespokeStart[];
  budget?: Budget;
  /** A predictor's file. */
  from?: string;
  seed?: number;
  sigmaMin?: number;
  sigmaMax?: number;
}

/** @param from what --from names */
export function distillationOf(given: DistillOptions, field: Field, from?: LoadedPredictor): Distillation {
  const { solver, nfe, afs, grid, recipe, kind, reads, sigmaMin, sigmaMax } = given;
  const { teacher, teacherNfe, teacherGrid, teacherSubsteps } = given;
  const { trajectories, validation, batch, iterations, budget, seed, scaleDir, scaleTime } = given;
  const { candidates, candidateIterations, netIterations, formulas, starts } = given;
  return {
    ...{ field, solver, nfe, afs, grid, recipe, kind, reads, range: { sigmaMin, sigmaMax } },
    teacher: { solver: teacher, nfe: teacherNfe, grid: teacherGrid, substeps: teacherSubsteps },
    ...{ trajectories, validation, batch, iterations, budget, seed },
    ...{ scaleDirection: scaleDir, scaleTime, formulas, starts, candidates, candidateIterations },
    // One --batch for both.
    ...{ netIterations, netBatch: solver === 'bespoke-net' ? batch : undefined },
    from: from && { predictor: from.predictor, name: basename(from.file) },
  };
}

/** The flag that says an entry of a distillation. */
export const flagOf: Spelling = (entry) => {
  if (entry === 'teacher.solver') return '--teacher';
  if (entry === 'scaleDirection') return '--scale-dir';
  return `--${entry
    .replace('range.', '')
    .replace('.', '-')
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
};
