/**
 * What a benchmark run leaves behind: `results.json`. The schema is versioned; a reader refuses what it does
 * not know. Errors and distances are in the data's own units, whatever scaling the field works in.
 */

import { DEFAULT_GRID } from '../grid/grid.js';
import type { StepAnswers } from '../metrics/answer-spread.js';
import type { UniversalKind } from '../solver/universal.js';

export const RESULTS_SCHEMA = 'fewstep-results/1';

export interface Results {
  schema: typeof RESULTS_SCHEMA;
  /** Whether every cell that was asked for is here; false after Ctrl-C. */
  complete: boolean;
  run: RunDescription;
  problems: ProblemResult[];
  cells: Cell[];
  /** Cells whose trajectories did not stay finite. */
  failures: Failure[];
}

export interface Failure
  extends Pick<Cell, 'problem' | 'solver' | 'answers' | 'grid' | 'afs' | 'nfe' | 'seed'> {
  message: string;
}

/** What a figure depends on besides what was asked for: machine, adapter, source. */
export interface MachineDescription {
  fewstep: string;
  /** Git commit of the source, with '+changes' where the tree was not clean; absent outside a checkout. */
  commit?: string;
  node: string;
  platform: string;
  cpu: string;
  cores: number;
  adapter: {
    name: string;
    driver: string;
    backend: string;
    software: boolean;
    toggles: string[];
  };
  packages: Record<string, string>;
}

/** Everything one needs to run it again, and to know what the figures are figures of. */
export interface RunDescription extends MachineDescription {
  /** ISO 8601. */
  started: string;
  seconds: number;
  /** The command line that repeats it. */
  command: string;
  suite: string;
  batch: number;
  seeds: number[];
  nfe: number[];
  sigmaMin: number;
  sigmaMax: number;
}

export interface ProblemResult {
  name: string;
  title: string;
  dim: number;
  kind: 'points-2d' | 'vector' | 'image';
  imageShape?: readonly [number, number];
  /** How the data were scaled for the field: scaled = (value - offset) / scale. Absent where they were not. */
  scaling?: { readonly offset: number; readonly scale: number };
  /** Trajectories per cell. */
  batch: number;
  /** The accurate solve that endpoints are compared with, and how accurate it is. */
  exact: {
    solver: string;
    nfe: number;
    /** Distance to the same solve with half the evaluations: an upper bound on its error. */
    halved: Spread;
    /**
     * Distance to a float64 solve of the same plan, over a subset of the batch; absent where the field has no float64
     * form.
     */
    float64?: Spread;
  };
  /** What the search of grids took, where the run has searched ones: one search for all numbers of steps. */
  search?: { teacher: string; evaluations: number; trajectories: number; seconds: number };
  /** What the rows that learn or search took, and what they came to. */
  learning?: Learning;
  /** Rows that this problem does not have, and why; absent where it has all. */
  leftOut?: LeftOut[];
  /** Whether samples of the accurate solve stand in for true ones, which cannot be drawn. */
  standIn?: boolean;
  /** Distances between two independent draws of the true distribution: the floor of the columns in cells. */
  floor: Distances;
  /** Distances of the accurate solve to the true distribution. */
  exactDistances: Distances;
  /** What the report draws, per solver row: 2-D trajectories or images. These and `truth` are in the field's units. */
  pictures: Picture[];
  /** A few hundred true points [n * 2] in two dimensions, or true images [n * dim]. */
  truth: number[];
}

export interface LeftOut {
  solvers: string[];
  reason: string;
}

/** The teacher's trajectories, which all students of a problem share, and the students. */
export interface Learning {
  /** The teacher's solver, evaluations per trajectory and grid. */
  teacher: { solver: string; nfe: number; grid: string };
  /** Its trajectories that students learn from, and those that they are chosen by. */
  trajectories: number;
  validation: number;
  /** Field evaluations of the teacher, of all trajectories together. */
  evaluations: number;
  seconds: number;
  students: StudentResult[];
}

/** What one row learned at one NFE: an AMED solver's answers in each step, times, or a bespoke solver; seeds share it. */
export interface StudentResult extends Pick<Cell, 'solver' | 'grid' | 'afs' | 'nfe'> {
  /** The grid that was taken, where the row's is searched; what learned times or a bespoke solver began as. */
  chosenGrid: string;
  /** Of each step of an AMED solver. */
  answers: { r: number; direction: number; time: number }[];
  /** Of a bespoke solver: what each evaluation is told, and rows as `SolverTable` has them. */
  table?: { sigmaMin: number; times: number[]; rows: number[][] };
  /** Of a solver that learned times: of each evaluation that of its state, and what the field is told. */
  times?: { sigma: number[]; told: number[] };
  /** `candidates`: of a bespoke solver, the short trainings that it was chosen by. */
  seconds: { search: number; candidates?: number; training: number };
  /** Absent where there was a search alone. */
  training?: {
    /** Of all stages. */
    iterations: number;
    /** Trajectories in a batch. */
    batch: number;
    /** Of each iteration; of a bespoke solver those as the candidate that it was, then those of its table. */
    losses: number[];
    /**
     * On the validation trajectories: r = 1/2 on the first grid, or the best solver that learned nothing; where the
     * training began; and what it led to.
     */
    base: StudentScore;
    start: StudentScore;
    best: StudentScore;
  };
}

