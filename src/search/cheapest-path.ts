import { FewstepError } from '../errors.js';

/**
 * The nodes of the cheapest path from the first node to the last with exactly so many jumps, by dynamic programming:
 * V[j][1] = c[j][last], V[j][k] = min over i > j of c[j][i] + coefficient V[i][k - 1], read off from V[0][jumps]
 * (GITS, arXiv 2405.11326). Seen from the first node, jump m counts coefficient^(m - 1): above 1, late jumps, whose
 * errors nothing makes up for any more, weigh more than early ones.
 *
 * @param costs cost of a jump from node i to a later node j at [i * nodes + j], [nodes * nodes]; others are not read
 * @returns jumps + 1 increasing indices from 0 to nodes - 1
 * @throws FewstepError bad-grid where there are fewer nodes than the jumps need
 */
export function cheapestPath(
  costs: ArrayLike<number>,
  nodes: number,
  jumps: number,
  coefficient: number,
): number[] {
  if (!(Number.isInteger(jumps) && jumps >= 1 && jumps < nodes)) {
    throw new FewstepError(
      'bad-grid',
      `no grid of ${jumps} steps can be chosen from ${nodes} times`,
      `ask for 1 to ${nodes - 1} steps: a lower NFE, or a grid with a rule`,
    );
  }
  const last = nodes - 1;
  let value = Float64Array.from({ length: nodes }, (_, j) => (j < last ? costs[j * nodes + last] : Infinity));
  /** next[k][j]: where the cheapest path with k + 1 jumps goes from node j. */
  const next = [new Int32Array(nodes).fill(last)];
  for (let k = 2; k <= jumps; k++) {
    const longer = new Float64Array(nodes).fill(Infinity);
    const choice = new Int32Array(nodes).fill(-1);
    for (let j = 0; j < last; j++) {
      for (let i = j + 1; i < last; i++) {
        const total = costs[j * nodes + i] + coefficient * value[i];
        if (total < longer[j]) [longer[j], choice[j]] = [total, i];
      }
    }
    next.push(choice);
    value = longer;
  }
  const path = [0];
  for (let k = jumps; k >= 1; k--) path.push(next[k - 1][path[path.length - 1]]);
  return path;
}
