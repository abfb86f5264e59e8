// The vector-Jacobian product of mixture_tiled_vjp.wgsl, for one standard deviation a component, on software adapters whose
// lanes can tell each other what they load: a lane takes four trajectories through a segment by itself, as in
// mixture_lanes.wgsl, and leaves the same sums. A tile is gone through twice: for distances and c.g, then for the vectors.
// 10 operations a number, component and trajectory. 500 components of 784 numbers, 128 trajectories: 24.7 ms of processor
// time, where mixture_tiled_vjp.wgsl took 77.6. docs/performance.md, "Above 128 dimensions".
import constants::{ DIM, QUADS, SPAN };
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::components::{ log_weights, variance_of, variances };
import package::field::lanes::{ across, BATCH, end, first, four_of, is_there, load, mean_at, row, Span, SPANS, turns_of };
import package::field::mixture_segment::{ HEADER, Sums, record_of, records, span, store_sums };
import package::field::pull::{ operation, sigma_of };
enable subgroups;
diagnostic(off, subgroup_uniformity); // lanes agree on the components that are left, which analysis cannot know

const TILE = 48u; // components; 14 of 16 KiB of workgroup memory

var<private> states: Span;
var<private> scores: Span; // cotangents, then sums of w g
var<private> products: Span; // sums of w (c.g - center) g
// Of a tile's components and each lane's trajectories: |mean - x|^2 and c.(mean - x), then what g is summed with: its weight,
// and that times c.g from its mean. Both over v, which makes mean - x the score.
var<workgroup> distances: array<vec4f, TILE * LANES>;
var<workgroup> alongs: array<vec4f, TILE * LANES>;
/// Which of them have weights that are not all zero: at small sigma few.
var<workgroup> left: array<u32, TILE * LANES>;

/// Sums of mixture_segment.wgsl for four trajectories.
struct FourSums {
  top: vec4f,
  total: vec4f,
  center: vec4f,
  slope_center: vec4f,
  along: vec4f,
  slope: vec4f,
  product: vec4f,
  kept: vec4f,
  sigma_kept: vec4f,
}

/// One component against four trajectories.
struct Component {
  logit: vec4f,
  along: vec4f, // c.g
  slope: vec4f, // of the logit to sigma, over sigma; less what all components share
  kept: vec4f, // s^2/v
  inverse: vec4f, // 1/v
}

@compute @workgroup_size(LANES)
fn mixture_lanes_vjp(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  subgroup_lane = lane;
  let group = id.x + id.y * groups.x;
  let segment = group % span.segments;
  first = span.trajectory + group / span.segments * BATCH + lane;
  end = min(span.trajectory + span.trajectories, operation.trajectories);
  let sigma = vec4f(sigma_of(row(0)), sigma_of(row(1)), sigma_of(row(2)), sigma_of(row(3)));
  let begin = segment * span.components;
  let components = min(begin + span.components, arrayLength(&log_weights));
  var sums = FourSums();
  sums.top = vec4f(-3e38);
  for (var tile = begin; tile < components; tile += TILE) {
    sums = add_tile(tile, min(TILE, components - tile), tile == begin, segment, sigma * sigma, sums);
  }
  for (var r = 0u; r < 4; r++) {
    if (is_there(r)) {
      let own = Sums(
        sums.top[r],
        sums.total[r],
        sums.center[r],
        sums.slope_center[r],
        sums.along[r],
        sums.slope[r],
        sums.product[r],
        sums.kept[r],
        sums.sigma_kept[r],
      );
      store_sums(record_of(row(r), span.segment + segment), own);
    }
  }
}

