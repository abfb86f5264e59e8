/** WebGPU's guaranteed, and Dawn's actual, maximum of workgroups in one dimension; more is a silent error. */
const MAX_GROUPS = 65535;

/** `groups` workgroups folded into two dimensions; kernels undo it with `linear_index` and a bounds check. */
export function folded(groups: number): [x: number, y: number] {
  if (groups <= MAX_GROUPS) return [groups, 1];
  const y = Math.ceil(groups / MAX_GROUPS);
  return [Math.ceil(groups / y), y];
}
