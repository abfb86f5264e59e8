import fc from 'fast-check';
import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { nfeOf } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { sdeSolvers, solverByName, solvers, stepsForNfe } from '../../src/solver/registry.js';
import { counted, latents, randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));

test.each([...solvers, ...sdeSolvers])('$name makes the evaluations that its plan counts', (solver) => {
  const variants = solver.name === 'heun' ? [{}, { end: 'denoise' }] : [{}];
  for (const options of variants) {
    for (const afs of [false, true]) {
      for (const steps of [1, 2, 3, 5, 8]) {
        const counting = counted(field);
        const plan = solver.plan(polynomial().times(steps), { afs, options });
        const { evaluations } = solveReference(counting.field, plan, { latents: latents(seed, 3, 2), seed });
        expect(counting.calls()).toBe(3 * nfeOf(plan));
        expect(evaluations).toBe(nfeOf(plan));
      }
    }
  }
});

test.each([
  ['euler', 6],
  ['heun', 12],
  ['midpoint', 12],
  ['rk4', 24],
  ['ipndm-4', 6],
  ['dpmpp-3m', 6],
  ['unipc-3', 6],
])('six steps of %s take %i evaluations, one fewer with AFS', (name, nfe) => {
  const times = polynomial().times(6);
  expect(nfeOf(solverByName(name).plan(times))).toBe(nfe);
  expect(nfeOf(solverByName(name).plan(times, { afs: true }))).toBe(nfe - 1);
});

test('the steps for an NFE give exactly that NFE, or an error that names the nearest', () => {
  const request = fc.record({
    solver: fc.constantFrom(...solvers, ...sdeSolvers),
    nfe: fc.integer({ min: 1, max: 60 }),
    afs: fc.boolean(),
  });
  fc.assert(
    fc.property(request, ({ solver, nfe, afs }) => {
      const nfeOfSteps = (steps: number) => nfeOf(solver.plan(polynomial().times(steps), { afs }));
      const reachable = Array.from({ length: 61 }, (_, i) => nfeOfSteps(i + 1)).filter((n) => n > 0);
      if (reachable.includes(nfe)) {
        expect(nfeOfSteps(stepsForNfe(solver, nfe, { afs }))).toBe(nfe);
        return;
      }
      const distance = Math.min(...reachable.map((n) => Math.abs(n - nfe)));
      const nearest = reachable.filter((n) => Math.abs(n - nfe) === distance);
      const refusal = expect(() => stepsForNfe(solver, nfe, { afs }));
      refusal.toThrow(expect.objectContaining({ code: 'unreachable-nfe' }));
      for (const n of nearest) {
        refusal.toThrow(expect.objectContaining({ remedy: expect.stringMatching(new RegExp(`\\b${n}\\b`)) }));
      }
    }),
    { numRuns: 60 },
  );
});

test('planFor gives the plan for an NFE on its grid', () => {
  const plan = planFor({ solver: 'dpm-solver-2:r=0.4', nfe: 5, afs: true, range: { sigmaMax: 40 } });
  expect(plan.solver).toBe('dpm-solver-2:r=0.4');
  expect(nfeOf(plan)).toBe(5);
  expect(plan.times).toEqual(polynomial().times(3, { sigmaMin: 0.002, sigmaMax: 40 }));
});
