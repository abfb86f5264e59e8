import type { PrincipalComponents } from './principal-components.js';

/**
 * A path in the plane of its first two components, [N][2], moved so that all paths can be laid over each other: it
 * begins at (0, 0) and ends at (1, 0), its chord being the unit, and bulges upwards.
 *
 * @param pca of the states of the path, in their order
 */
export function flat({ shares, coordinates }: PrincipalComponents): number[][] {
  const components = shares.length;
  const count = coordinates.length / components;
  const second = (i: number) => (components > 1 ? coordinates[i * components + 1] : 0);
  const [x0, y0] = [coordinates[0], second(0)];
  const last = count - 1;
  const [chordX, chordY] = [coordinates[last * components] - x0, second(last) - y0];
  const squared = chordX ** 2 + chordY ** 2;
  const points = Array.from({ length: count }, (_, i) => {
    const [x, y] = [coordinates[i * components] - x0, second(i) - y0];
    return [(x * chordX + y * chordY) / squared, (y * chordX - x * chordY) / squared];
  });
  const highest = points.reduce((far, point) => (Math.abs(point[1]) > Math.abs(far[1]) ? point : far));
  return highest[1] >= 0 ? points : points.map(([x, y]) => [x, -y]);
}
