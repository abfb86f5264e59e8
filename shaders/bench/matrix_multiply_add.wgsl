import constants::{ SUBGROUP, UNIT_K, UNIT_M, UNIT_N };
import package::batch::matrix_units::{
  row_major, subgroup_matrix_left, subgroup_matrix_result, subgroup_matrix_right, subgroupMatrixLoad,
  subgroupMatrixMultiplyAccumulate, subgroupMatrixStore,
};
// What an adapter's matrix units can do at best: eight independent sums of products a subgroup, nothing but registers.
enable f16;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Sum = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

struct Load {
  rounds: u32,
}

const SUBGROUPS = 4u;
const INVOCATIONS = SUBGROUP * SUBGROUPS;

@group(0) @binding(0) var<uniform> load: Load;
@group(0) @binding(1) var<storage, read_write> results: array<f32>;

var<workgroup> lefts: array<f16, UNIT_M * UNIT_K>;
var<workgroup> rights: array<f16, UNIT_K * UNIT_N>;

@compute @workgroup_size(INVOCATIONS)
fn matrix_multiply_add(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  for (var i = local; i < UNIT_M * UNIT_K; i += INVOCATIONS) {
    lefts[i] = f16(f32(i % 7) / 8 + f32(group.x % 3));
  }
  for (var i = local; i < UNIT_K * UNIT_N; i += INVOCATIONS) {
    rights[i] = f16(f32(i % 5) / 8 - 0.2);
  }
  workgroupBarrier();
  let left = subgroupMatrixLoad<Left, row_major>(&lefts, 0, UNIT_K);
  let right = subgroupMatrixLoad<Right, row_major>(&rights, 0, UNIT_N);
  var a = Sum();
  var b = Sum();
  var c = Sum();
  var d = Sum();
  var e = Sum();
  var f = Sum();
  var g = Sum();
  var h = Sum();
  for (var round = 0u; round < load.rounds; round++) {
    a = subgroupMatrixMultiplyAccumulate(left, right, a);
    b = subgroupMatrixMultiplyAccumulate(left, right, b);
    c = subgroupMatrixMultiplyAccumulate(left, right, c);
    d = subgroupMatrixMultiplyAccumulate(left, right, d);
    e = subgroupMatrixMultiplyAccumulate(left, right, e);
    f = subgroupMatrixMultiplyAccumulate(left, right, f);
    g = subgroupMatrixMultiplyAccumulate(left, right, g);
    h = subgroupMatrixMultiplyAccumulate(left, right, h);
  }
  let own = (group.x * SUBGROUPS + local / SUBGROUP) * 8 * UNIT_M * UNIT_N;
  subgroupMatrixStore<row_major>(&results, own, a, UNIT_N);
  subgroupMatrixStore<row_major>(&results, own + UNIT_M * UNIT_N, b, UNIT_N);
  subgroupMatrixStore<row_major>(&results, own + 2 * UNIT_M * UNIT_N, c, UNIT_N);
  subgroupMatrixStore<row_major>(&results, own + 3 * UNIT_M * UNIT_N, d, UNIT_N);
  subgroupMatrixStore<row_major>(&results, own + 4 * UNIT_M * UNIT_N, e, UNIT_N);
  subgroupMatrixStore<row_major>(&results, own + 5 * UNIT_M * UNIT_N, f, UNIT_N);
  subgroupMatrixStore<row_major>(&results, own + 6 * UNIT_M * UNIT_N, g, UNIT_N);
  subgroupMatrixStore<row_major>(&results, own + 7 * UNIT_M * UNIT_N, h, UNIT_N);
}
