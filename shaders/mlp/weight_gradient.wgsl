// The gradient of all parameters, summed over one slice of the trajectories: for each layer the product of its
// inputs, transposed, with its deltas. A workgroup takes a part of one layer's matrix and goes through the slice;
// an invocation holds 16 inputs x 4 outputs. Slices are added by reduce.wgsl, always in the same order, so that
// gradients are the same to the last bit. 2 operations per parameter and trajectory.
// On software adapters it is loads that cost, of sums and of what all lanes need. Hence four trajectories at a time and
// shifts for divisions: measured against one trajectory at a time, 0.5 to 0.7 of the time on SwiftShader. lavapipe has
// lanes/weight_gradient.wgsl.
import constants::PARAMETER_QUADS;
import package::mlp::gradient::operation;
import package::mlp::layer_gradient::{ delta_quads, delta_start, deltas, gradient_rows, input_quad, Part, partials };
import package::mlp::shape::matrix_start;

const INVOCATIONS = 64u;
const LEAST_LANES = 8u;
/// Vec4 of inputs staged at once: of 16 to 128 trajectories.
const STAGE = 512u;

var<workgroup> inputs: array<vec4f, STAGE>;

@compute @workgroup_size(INVOCATIONS)
fn weight_gradient(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let part = part_of(group.x);
  let lanes = output_lanes(part.layer);
  // All are powers of two, and software adapters divide slowly.
  let group_bits = firstTrailingBit(lanes);
  let quad_bits = firstTrailingBit(4 * INVOCATIONS) - group_bits;
  let quads = 1u << quad_bits;
  let quad = part.output_quad + (local & (lanes - 1));
  let own_input = 4 * (local >> group_bits);
  let end = min((group.y + 1) * operation.slice, operation.trajectories);
  let stride = delta_quads(part.layer);
  let works = quad < stride;
  let delta = delta_start(part.layer) + min(quad, stride - 1);

  var sums = array<vec4f, 16>();
  for (var begin = group.y * operation.slice; begin < end; begin += STAGE >> quad_bits) {
    let rows = (min(STAGE >> quad_bits, end - begin) + 3) & ~3u;
    workgroupBarrier();
    for (var i = local; i < rows << quad_bits; i += INVOCATIONS) {
      let row = begin + (i >> quad_bits);
      inputs[i] = vec4f(0);
      if (row < end) {
        inputs[i] = input_quad(part.layer, row, part.input_quad + (i & (quads - 1)));
      }
    }
    workgroupBarrier();
    for (var r = 0u; r < rows && works; r += 4) {
      add_rows(&sums, (r << quad_bits) + own_input, quads, delta, begin + r, end - 1, stride);
    }
  }

  if (works) {
    let start = group.y * PARAMETER_QUADS + matrix_start(part.layer) + quad;
    let input = 4 * (part.input_quad + own_input);
    let rows = min(16, gradient_rows(part.layer) - min(input, gradient_rows(part.layer)));
    var kept = sums; // a copy may be indexed without taking the sums themselves out of registers
    for (var n = 0u; n < rows; n++) {
      partials[start + (input + n) * stride] = kept[n];
    }
  }
}

/// Adds four trajectories, from `row` on: each sum is touched once for all. Their inputs lie `quads` apart in the
/// stage, those past `last` are 0.
fn add_rows(sums: ptr<function, array<vec4f, 16>>, input: u32, quads: u32, delta: u32, row: u32, last: u32, stride: u32) {
  let d = array(
    deltas[delta + min(row, last) * stride],
    deltas[delta + min(row + 1, last) * stride],
    deltas[delta + min(row + 2, last) * stride],
    deltas[delta + min(row + 3, last) * stride],
  );
  for (var n = 0u; n < 4; n++) {
    let at = input + n;
    add_products(sums, n, inputs[at], inputs[at + quads], inputs[at + 2 * quads], inputs[at + 3 * quads], d);
  }
}

/// Adds the products of four inputs of four trajectories with their deltas.
fn add_products(sums: ptr<function, array<vec4f, 16>>, n: u32, a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f, d: array<vec4f, 4>) {
  (*sums)[4 * n] += a0.x * d[0] + a1.x * d[1] + a2.x * d[2] + a3.x * d[3];
  (*sums)[4 * n + 1] += a0.y * d[0] + a1.y * d[1] + a2.y * d[2] + a3.y * d[3];
  (*sums)[4 * n + 2] += a0.z * d[0] + a1.z * d[1] + a2.z * d[2] + a3.z * d[3];
  (*sums)[4 * n + 3] += a0.w * d[0] + a1.w * d[1] + a2.w * d[2] + a3.w * d[3];
}

/// The parts of all layers follow each other, those beside each other in a layer first.
fn part_of(index: u32) -> Part {
  var n = index;
  var layer = 0u;
  while (n >= parts_across(layer) * parts_down(layer)) {
    n -= parts_across(layer) * parts_down(layer);
    layer++;
  }
  let lanes = output_lanes(layer);
  return Part(layer, n / parts_across(layer) * 4 * INVOCATIONS / lanes, n % parts_across(layer) * lanes);
}

/// Lanes beside each other take columns of outputs; where a layer has few, the other lanes take more of its inputs.
/// src/mlp/passes.ts counts parts in the same way.
fn output_lanes(layer: u32) -> u32 {
  return clamp(1u << (32 - countLeadingZeros(delta_quads(layer) - 1)), LEAST_LANES, INVOCATIONS);
}

fn parts_across(layer: u32) -> u32 {
  return (delta_quads(layer) + output_lanes(layer) - 1) / output_lanes(layer);
}

fn parts_down(layer: u32) -> u32 {
  let inputs = 16 * INVOCATIONS / output_lanes(layer);
  return (gradient_rows(layer) + inputs - 1) / inputs;
}