fn add_tile(tile: u32, count: u32, begins: bool, segment: u32, noise: vec4f, before: FourSums) -> FourSums {
  for (var part = 0u; part < turns_of(SPANS); part++) {
    for (var p = 0u; p < turns_of(SPAN); p++) {
      for (var r = 0u; r < 4; r++) {
        states[p][r] = four_of(operation.state, r, part * SPAN + p);
        scores[p][r] = four_of(operation.cotangent, r, part * SPAN + p);
      }
    }
    for (var n = 0u; n < count; n++) {
      load(tile + n, part);
      let near = hold_against();
      let place = n * LANES + subgroup_lane;
      distances[place] = near[0] + select(distances[place], vec4f(0), part == 0);
      alongs[place] = near[1] + select(alongs[place], vec4f(0), part == 0);
    }
  }

  var sums = before;
  for (var n = 0u; n < count; n++) {
    sums.top = max(sums.top, component(tile + n, n, noise).logit);
  }
  let rescale = exp(before.top - sums.top);
  sums.total = rescale * before.total;
  sums.center = sums.total * before.center;
  sums.slope_center = sums.total * before.slope_center;
  for (var n = 0u; n < count; n++) {
    let each = component(tile + n, n, noise);
    let weight = exp(each.logit - sums.top);
    sums.total += weight;
    sums.center += weight * each.along;
    sums.slope_center += weight * each.slope;
  }
  sums.center /= sums.total;
  sums.slope_center /= sums.total;
  let moved = before.center - sums.center;
  let slope_moved = before.slope_center - sums.slope_center;
  sums.product = rescale
    * (before.product + moved * before.slope + slope_moved * before.along + moved * slope_moved * before.total);
  sums.along = rescale * (before.along + moved * before.total);
  sums.slope = rescale * (before.slope + slope_moved * before.total);
  sums.kept *= rescale;
  sums.sigma_kept *= rescale;
  var some = 0u;
  for (var n = 0u; n < count; n++) {
    let each = component(tile + n, n, noise);
    let weight = exp(each.logit - sums.top);
    let along = weight * (each.along - sums.center);
    sums.along += along;
    sums.slope += weight * (each.slope - sums.slope_center);
    sums.product += along * (each.slope - sums.slope_center);
    sums.kept += weight * each.kept;
    sums.sigma_kept += weight * each.kept * each.along;
    let place = n * LANES + subgroup_lane;
    distances[place] = weight * each.inverse;
    alongs[place] = along * each.inverse;
    left[some * LANES + subgroup_lane] = n;
    some += u32(subgroupAny(any(weight != vec4f(0))));
  }

  for (var part = 0u; part < turns_of(SPANS); part++) {
    for (var p = 0u; p < turns_of(SPAN); p++) {
      let quad = part * SPAN + p;
      for (var r = 0u; r < 4; r++) {
        states[p][r] = four_of(operation.state, r, quad);
        var score = vec4f(0);
        var product = vec4f(0);
        if (!begins && quad < u32(QUADS)) {
          let at = record_of(row(r), span.segment + segment) + HEADER + quad;
          score = rescale[r] * records[at];
          product = rescale[r] * records[at + QUADS] + moved[r] * score;
        }
        scores[p][r] = score;
        products[p][r] = product;
      }
    }
    for (var i = 0u; i < some; i++) {
      let n = left[i * LANES + subgroup_lane];
      load(tile + n, part);
      let place = n * LANES + subgroup_lane;
      add(distances[place], alongs[place]);
    }
    for (var p = 0u; p < turns_of(SPAN); p++) {
      let quad = part * SPAN + p;
      for (var r = 0u; r < 4; r++) {
        if (is_there(r) && quad < u32(QUADS)) {
          let at = record_of(row(r), span.segment + segment) + HEADER + quad;
          records[at] = scores[p][r];
          records[at + QUADS] = products[p][r];
        }
      }
    }
  }
  return sums;
}

/// Component k, the tile's n-th, once `distances` and `alongs` are there.
fn component(k: u32, n: u32, noise: vec4f) -> Component {
  let variance = variance_of(k);
  let inverse = 1 / (variance + noise);
  let distance = distances[n * LANES + subgroup_lane] * inverse;
  var result: Component;
  result.logit = log_weights[k] - 0.5 * distance;
  result.along = alongs[n * LANES + subgroup_lane] * inverse;
  result.slope = distance * inverse;
  // Determinants are relative to the noise alone: they stay small.
  @if(per_component) result.logit += 0.5 * f32(DIM) * log(noise * inverse);
  @if(per_component) result.slope -= f32(DIM) * inverse;
  result.kept = variance * inverse;
  result.inverse = inverse;
  return result;
}

/// |mean - x|^2 and c.(mean - x) over the span, of the four.
fn hold_against() -> mat2x4f {
  var squares = array<vec4f, 4>();
  var along = array<vec4f, 4>();
  for (var p = 0u; p < SPAN; p++) {
    let mean = mean_at(p);
    for (var r = 0u; r < 4; r++) {
      let delta = mean - states[p][r];
      squares[r] = fma(delta, delta, squares[r]);
      along[r] = fma(scores[p][r], delta, along[r]);
    }
  }
  return mat2x4f(across(squares), across(along));
}

/// Adds a component to the span's sums.
fn add(score: vec4f, product: vec4f) {
  for (var p = 0u; p < SPAN; p++) {
    let mean = mean_at(p);
    for (var r = 0u; r < 4; r++) {
      let delta = mean - states[p][r];
      scores[p][r] = fma(vec4f(score[r]), delta, scores[p][r]);
      products[p][r] = fma(vec4f(product[r]), delta, products[p][r]);
    }
  }
}
