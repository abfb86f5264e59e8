import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cheapestPath } from '../../src/search/cheapest-path.js';
import { expectRefusal } from '../refusal.js';

/** Every way from the first node to the last in so many jumps. */
function allPaths(nodes: number, jumps: number, path: number[] = [0]): number[][] {
  const last = path[path.length - 1];
  if (path.length === jumps) return last < nodes - 1 ? [[...path, nodes - 1]] : [];
  return Array.from({ length: nodes - 2 - last }, (_, i) => last + 1 + i).flatMap((next) =>
    allPaths(nodes, jumps, [...path, next]),
  );
}

/** Jump m, from 0 on, counts coefficient^m. */
function totalOf(path: readonly number[], costs: readonly number[], nodes: number, coefficient: number) {
  return path.slice(1).reduce((sum, node, m) => sum + coefficient ** m * costs[path[m] * nodes + node], 0);
}

const problem = fc.integer({ min: 2, max: 7 }).chain((nodes) =>
  fc.record({
    nodes: fc.constant(nodes),
    jumps: fc.integer({ min: 1, max: nodes - 1 }),
    coefficient: fc.double({ min: 0.5, max: 2, noNaN: true }),
    costs: fc.array(fc.double({ min: 0, max: 100, noNaN: true }), {
      minLength: nodes * nodes,
      maxLength: nodes * nodes,
    }),
  }),
);

test('the path is the cheapest of all that there are', () => {
  fc.assert(
    fc.property(problem, ({ nodes, jumps, coefficient, costs }) => {
      const path = cheapestPath(costs, nodes, jumps, coefficient);
      expect(path).toHaveLength(jumps + 1);
      expect([path[0], path[jumps]]).toEqual([0, nodes - 1]);
      expect(path.every((node, m) => m === 0 || node > path[m - 1])).toBe(true);
      const totals = allPaths(nodes, jumps).map((each) => totalOf(each, costs, nodes, coefficient));
      const best = Math.min(...totals);
      // Sums in another order.
      expect(totalOf(path, costs, nodes, coefficient)).toBeLessThanOrEqual(best * (1 + 1e-12));
    }),
    { numRuns: 500 },
  );
});

test('later jumps weigh more: of two mirrored paths the one that is dear early is taken', () => {
  // 0 -> 1 -> 3 costs 2 and then 1, 0 -> 2 -> 3 costs 1 and then 2.
  const costs = [0, 2, 1, 9, 0, 0, 9, 1, 0, 0, 0, 2, 0, 0, 0, 0];
  expect(cheapestPath(costs, 4, 2, 1.15)).toEqual([0, 1, 3]);
  expect(cheapestPath(costs, 4, 2, 0.85)).toEqual([0, 2, 3]);
});

test.each([0, 4, 1.5])('%d jumps over four nodes are refused', (jumps) =>
  expectRefusal(() => cheapestPath(new Float64Array(16), 4, jumps, 1.15), 'bad-grid', /4 times/, /1 to 3/),
);
