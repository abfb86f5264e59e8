import constants::{ QUADS, VECTORS };

/// What one dispatch of mixture_tiled_vjp.wgsl or mixture_lanes_vjp.wgsl takes, and what mixture_joined_vjp.wgsl then joins.
struct Span {
  trajectory: u32, // the first one
  trajectories: u32, // at most
  segment: u32, // the first one of the shard
  segments: u32, // of the shard
  all_segments: u32, // of all shards
  components: u32, // in a segment
}

/// What is left of a segment, for one trajectory. With the weights w = exp(logit - top) and sums over its components:
struct Sums {
  top: f32, // the largest logit
  total: f32, // w
  center: f32, // what `along` is counted from: its mean, up to rounding
  slope_center: f32, // the same of `slope`
  along: f32, // w (c.g - center)
  slope: f32, // w (slope - slope_center)
  product: f32, // the product of the two, weighted
  kept: f32, // w s^2/v, where that is one number a component
  sigma_kept: f32, // w s^2/v c.g
}

// The sums, then vectors of QUADS vec4: w g, w (c.g - center) g, and w s^2/v where it differs by dimension.
@group(0) @binding(7) var<storage, read_write> records: array<vec4f>; // [trajectories, segments, RECORD]
@group(0) @binding(9) var<uniform> span: Span;

const HEADER = 3u;
const RECORD = HEADER + VECTORS * QUADS;

/// Where the record of a segment, counted over all shards, begins.
fn record_of(trajectory: u32, segment: u32) -> u32 {
  return ((trajectory - span.trajectory) * span.all_segments + segment) * RECORD;
}

fn store_sums(record: u32, sums: Sums) {
  records[record] = vec4f(sums.top, sums.total, sums.center, sums.slope_center);
  records[record + 1] = vec4f(sums.along, sums.slope, sums.product, sums.kept);
  records[record + 2] = vec4f(sums.sigma_kept, 0, 0, 0);
}

fn load_sums(record: u32) -> Sums {
  let a = records[record];
  let b = records[record + 1];
  return Sums(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w, records[record + 2].x);
}

/// The same sums with other weights and centers: relative to a larger logit, about (center, slope_center).
fn moved(sums: Sums, top: f32, center: f32, slope_center: f32) -> Sums {
  let scale = exp(sums.top - top);
  let by = vec2f(sums.center - center, sums.slope_center - slope_center);
  var result = sums;
  result.top = top;
  result.center = center;
  result.slope_center = slope_center;
  result.total = scale * sums.total;
  result.along = scale * (sums.along + by.x * sums.total);
  result.slope = scale * (sums.slope + by.y * sums.total);
  result.product = scale * (sums.product + by.x * sums.slope + by.y * sums.along + by.x * by.y * sums.total);
  result.kept = scale * sums.kept;
  result.sigma_kept = scale * sums.sigma_kept;
  return result;
}

/// The sums of both; top and centers have to be the same.
fn added(a: Sums, b: Sums) -> Sums {
  var sum = a;
  sum.total += b.total;
  sum.along += b.along;
  sum.slope += b.slope;
  sum.product += b.product;
  sum.kept += b.kept;
  sum.sigma_kept += b.sigma_kept;
  return sum;
}
