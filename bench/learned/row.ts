import type { Score } from '../../src/distill/score.js';
import type { DistributionDistances } from '../../src/metrics/distribution-reference.js';
import type { Flips } from './flips.js';

/** A solver at one NFE on one seed's fresh latents, as results hold it. */
export interface Row extends Measured {
  nfe: number;
  seed: number;
  /** 'plain', 'gits', or how it learned. */
  kind: string;
  solver: string;
  grid: string;
  afs: boolean;
  /** What the same solver comes to on the fresh latents before it learns anything. */
  untrained?: Score;
  /** On the validation trajectories: before anything is learned, where the training began, and what it led to. */
  base?: Score;
  start?: Score;
  best?: Score;
  /** Of search and training, without the teacher. */
  seconds?: number;
  /** Field evaluations of search and training, where they were counted. */
  evaluations?: number;
  /** Field evaluations of the teacher, of all trajectories. */
  teacherEvaluations?: number;
  answers?: unknown;
}

/** What end points came to. Distances and flips are there for rows that are shown, where the data are known. */
export interface Measured {
  /** Distances to the exact flow's end points. */
  test: Score;
  /** To fresh data. */
  distances?: DistributionDistances;
  flips?: Flips;
}