/** Distances to the teacher's end points. */
export interface StudentScore {
  mean: number;
  median: number;
}

export interface Spread {
  median: number;
  p95: number;
  max: number;
}

export interface Distances {
  slicedWasserstein: number;
  energy: number;
  frechet: number;
}

export interface Picture {
  /** Row label, or 'exact'. */
  row: string;
  nfe: number;
  /** 2-D: for each of a few trajectories its states [steps + 1][2]. */
  trajectories?: number[][][];
  /** Sigma of each state, [steps + 1]; with it the whole path can be drawn to one scale. */
  times?: number[];
  /** 2-D: for each of those trajectories the points at which the field was evaluated. */
  evaluations?: number[][][];
  /** Sigma of each evaluation, as many as there are in `evaluations` per trajectory. */
  evaluationTimes?: number[];
  /** Image-like: samples [count * dim]; the same latents in every row. 2-D: end points [count * 2]. */
  samples: number[];
}

/** Over the trajectories of a cell. */
export interface EndpointError {
  mean: number;
  median: number;
  p95: number;
  /** 95% bootstrap intervals over trajectories. */
  meanInterval: [number, number];
  medianInterval: [number, number];
}

/** One problem, solver, grid, AFS, NFE and seed. */
export interface Cell {
  problem: string;
  /** The solver with its options; where `answers` says something, with that too: 'amed-ipndm (learned)'. */
  solver: string;
  /** Where the answers of an AMED solver, or all coefficients, come from; absent where options say all. */
  answers?: AnswerSource;
  /** A rule for times, 'gits', or 'search' where it was chosen among several for this row. */
  grid: string;
  /** The times of a grid that was searched, [steps + 1]: its name does not tell them. */
  times?: number[];
  afs: boolean;
  nfe: number;
  seed: number;
  /** Of a universal table what it was trained over, the nearest to this field; absent in results of before there were several. */
  universal?: UniversalKind;
  /** What a network answered for each step; absent where all trajectories share the answers. */
  steps?: StepAnswers[];
  /** Evaluations of the field per trajectory that the executor really made. */
  evaluations: number;
  /** Who ran the plan; absent in results of before there was a choice. */
  executor?: 'stepwise' | 'fused';
  /**
   * Distance of each trajectory's end point to the exact flow's, same latent; absent where the solver draws noise, and
   * of generators.
   */
  error?: EndpointError;
  distances: Distances;
  /** Over repeats of the same solve, all kernels being compiled. */
  timing: {
    repeats: number;
    /** Host time from the first submit to the last readback, milliseconds: minimum, median, maximum. */
    hostMs: [number, number, number];
    /** Compute passes by timestamp query, milliseconds; absent where the adapter has no timestamps. */
    gpuMs?: [number, number, number];
    trajectoriesPerSecond: number;
  };
}

/**
 * 'learned': distilled or of a given predictor; 'best r': the one r for all steps that did best on trajectories of a
 * teacher; 'random r': drawn for each trajectory and step; 'table': a given table of coefficients, of which
 * results do not know whether they were learned; 'generator': a network of its own, which solves nothing.
 */
export type AnswerSource = (typeof ANSWER_SOURCES)[number];
export const ANSWER_SOURCES = ['learned', 'best r', 'random r', 'table', 'generator'] as const;

/** Stands for a grid that is chosen among several. */
export const SEARCHED_GRID = 'search';

/** The label of a row in tables and plots: solver, grid and AFS. */
export function rowLabel(cell: Pick<Cell, 'solver' | 'answers' | 'grid' | 'afs'>): string {
  return `${cell.solver}${isUsual(cell) ? '' : ` · ${cell.grid}`}${cell.afs ? ' + AFS' : ''}`;
}

/** How one run of a solver differs from its plain form: '' for that, or 'AFS', 'logsnr', 'logsnr + AFS'. */
export function variantLabel(cell: Pick<Cell, 'answers' | 'grid' | 'afs'>): string {
  return [isUsual(cell) ? [] : [cell.grid], cell.afs ? ['AFS'] : []].flat().join(' + ');
}

/** Whether a label need not tell the grid. */
function isUsual({ grid, answers }: Pick<Cell, 'grid' | 'answers'>): boolean {
  return grid === (answers ? SEARCHED_GRID : DEFAULT_GRID);
}
