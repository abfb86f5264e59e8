import { describe, expect, test } from 'vitest';
import { classicRungeKutta, dormandPrince, reusesLast, type Tableau } from '../../src/solver/tableau.js';

type Vector = readonly number[];

/** A rooted tree as Butcher's list of its children: order conditions are one a tree. */
interface Tree {
  children: readonly Tree[];
}

/** All rooted trees of an order, each once: multisets of children whose orders sum to one less. */
function trees(order: number): Tree[] {
  const known = new Map<number, Tree[]>([[1, [{ children: [] }]]]);
  const forests = (left: number, from: [order: number, index: number]): Tree[][] => {
    if (left === 0) return [[]];
    const found: Tree[][] = [];
    for (let size = from[0]; size <= left; size++) {
      const candidates = known.get(size) ?? [];
      for (let i = size === from[0] ? from[1] : 0; i < candidates.length; i++) {
        for (const rest of forests(left - size, [size, i])) found.push([candidates[i], ...rest]);
      }
    }
    return found;
  };
  for (let n = 2; n <= order; n++)
    known.set(
      n,
      forests(n - 1, [1, 0]).map((children) => ({ children })),
    );
  return known.get(order)!;
}

const orderOf = ({ children }: Tree): number => children.reduce((sum, child) => sum + orderOf(child), 1);
/** The tree's density: what 1 / sum b_i phi_i has to be. */
const density = (tree: Tree): number =>
  tree.children.reduce((product, child) => product * density(child), orderOf(tree));
/** phi_i: the product over children of sum_j a_ij phi_j. */
function weightsOf(tree: Tree, a: Tableau['a']): Vector {
  return a.map((row) =>
    tree.children.reduce((product, child) => {
      const inner = weightsOf(child, a);
      return product * row.reduce((sum, value, j) => sum + value * inner[j], 0);
    }, 1),
  );
}

/** How far the order conditions of one order are from being met. */
function defect({ a }: Tableau, b: Vector, order: number): number {
  return Math.max(
    ...trees(order).map((tree) => {
      const phi = weightsOf(tree, a);
      return Math.abs(b.reduce((sum, value, i) => sum + value * phi[i], 0) - 1 / density(tree));
    }),
  );
}

test('there are 1, 1, 2, 4, 9 and 20 conditions of order 1 to 6', () => {
  expect([1, 2, 3, 4, 5, 6].map((order) => trees(order).length)).toEqual([1, 1, 2, 4, 9, 20]);
});

describe.each([dormandPrince, classicRungeKutta])('$name', (tableau) => {
  const { a, b, c, order } = tableau;
  test('meets all conditions up to its order, and not those after it', () => {
    for (let n = 1; n <= order; n++) expect(defect(tableau, b, n)).toBeLessThan(1e-14);
    expect(defect(tableau, b, order + 1)).toBeGreaterThan(1e-4);
  });

  test('rows of a sum to the stages’ places', () => {
    for (const [i, row] of a.entries())
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(c[i], 14);
  });

  test('converges at its order', () => {
    // y' = y cos t, y(0) = 1: y = exp(sin t).
    const error = (steps: number) => {
      const h = 2 / steps;
      let y = 1;
      for (let n = 0; n < steps; n++) {
        const slopes: number[] = [];
        for (const [i, row] of a.entries()) {
          const at = y + h * row.reduce((sum, value, j) => sum + value * slopes[j], 0);
          slopes.push(at * Math.cos((n + c[i]) * h));
        }
        y += h * b.reduce((sum, value, j) => sum + value * slopes[j], 0);
      }
      return Math.abs(y - Math.exp(Math.sin(2)));
    };
    const measured = Math.log2(error(40) / error(80));
    expect(measured).toBeGreaterThan(order - 0.3);
    expect(measured).toBeLessThan(order + 0.5);
  });
});

test('the embedded solution of Dormand and Prince is of order 4', () => {
  const { embedded } = dormandPrince;
  for (let n = 1; n <= 4; n++) expect(defect(dormandPrince, embedded!, n)).toBeLessThan(1e-14);
  expect(defect(dormandPrince, embedded!, 5)).toBeGreaterThan(1e-4);
});

test('the last stage of Dormand and Prince is the first of the next step; that of RK4 is not', () => {
  expect(reusesLast(dormandPrince)).toBe(true);
  expect(reusesLast(classicRungeKutta)).toBe(false);
});
