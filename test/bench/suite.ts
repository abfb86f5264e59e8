import { rowsOf } from '../../bench/solvers/rows.js';
import { runBenchmark } from '../../bench/solvers/run.js';
import type { Subject } from '../../bench/solvers/subject.js';
import type { Suite } from '../../bench/solvers/suites.js';
import { ROBUST } from '../../src/distill/settings.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { gpu } from '../device.js';

/** Three solvers at two NFE on few trajectories, with an exact flow that is still far better than they are. */
export const SMALL: Suite = {
  name: 'small',
  problems: [],
  rows: rowsOf(['euler', 'heun', 'ipndm-3'], ['polynomial:7'], [false]),
  nfe: [4, 6],
  batch: 64,
  imageBatch: 8,
  seeds: [0],
  exactNfe: 128,
  timingMs: 0,
  learning: { ...ROBUST, trajectories: 256, validation: 128, batch: 64, iterations: 30 },
  bespoke: { iterations: 40, candidates: 2 },
};

/** Runs a suite on the device of the test file. */
export function measure(subjects: Subject[], suite: Partial<Suite> = {}, range = DEFAULT_RANGE) {
  return runBenchmark({ gpu, subjects, suite: { ...SMALL, ...suite }, range });
}
