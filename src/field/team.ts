import type { Gpu } from '../gpu/gpu.js';

/**
 * Lanes of a subgroup that share a trajectory, whose state would take one of them too many registers:
 * shaders/field/team.wgsl.
 */
export type Team = 1 | 2 | 4 | 8;

/** Vec4 of a state that a lane holds at most: kernels have three states and more at once, and whole plans a dozen. */
const MOST_PARTS = 4;

/**
 * How many lanes share a trajectory whose state is in registers: on hardware the fewest that leave each MOST_PARTS vec4.
 * Alone, lanes spill: compiled for AMD's RDNA 3 (docs/performance.md) whole plans of `euler` in 64-D put 459 registers of a
 * wave into memory, of `unipc-3` 1,611; by four lanes none.
 */
export function teamFor({ adapter, device, features }: Gpu, dim: number): Team {
  if (adapter.software || !features.has('subgroups')) return 1;
  const { subgroupMinSize = 1 } = device.adapterInfo;
  const possible = ([1, 2, 4, 8] as const).filter((team) => team <= Math.max(1, subgroupMinSize));
  return possible.find((team) => partsOf(dim, team) <= MOST_PARTS) ?? possible[possible.length - 1];
}

/** Vec4 of a state that each lane of a team holds; what stands past its end is 0. */
export function partsOf(dim: number, team: Team): number {
  return Math.ceil(Math.ceil(dim / 4) / team);
}
