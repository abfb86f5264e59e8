// The products of all columns with one another, summed exactly. Where errors are small, sums in float32 are those of no
// matrix: indefinite, by more than the damping. So each column is rounded to whole numbers of 20 bits, which leaves out far
// less than float32 does of a difference of end points, and nothing that follows is rounded:
//
//   a number is 1024 high + low, both at most 512 in size, so that a product of two digits is at most 2^18;
//   32 sums of two such are exact in float32, whose multiply-add is the fastest that adapters have;
//   those are added up as integers, carried into digits of ten bits, and added to the digits of other rows, in any order.
//
// One invocation takes four columns by four over a part of the rows, at most 2,048: 32 bytes are loaded for 64
// multiply-adds, and 40 operations round them, again for each pair of fours. What limits it on lavapipe is arithmetic: without
// its loads it takes 0.9 of the time; 48 sums are more than the registers hold.
import package::distill::loss::operation;
import package::distill::whole::units;

/// Rows whose products are added up in float32.
const EXACT = 32u;
const BASE = 1024.0;
const BITS = 10u;

@group(0) @binding(1) var<storage, read> columns: array<vec4f>; // [trajectories, dim, columns / 4]
@group(0) @binding(10) var<storage, read_write> sums: array<atomic<i32>>; // [columns, columns, 4], columns in whole fours

struct Digits {
  high: vec4f,
  low: vec4f,
}

@compute @workgroup_size(64)
fn products(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let count = operation.trajectories * operation.dim;
  let fours = (arrayLength(&units) + 3) / 4;
  let pair = group.x * 64 + local;
  if (pair >= fours * (fours + 1) / 2) {
    return;
  }
  // Pairs of fours p >= q, row by row of a triangle; the root is right but for rounding.
  var p = u32(sqrt(2 * f32(pair) + 0.25) - 0.5);
  p = select(p, p - 1, p * (p + 1) / 2 > pair);
  p = select(p, p + 1, (p + 1) * (p + 2) / 2 <= pair);
  let q = pair - p * (p + 1) / 2;
  let p_scale = scale_of(p);
  let q_scale = scale_of(q);
  var high: array<vec4i, 4>;
  var middle: array<vec4i, 4>;
  var low: array<vec4i, 4>;
  let rows = (count + groups.y - 1) / groups.y;
  let end = min((group.y + 1) * rows, count);
  for (var first = group.y * rows; first < end; first += EXACT) {
    var highs = mat4x4f();
    var middles = mat4x4f();
    var lows = mat4x4f();
    let last = min(first + EXACT, end);
    for (var i = first; i < last; i++) {
      let a = digits(p_scale * columns[i * fours + p]);
      let b = digits(q_scale * columns[i * fours + q]);
      highs += outer(a.high, b.high);
      middles += outer(a.high, b.low) + outer(a.low, b.high);
      lows += outer(a.low, b.low);
    }
    add(&high, highs);
    add(&middle, middles);
    add(&low, lows);
  }
  for (var row = 0u; row < 4; row++) {
    let carried = middle[row] + (low[row] >> vec4u(BITS));
    let top = high[row] + (carried >> vec4u(BITS));
    let at = 4 * ((4 * p + row) * 4 * fours + 4 * q);
    store(at, low[row] & vec4i(1023));
    store(at + 1, carried & vec4i(1023));
    store(at + 2, top & vec4i(1023));
    store(at + 3, top >> vec4u(BITS));
  }
}

/// What makes whole numbers of four columns. One of zeros has no unit, and what fills up the last four is taken for one.
fn scale_of(fourth: u32) -> vec4f {
  let last = arrayLength(&units) - 1;
  let wanted = 4 * fourth + vec4u(0, 1, 2, 3);
  let column = min(wanted, vec4u(last));
  let unit = vec4f(units[column.x], units[column.y], units[column.z], units[column.w]);
  let filled = select(unit, vec4f(0), wanted > vec4u(last));
  return select(1 / unit, vec4f(0), filled < vec4f(1e-35));
}

fn digits(value: vec4f) -> Digits {
  let whole = round(value);
  let high = round(whole / BASE);
  return Digits(high, whole - BASE * high);
}

fn outer(a: vec4f, b: vec4f) -> mat4x4f {
  return mat4x4f(a.x * b, a.y * b, a.z * b, a.w * b);
}

fn add(total: ptr<function, array<vec4i, 4>>, part: mat4x4f) {
  total[0] += vec4i(part[0]);
  total[1] += vec4i(part[1]);
  total[2] += vec4i(part[2]);
  total[3] += vec4i(part[3]);
}

fn store(at: u32, digit: vec4i) {
  atomicAdd(&sums[at], digit.x);
  atomicAdd(&sums[at + 4], digit.y);
  atomicAdd(&sums[at + 8], digit.z);
  atomicAdd(&sums[at + 12], digit.w);
}
