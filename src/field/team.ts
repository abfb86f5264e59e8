import type { Gpu } from '../gpu/gpu.js';
import { hasManyRegisters } from '../gpu/registers.js';

/**
 * Lanes of a subgroup that share a trajectory, whose state would take one of them too many registers:
 * shaders/field/team.wgsl.
 */
export type Team = 1 | 2 | 4 | 8;

/**
 * Vec4 of a state that a lane holds at most, alone and in a team: kernels have three states and more at once, and whole
 * plans a dozen.
 */
const ALONE = 4;
const [TOGETHER, TOGETHER_WITH_FEW_REGISTERS] = [4, 2];

/**
 * How many lanes share a trajectory whose state is in registers: on hardware the fewest that leave each as many vec4 as it
 * has registers for. Alone, lanes spill: compiled for AMD's RDNA 3 (docs/performance.md) whole plans of `euler` in 64-D
 * put 459 registers of a wave into memory, of `unipc-3` 1,611; by four lanes none. For Intel's Gen 12 D in 64-D has 145
 * loads from memory for registers by four lanes, none by eight; at 16-D one lane has none and takes a third of the work
 * of four.
 */
export function teamFor(gpu: Gpu, dim: number): Team {
  const { adapter, device, features } = gpu;
  if (adapter.software || !features.has('subgroups') || partsOf(dim, 1) <= ALONE) return 1;
  const most = hasManyRegisters(gpu) ? TOGETHER : TOGETHER_WITH_FEW_REGISTERS;
  const { subgroupMinSize = 1 } = device.adapterInfo;
  const possible = ([1, 2, 4, 8] as const).filter((team) => team <= Math.max(1, subgroupMinSize));
  return possible.find((team) => partsOf(dim, team) <= most) ?? possible[possible.length - 1];
}

/** Vec4 of a state that each lane of a team holds; what stands past its end is 0. */
export function partsOf(dim: number, team: Team): number {
  return Math.ceil(Math.ceil(dim / 4) / team);
}
