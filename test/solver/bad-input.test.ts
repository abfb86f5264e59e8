import { test } from 'vitest';
import { explicit, logsnr, parseGrid, polynomial, timeUniform } from '../../src/grid/grid.js';
import { planFor } from '../../src/solver/plan-for.js';
import { parseSolver, solverByName } from '../../src/solver/registry.js';
import { expectRefused, type Refusal } from '../refusal.js';

const option = (solver: string, options: Record<string, unknown>) => () =>
  solverByName(solver).plan([80, 1], { options });
const nfe =
  (solver: string, count: number, afs = false) =>
  () =>
    planFor({ solver, nfe: count, afs });

const TABLE: Refusal[] = [
  // Grids
  [
    'an unknown grid',
    () => parseGrid('polynomal:7'),
    'unknown-name',
    /unknown grid 'polynomal'/,
    /did you mean 'polynomial'/,
  ],
  ['rho 0', () => parseGrid('polynomial:0'), 'bad-grid', /rho must be a positive number, not 0/, /rho > 0/],
  [
    'rho as a word',
    () => parseGrid('time_uniform:two'),
    'bad-grid',
    /rho must be a positive number, not NaN/,
    /rho > 0/,
  ],
  [
    'a value for logsnr',
    () => parseGrid('logsnr:7'),
    'bad-grid',
    /'logsnr' takes no value, got '7'/,
    /write 'logsnr'/,
  ],
  [
    'an explicit grid of one time',
    () => parseGrid('explicit:80'),
    'bad-grid',
    /at least two times, got 1/,
    /80,10,1/,
  ],
  [
    'a gap in an explicit grid',
    () => parseGrid('explicit:80,,1'),
    'bad-grid',
    /time 1 of the grid is NaN/,
    /decreasing times/,
  ],
  [
    'rising times',
    () => explicit([80, 1, 2]),
    'bad-grid',
    /time 2 of the grid \(2\) is not below the one before \(1\)/,
    /decreasing/,
  ],
  [
    'equal times',
    () => explicit([80, 80]),
    'bad-grid',
    /time 1 of the grid \(80\) is not below/,
    /decreasing/,
  ],
  ['a time of 0', () => explicit([80, 0]), 'bad-grid', /time 1 of the grid is 0/, /decreasing/],
  [
    'an infinite time',
    () => explicit([Infinity, 1]),
    'bad-grid',
    /time 0 of the grid is Infinity/,
    /decreasing/,
  ],
  [
    'another number of steps than listed',
    () => explicit([80, 1]).times(2),
    'bad-grid',
    /lists 2 times, so it has 1 steps; 2 are/,
    /list 3 times/,
  ],
  [
    'sigma_min above sigma_max',
    () => logsnr().times(3, { sigmaMin: 2, sigmaMax: 1 }),
    'bad-grid',
    /sigma_min 2 and sigma_max 1 span no range/,
    /sigma_min < sigma_max/,
  ],
  [
    'sigma_min 0',
    () => logsnr().times(3, { sigmaMin: 0, sigmaMax: 1 }),
    'bad-grid',
    /sigma_min 0 and sigma_max 1/,
    /0 < sigma_min/,
  ],
  [
    'no steps',
    () => polynomial().times(0),
    'bad-grid',
    /whole number of steps from 1 on, not 0/,
    /such a number/,
  ],
  [
    'half a step',
    () => polynomial().times(2.5),
    'bad-grid',
    /whole number of steps from 1 on, not 2.5/,
    /such a number/,
  ],
  [
    'a range that VP time cannot span',
    () => timeUniform().times(3, { sigmaMin: 0.5, sigmaMax: 80 }),
    'bad-grid',
    /no linear VP schedule runs from sigma_min 0.5 to sigma_max 80/,
    /smaller sigma_min/,
  ],
  // Solvers
  [
    'an unknown solver',
    () => parseSolver('dpmp-2m'),
    'unknown-name',
    /unknown solver 'dpmp-2m'/,
    /did you mean 'dpmpp-2m'/,
  ],
  [
    'an option without a value',
    () => parseSolver('unipc-3:variant'),
    'bad-argument',
    /cannot read option 'variant'/,
    /name:key=value/,
  ],
  [
    'an option with two values',
    () => parseSolver('dpm-solver-2:r=1=2'),
    'bad-argument',
    /cannot read option 'r=1=2'/,
    /name:key=value/,
  ],
  [
    'an option of a solver that takes none',
    option('euler', { r: 1 }),
    'bad-argument',
    /solver 'euler' has no option 'r'/,
    /takes no options/,
  ],
  [
    'a misspelt option',
    option('unipc-2', { varient: 'bh1' }),
    'bad-argument',
    /no option 'varient'/,
    /did you mean 'variant'/,
  ],
  ['r of 0', option('dpm-solver-2', { r: 0 }), 'bad-argument', /option 'r': must be in \(0, 1\]/, /accepts/],
  [
    'r as a word',
    option('dpm-solver-2', { r: 'half' }),
    'bad-argument',
    /option 'r': must be a number/,
    /accepts/,
  ],
  [
    'a variant that does not exist',
    option('unipc-3', { variant: 'bh3' }),
    'bad-argument',
    /must be 'bh1' or 'bh2'/,
    /accepts/,
  ],
  [
    'an end that does not exist',
    option('heun', { end: 'zero' }),
    'bad-argument',
    /must be 'corrected' or 'denoise'/,
    /accepts/,
  ],
  [
    'a truth value as a number',
    option('dpmpp-2m', { lower_order_final: 1 }),
    'bad-argument',
    /must be true or false/,
    /accepts/,
  ],
  [
    'times that a solver cannot step along',
    () => solverByName('heun').plan([1, 2]),
    'bad-grid',
    /time 1 of the grid \(2\) is not below/,
    /decreasing/,
  ],
  ['NFE 0', nfe('euler', 0), 'unreachable-nfe', /whole number from 1 to 4096, not 0/, /such a number/],
  ['half an evaluation', nfe('euler', 1.5), 'unreachable-nfe', /not 1.5/, /such a number/],
  [
    'an odd NFE for Heun',
    nfe('heun', 5),
    'unreachable-nfe',
    /heun cannot make exactly 5 evaluations/,
    /4 or 6/,
  ],
  [
    'an even NFE for Heun with AFS',
    nfe('heun', 4, true),
    'unreachable-nfe',
    /heun with AFS cannot make exactly 4/,
    /3 or 5/,
  ],
  [
    'an NFE below the least',
    nfe('rk4', 2),
    'unreachable-nfe',
    /rk4 cannot make exactly 2/,
    /nearest that it can: 4/,
  ],
];

test.each(TABLE)('%s', (...refusal) => expectRefused(refusal));
