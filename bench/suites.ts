import { unknownName } from '../src/errors.js';
import { solvers } from '../src/solver/registry.js';

/** One line of the table: a solver on a grid, with or without an analytical first step. */
export interface Row {
  solver: string;
  grid: string;
  afs: boolean;
}

export interface Suite {
  name: string;
  problems: string[];
  rows: Row[];
  nfe: number[];
  /** Trajectories per cell. */
  batch: number;
  /** The same of images, fewer because their fields cost a hundred times more. */
  imageBatch: number;
  seeds: number[];
  /** Evaluations of the accurate solve. */
  exactNfe: number;
  /** Wall time in which a cell's solve is repeated for its timing, milliseconds. */
  timingMs: number;
}

/** Solvers whose AFS form the quick suite shows too: one of each family. */
const AFS_IN_QUICK = [
  'euler',
  'heun',
  'dpm-solver-2',
  'ipndm-3',
  'deis-3',
  'dpmpp-2m',
  'dpmpp-3m',
  'unipc-2',
];

/** Every combination of solvers, grids, and AFS or not. */
export function rowsOf(names: readonly string[], grids: readonly string[], afs: readonly boolean[]): Row[] {
  return names.flatMap((solver) =>
    grids.flatMap((grid) => afs.map((first) => ({ solver, grid, afs: first }))),
  );
}

const allSolvers = solvers.map((solver) => solver.name);

/** The suites by name. Quick is the main job: at most 90 s on two cores with a software adapter. */
const suites: Record<string, () => Suite> = {
  quick: () => ({
    name: 'quick',
    problems: ['ring', 'two-moons', 'mixture-64', 'glyphs'],
    rows: [
      ...rowsOf(allSolvers, ['polynomial:7'], [false]),
      ...rowsOf(AFS_IN_QUICK, ['polynomial:7'], [true]),
    ],
    nfe: [3, 4, 5, 6, 8, 10],
    batch: 256,
    imageBatch: 24,
    seeds: [0],
    exactNfe: 256,
    timingMs: 15,
  }),
  full: () => ({
    name: 'full',
    problems: ['ring', 'two-moons', 'checkerboard', 'swiss-roll', 'pinwheel', 'mixture-64', 'glyphs'],
    rows: rowsOf(allSolvers, ['polynomial:7', 'logsnr', 'time_uniform:1'], [false, true]),
    nfe: [3, 4, 5, 6, 7, 8, 9, 10],
    batch: 2048,
    imageBatch: 128,
    seeds: [0, 1, 2],
    exactNfe: 512,
    timingMs: 100,
  }),
};

export const suiteNames = Object.keys(suites);

/** @throws FewstepError unknown-name */
export function suiteByName(name: string): Suite {
  const suite = suites[name];
  if (!suite) throw unknownName('suite', name, suiteNames);
  return suite();
}
