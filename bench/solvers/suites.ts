import { BESPOKE } from '../../src/distill/bespoke/bespoke.js';
import { type BespokeChoices, FEW_FORMULAS } from '../../src/distill/bespoke/bespoke-search.js';
import { allIterations } from '../../src/distill/budget.js';
import { type DistillSettings, ROBUST } from '../../src/distill/settings.js';
import { unknownName } from '../../src/errors.js';
import { sdeSolvers, solvers } from '../../src/solver/registry.js';
import { BESPOKE_ROW, type Row, rowsOf, SEARCHED_GRID, UNIVERSAL_ROW } from './rows.js';

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
  /** How rows learn. */
  learning: DistillSettings;
  /** How bespoke solvers do, beside `learning`: iterations of all their stages, candidates, and what is searched. */
  bespoke: { iterations: number; candidates: number } & BespokeChoices;
  /** Numbers in a state up to which they do; without it on all fields. */
  learnsUpTo?: number;
}

/**
 * Solvers of the quick suite, those of each family that are ever the best among them. On its problems the others say
 * little more: `ipndm-v-2`, `-3` and `ab-2` to `-4` are near `ipndm-v-4` or never the best, `midpoint-geometric` is like
 * `dpm-solver-2`, and `rk4` reaches NFE 4 and 8 alone, with large errors.
 */
const QUICK = [
  'euler',
  'heun',
  'midpoint',
  'dpm-solver-2',
  'ipndm-2',
  'ipndm-3',
  'ipndm-4',
  'ipndm-v-4',
  'deis-3',
  'deis-4',
  'dpmpp-2m',
  'dpmpp-3m',
  'unipc-2',
  'unipc-3',
];

/** Solvers whose AFS form the quick suite shows too. */
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

/** With AFS mostly the best of those with a rule: in 162 of 240 cells at NFE 3 to 10 (docs/results.md). */
const FEW_STEPS_GRID = 'time_uniform:3';

/** Samplers of the reverse SDE in the quick suite: the usual one, and the one of order 2 at one evaluation a step. */
const SDE_IN_QUICK = ['ancestral', 'dpmpp-2m-sde'];

/** AMED solvers that learn: the paper's own, and its plugin on a solver of each kind. */
const LEARNED = ['amed:r=learned', 'amed-ipndm:r=learned'];
const LEARNED_TOO = ['amed-euler:r=learned', 'amed-dpmpp-2m:r=learned'];

/** Solvers that learn their times alone; with AFS, with which they mostly end nearer. */
const LEARNED_TIMES = ['unipc-2:times=learned'];

/** Beside what is learned, what choosing one r by search, or any at random, comes to. */
const UNLEARNED = ['amed:r=best', 'amed:r=random'];

/** Rows whose answers are learned, searched or drawn, on searched grids; odd NFE are those with AFS. */
const answeredRows = (names: readonly string[], nfe?: readonly number[]): Row[] =>
  rowsOf(names, [SEARCHED_GRID], [false, true]).map((row) => ({ ...row, nfe }));

const timedRows = (nfe?: readonly number[]): Row[] =>
  rowsOf(LEARNED_TIMES, [SEARCHED_GRID], [true]).map((row) => ({ ...row, nfe }));

const namesOf = (some: readonly { name: string }[]) => some.map(({ name }) => name);

/** The suites by name. Quick is the main job: at most 2 minutes on two cores with a software adapter. */
const suites: Record<string, () => Suite> = {
  quick: () => ({
    name: 'quick',
    problems: ['ring', 'two-moons', 'mixture-64', 'glyphs'],
    rows: [
      ...rowsOf(QUICK, ['polynomial:7'], [false]),
      ...rowsOf(AFS_IN_QUICK, ['polynomial:7', FEW_STEPS_GRID], [true]),
      ...rowsOf(SDE_IN_QUICK, ['polynomial:7'], [false]),
      // The report draws trajectories at 4.
      { ...BESPOKE_ROW, nfe: [3, 4, 5] },
      UNIVERSAL_ROW,
      // A distillation takes as long as twenty cells.
      ...answeredRows(LEARNED, [5]),
      ...answeredRows(LEARNED_TOO, [4]),
      ...timedRows([5]),
      ...answeredRows(UNLEARNED, [5]),
    ],
    nfe: [3, 4, 5, 6, 8, 10],
    batch: 256,
    imageBatch: 24,
    seeds: [0],
    exactNfe: 256,
    timingMs: 15,
    learning: { ...ROBUST, trajectories: 768, validation: 256, iterations: 120 },
    // Searching all formulas and starts would take longer than the training.
    bespoke: { iterations: 200, candidates: 5, starts: ['gaussian'], formulas: FEW_FORMULAS },
    // Glyphs, of 256 numbers and 600 components, would take longer than everything else together.
    learnsUpTo: 64,
  }),
  full: () => ({
    name: 'full',
    problems: ['ring', 'two-moons', 'checkerboard', 'swiss-roll', 'pinwheel', 'mixture-64', 'glyphs'],
    rows: [
      ...rowsOf(
        namesOf(solvers),
        ['polynomial:7', 'logsnr', 'time_uniform:1', FEW_STEPS_GRID],
        [false, true],
      ),
      ...rowsOf(namesOf(sdeSolvers), ['polynomial:7', 'logsnr', 'time_uniform:1'], [false]),
      BESPOKE_ROW,
      UNIVERSAL_ROW,
      ...timedRows(),
      ...answeredRows([...LEARNED, ...LEARNED_TOO, ...UNLEARNED]),
    ],
    nfe: [3, 4, 5, 6, 7, 8, 9, 10],
    batch: 2048,
    imageBatch: 128,
    seeds: [0, 1, 2],
    exactNfe: 512,
    timingMs: 100,
    learning: ROBUST,
    bespoke: {
      iterations: allIterations(BESPOKE.candidates, BESPOKE.candidateIterations, BESPOKE.iterations),
      candidates: BESPOKE.candidates,
    },
  }),
};

export const suiteNames = Object.keys(suites);

/** @throws FewstepError unknown-name */
export function suiteByName(name: string): Suite {
  const suite = suites[name];
  if (!suite) throw unknownName('suite', name, suiteNames);
  return suite();
}
