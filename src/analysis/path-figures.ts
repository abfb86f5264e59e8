import { flat } from './flat.js';
import { type MeanValue, meanValue } from './mean-value.js';
import { chordOf, norm, type Path } from './path.js';
import { type PrincipalComponents, principalComponents } from './principal-components.js';

/** What is measured of one trajectory; see `Analysis` for each. */
export interface PathFigures {
  /** For each number of components. */
  explained: number[];
  /** For each number of components, at each time. */
  projection: number[][];
  /** At each time. */
  deviation: number[];
  /** For each step of each coarse grid. */
  meanValue: MeanValue[][];
  flat: number[][];
}

/**
 * @param components numbers of components to project on
 * @param coarse for each coarse grid the indices of its times
 * @throws FewstepError bad-field where the path does not move
 */
export function pathFigures(
  path: Path,
  components: readonly number[],
  coarse: readonly (readonly number[])[],
): PathFigures {
  const chord = chordOf(path);
  const pca = principalComponents(path.states, path.dim);
  return {
    explained: components.map((count) => pca.shares.subarray(0, count).reduce((sum, share) => sum + share)),
    projection: components.map((count) => projectionErrors(path, pca, count)),
    deviation: Array.from(chord.distances, (distance) => distance / chord.length),
    meanValue: coarse.map((nodes) => nodes.slice(1).map((node, step) => meanValue(path, nodes[step], node))),
    flat: flat(pca),
  };
}

/** |x - projection| / |x| at each time: what is left of the state beyond the first components. */
function projectionErrors({ times, dim, states }: Path, pca: PrincipalComponents, count: number): number[] {
  const { shares, coordinates } = pca;
  const width = shares.length;
  return times.map((_, n) => {
    const rest = coordinates.subarray(n * width + Math.min(width, count), (n + 1) * width);
    return norm(rest) / norm(states.subarray(n * dim, (n + 1) * dim));
  });
}
