import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { nfeOf } from '../../src/solver/plan.js';
import { MOVES } from '../../src/tangent/tangent-plan.js';
import { gpu } from '../device.js';
import { excess, roundingErrors } from '../execute/rounding.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { eulerPlan, eulerSpec, nearEuler, randomTangent, stillTangent } from './fixtures.js';

const seed = freshSeed();
const BATCH = 67;
const STEPS = 4;

/** Of one number, of fewer than are read, of more. */
const dims = [1, 3, 70];

test('what was read before it is moved stays as it was read', async () => {
  const euler = nearEuler(3, seed, 0.1);
  const [c0, c1] = [2, 3];
  const late = { parameter: c0, kind: 'scaled' as const, width: 5 };
  const own = { parameter: c1, kind: 'scaled' as const, width: 0.1 };
  const spec = { ...eulerSpec(euler), shared: [] };
  const tangents = [[own], [own, late]].map((second) =>
    randomTangent({ ...spec, moves: [[], second, []] }, 2, seed),
  );
  const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));
  const x = latents(seed, 5, 2, 20);
  const [without, withLate] = await Promise.all(
    tangents.map((predictor) => solve(gpu, field, spec.family.plan, { latents: { values: x }, predictor })),
  );
  expect(withLate.samples).toEqual(without.samples);
  // It is answered all the same.
  expect(withLate.answers!.subarray(4 * 5, 5 * 5).every((move) => move !== 0)).toBe(true);
});

describe.each(dims)('%i dimensions', (dim) => {
  const field = gaussianMixture(randomMixture(seed, dim, 4, 'per-component'));
  const euler = nearEuler(STEPS, seed, 0.1);
  const spec = eulerSpec(euler);
  const predictor = randomTangent(spec, dim, seed);
  const { plan } = spec.family;
  const x = latents(seed, BATCH, dim, 20);

  test(
    'random networks on the GPU are the reference',
    async () => {
      const exact = solveReference(field, plan, { latents: x, predictor });
      const solution = await solve(gpu, field, plan, { latents: { values: x }, predictor });
      expect(solution.evaluations).toBe(nfeOf(plan));
      expect(exact.evaluations).toBe(STEPS);
      const errors = roundingErrors(field, plan, { latents: x, predictor }, exact.samples, seed, 16 + dim);
      expect(excess(solution.samples, exact.samples, errors, dim)).toBeLessThan(2);
      // In chunks the same to the last bit.
      const chunked = await solve(gpu, field, plan, { latents: { values: x }, predictor, chunk: 9 });
      expect(chunked.samples).toEqual(solution.samples);
      expect(chunked.answers).toEqual(solution.answers);
    },
    SLOW,
  );

  test('each trajectory moves by itself, within bounds', async () => {
    const { answers } = await solve(gpu, field, plan, { latents: { values: x }, predictor });
    for (const [k, moves] of spec.moves.entries()) {
      for (let j = 0; j < MOVES; j++) {
        const row = answers!.subarray((MOVES * k + j) * BATCH, (MOVES * k + j + 1) * BATCH);
        const move = moves[j];
        if (!move) {
          expect(row.every((value) => value === 0)).toBe(true);
          continue;
        }
        expect(new Set(row).size).toBeGreaterThan(BATCH / 2);
        const bound = Math.fround(move.width); // the kernel's own number, which may be the larger one
        if (move.kind === 'bounded') expect(Math.max(...row.map(Math.abs))).toBeLessThanOrEqual(bound);
      }
    }
  });

  test('with outputs of 0 and nothing shared it is the plan itself', async () => {
    const still = stillTangent(predictor, seed);
    const plain = eulerPlan(euler.times, euler.parameters);
    const moved = await solve(gpu, field, plan, { latents: { values: x }, predictor: still });
    const unmoved = await solve(gpu, field, plain, { latents: { values: x } });
    expect(moved.answers!.every((value) => value === 0)).toBe(true);
    const exact = solveReference(field, plan, { latents: x, predictor: still });
    // Other kernels run them, and hardware may round those differently.
    const errors = roundingErrors(field, plain, { latents: x }, exact.samples, seed, 16 + dim);
    for (const { samples } of [moved, unmoved]) {
      expect(excess(samples, exact.samples, errors, dim)).toBeLessThan(2);
    }
    expect(exact.samples).toEqual(solveReference(field, plain, { latents: x }).samples);
  });
});
