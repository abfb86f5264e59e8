/** Nodes in (-1, 1) and weights of Gauss and Legendre, by Newton's method on the Legendre polynomial. */
function gaussLegendre(count: number): { nodes: number[]; weights: number[] } {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 100; iteration++) {
      let [previous, value] = [1, x];
      for (let k = 2; k <= count; k++) {
        [previous, value] = [value, ((2 * k - 1) * x * value - (k - 1) * previous) / k];
      }
      slope = (count * (x * value - previous)) / (x * x - 1);
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

const RULE = gaussLegendre(32);

/** 32 Gauss-Legendre nodes from a to b with their weights: exact for polynomials up to degree 63. */
export function quadrature(a: number, b: number): { x: number; weight: number }[] {
  const half = (b - a) / 2;
  return RULE.nodes.map((node, i) => ({ x: a + half * (1 + node), weight: half * RULE.weights[i] }));
}

/** The integral of f from a to b by that rule. */
export function integrate(f: (x: number) => number, a: number, b: number): number {
  return quadrature(a, b).reduce((sum, { x, weight }) => sum + weight * f(x), 0);
}

/** The Lagrange polynomial that is 1 at nodes[j] and 0 at the others. */
export function lagrange(nodes: readonly number[], j: number, x: number): number {
  return nodes.reduce(
    (product, node, m) => (m === j ? product : (product * (x - node)) / (nodes[j] - node)),
    1,
  );
}
