// The gradient of all parameters, summed over one slice of the trajectories, on software adapters whose lanes can tell each
// other what they load: rows.wgsl says why nothing may wait. A workgroup takes 32 inputs x 8 vec4 of outputs of one layer's
// matrix; a lane holds one of those vec4, and loads another vec4 of the inputs for all. As ../weight_gradient.wgsl otherwise.
import constants::PARAMETER_QUADS;
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::mlp::gradient::operation;
import package::mlp::layer_gradient::{ delta_quads, delta_start, deltas, gradient_rows, input_quad, Part, partials };
import package::mlp::shape::matrix_start;
enable subgroups;

/// Inputs of a part.
const INPUTS = 4 * LANES;
/// Sum n is of input n.
alias Sums = array<vec4f, INPUTS>;

@compute @workgroup_size(LANES)
fn weight_gradient(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) subgroup_local: u32) {
  subgroup_lane = subgroup_local;
  let part = part_of(group.x);
  let stride = delta_quads(part.layer);
  let quad = part.output_quad + subgroup_lane;
  let delta = delta_start(part.layer) + min(quad, stride - 1);
  let end = min((group.y + 1) * operation.slice, operation.trajectories);
  var sums = Sums();
  for (var row = group.y * operation.slice; row < end; row += 4) {
    let last = end - 1;
    let d = array(
      deltas[delta + row * stride],
      deltas[delta + min(row + 1, last) * stride],
      deltas[delta + min(row + 2, last) * stride],
      deltas[delta + min(row + 3, last) * stride],
    );
    let own = part.input_quad + subgroup_lane;
    let i0 = input_quad(part.layer, row, own);
    let i1 = select(vec4f(0), input_quad(part.layer, min(row + 1, last), own), row + 1 < end);
    let i2 = select(vec4f(0), input_quad(part.layer, min(row + 2, last), own), row + 2 < end);
    let i3 = select(vec4f(0), input_quad(part.layer, min(row + 3, last), own), row + 3 < end);
    add_products(&sums, 0, subgroupBroadcast(i0, 0), subgroupBroadcast(i1, 0), subgroupBroadcast(i2, 0), subgroupBroadcast(i3, 0), d);
    add_products(&sums, 4, subgroupBroadcast(i0, 1), subgroupBroadcast(i1, 1), subgroupBroadcast(i2, 1), subgroupBroadcast(i3, 1), d);
    add_products(&sums, 8, subgroupBroadcast(i0, 2), subgroupBroadcast(i1, 2), subgroupBroadcast(i2, 2), subgroupBroadcast(i3, 2), d);
    add_products(&sums, 12, subgroupBroadcast(i0, 3), subgroupBroadcast(i1, 3), subgroupBroadcast(i2, 3), subgroupBroadcast(i3, 3), d);
    add_products(&sums, 16, subgroupBroadcast(i0, 4), subgroupBroadcast(i1, 4), subgroupBroadcast(i2, 4), subgroupBroadcast(i3, 4), d);
    add_products(&sums, 20, subgroupBroadcast(i0, 5), subgroupBroadcast(i1, 5), subgroupBroadcast(i2, 5), subgroupBroadcast(i3, 5), d);
    add_products(&sums, 24, subgroupBroadcast(i0, 6), subgroupBroadcast(i1, 6), subgroupBroadcast(i2, 6), subgroupBroadcast(i3, 6), d);
    add_products(&sums, 28, subgroupBroadcast(i0, 7), subgroupBroadcast(i1, 7), subgroupBroadcast(i2, 7), subgroupBroadcast(i3, 7), d);
  }
  if (quad < stride) {
    let rows = min(INPUTS, gradient_rows(part.layer) - 4 * part.input_quad);
    let start = group.y * PARAMETER_QUADS + matrix_start(part.layer) + 4 * part.input_quad * stride + quad;
    var kept = sums; // a copy may be indexed without taking the sums themselves out of registers
    for (var n = 0u; n < rows; n++) {
      partials[start + n * stride] = kept[n];
    }
  }
}

/// Adds the products of four inputs of four trajectories with their deltas.
fn add_products(sums: ptr<function, Sums>, n: u32, a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f, d: array<vec4f, 4>) {
  for (var i = 0u; i < 4; i++) {
    (*sums)[n + i] += a0[i] * d[0] + a1[i] * d[1] + a2[i] * d[2] + a3[i] * d[3];
  }
}

/// The parts of all layers follow each other, those beside each other in a layer first. src/mlp/passes.ts counts them too.
fn part_of(index: u32) -> Part {
  var n = index;
  var layer = 0u;
  while (n >= parts_across(layer) * parts_down(layer)) {
    n -= parts_across(layer) * parts_down(layer);
    layer++;
  }
  return Part(layer, n / parts_across(layer) * LANES, n % parts_across(layer) * LANES);
}

fn parts_across(layer: u32) -> u32 {
  return (delta_quads(layer) + LANES - 1) / LANES;
}

fn parts_down(layer: u32) -> u32 {
  return (gradient_rows(layer) + INPUTS - 1) / INPUTS;
}
