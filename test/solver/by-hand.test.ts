import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { parseSolver, solvers } from '../../src/solver/registry.js';
import { hostField } from '../field/fixtures.js';
import {
  adamsBashforth,
  type ByHand,
  deis,
  dpmpp2m,
  dpmpp3m,
  dpmSolver2,
  euler,
  heun,
  heunToZero,
  ipndm,
  ipndmV,
  midpointArithmetic,
  midpointGeometric,
  rk4,
  unipc,
} from './by-hand.js';
import { D, LATENTS, SINGLE, UNEVEN } from './by-hand-fixtures.js';

/** Every solver, and every choice that it offers, with what its paper says. */
const TABLE: [solver: string, byHand: ByHand][] = [
  ['euler', euler],
  ['heun', heun],
  ['heun:end=denoise', heunToZero],
  ['midpoint', midpointArithmetic],
  ['midpoint-geometric', midpointGeometric],
  ['dpm-solver-2', dpmSolver2(0.5)],
  ['dpm-solver-2:r=0.3', dpmSolver2(0.3)],
  ['dpm-solver-2:r=1', dpmSolver2(1)],
  ['rk4', rk4],
  ['ipndm-2', ipndm(2)],
  ['ipndm-3', ipndm(3)],
  ['ipndm-4', ipndm(4)],
  ['ipndm-v-2', ipndmV(2)],
  ['ipndm-v-3', ipndmV(3)],
  ['ipndm-v-4', ipndmV(4)],
  ['ab-2', adamsBashforth(2)],
  ['ab-3', adamsBashforth(3)],
  ['ab-4', adamsBashforth(4)],
  ['deis-2', deis(2)],
  ['deis-3', deis(3)],
  ['deis-4', deis(4)],
  ['dpmpp-2m', dpmpp2m(true)],
  ['dpmpp-2m:lower_order_final=false', dpmpp2m(false)],
  ['dpmpp-3m', dpmpp3m(true)],
  ['dpmpp-3m:lower_order_final=false', dpmpp3m(false)],
  ['dpmpp-3m:d2=published', dpmpp3m(true)],
  ['dpmpp-3m:d2=exact', dpmpp3m(true, true)],
  ['dpmpp-3m:d2=exact,lower_order_final=false', dpmpp3m(false, true)],
  ['unipc-2', unipc(2, 'bh2', true)],
  ['unipc-2:variant=bh1', unipc(2, 'bh1', true)],
  ['unipc-2:lower_order_final=false', unipc(2, 'bh2', false)],
  ['unipc-3', unipc(3, 'bh2', true)],
  ['unipc-3:variant=bh1', unipc(3, 'bh1', true)],
  ['unipc-3:variant=bh1,lower_order_final=false', unipc(3, 'bh1', false)],
];

const field = hostField(1, (x, sigma, out) => {
  out[0] = D(x[0], sigma);
});

test.each(TABLE)('%s is what its paper says, step for step', (text, byHand) => {
  const { solver, options } = parseSolver(text);
  for (const times of [UNEVEN, SINGLE]) {
    const { samples } = solveReference(field, solver.plan(times, { options }), { latents: LATENTS });
    for (const [i, x] of LATENTS.entries()) {
      expect(samples[i]).toBeCloseTo(byHand({ times, D, x }), 10);
    }
  }
});

test('every solver that learned nothing is in the table', () => {
  const named = TABLE.map(([text]) => parseSolver(text).solver);
  expect(new Set(named)).toEqual(new Set(solvers));
});
