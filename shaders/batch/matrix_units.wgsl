// Dawn's matrix units (chromium_experimental_subgroup_matrix) by their names in WGSL. The linker (wesl 0.7) knows none of
// them and binds these stand-ins, which src/gpu/link.ts leaves out of what it returns.
const subgroup_matrix_left = 0;
const subgroup_matrix_right = 0;
const subgroup_matrix_result = 0;
const subgroupMatrixLoad = 0;
const subgroupMatrixStore = 0;
const subgroupMatrixMultiplyAccumulate = 0;
const row_major = 0;
