// The vector-Jacobian product of a large mixture's D, or of a data set's, of any dimension: formulas in
// mixture_small_vjp.wgsl. A workgroup takes BATCH trajectories through a segment of the components, in tiles of 64,
// and leaves sums that mixture_joined_vjp.wgsl joins over segments and shards in their order: few trajectories still
// fill a device, no batch x data matrix exists, and results are the same whatever the batch.
// One sweep, because a second one would have to find all distances again, half of the work. Within a tile the
// weights are known before the vectors are summed, so the covariance is summed about the running mean of c.g; when
// that mean moves, sums of products follow by what they hold of the other factor (Chan, Golub and LeVeque 1983).
// 10 DIM operations per component and trajectory (29 DIM with standard deviations per dimension): 5 DIM for
// distance and c.g, where an invocation holds 4 components against BATCH / 4 trajectories, 5 DIM for the sums, where
// it owns 4 dimensions of 4 trajectories. A component is read from memory twice per BATCH trajectories.
// Only where registers or one binding do not do: for 128 trajectories, 3,823 components and 64 dimensions it took
// 113 ms of processor time on lavapipe (101 to 135 in 11 runs on a busy machine), mixture_vjp.wgsl 44 (35 to 117).
import constants::{ BATCH, DIM, QUADS };
import package::field::components::{ log_weights, means, variance_of, variances };
import package::field::four::four_of;
import package::field::mixture_segment::{ HEADER, Sums, added, moved, record_of, records, span, store_sums };
import package::field::pull::{ operation, sigma_of };

const WORKERS = 64u;
const TILE = 64u;
const STAGE = 4u; // vec4 of the tile's means, states and cotangents that workgroup memory holds at a time
const PAIRS = TILE * BATCH;

var<workgroup> staged_means: array<vec4f, STAGE * TILE>; // [STAGE, TILE], as the next ones
@if(per_dimension) var<workgroup> staged_variances: array<vec4f, STAGE * TILE>;
var<workgroup> staged_states: array<vec4f, STAGE * BATCH>;
var<workgroup> staged_cotangents: array<vec4f, STAGE * BATCH>;
// Of the tile, [TILE, BATCH]. First |mean - x|^2 and c.(mean - x), or logit and c.g with standard deviations per
// dimension; then what g is summed with: its weight, and that times c.g from its mean. Both times 1/v where that is
// one number: it makes mean - x the score.
var<workgroup> distances: array<f32, PAIRS>;
var<workgroup> alongs: array<f32, PAIRS>;
@if(per_dimension) var<workgroup> slopes: array<f32, PAIRS>;
@if(per_dimension) var<workgroup> alongs_kept: array<f32, PAIRS>;
var<workgroup> reduced: array<vec4f, WORKERS>;
var<workgroup> noises: array<f32, BATCH>;
var<workgroup> rescales: array<vec2f, BATCH>; // factor of older sums, and by how much the center moved

/// One component against one trajectory.
struct Component {
  logit: f32,
  along: f32, // c.g
  slope: f32, // of the logit to sigma, over sigma; less what all components share
  kept: f32, // s^2/v
  sigma_kept: f32, // s^2/v c.g
  inverse: f32, // 1/v
}

@compute @workgroup_size(64)
fn mixture_tiled_vjp(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let group = id.x + id.y * groups.x;
  let segment = group % span.segments;
  let first = span.trajectory + group / span.segments * BATCH;
  // Trajectories past the end repeat the last one and are not written.
  let end = min(span.trajectory + span.trajectories, operation.trajectories);
  let tiles_end = min((segment + 1) * span.components, arrayLength(&log_weights));

  // Numbers of a tile are reduced by 64 / BATCH invocations a trajectory, each of which takes BATCH components.
  let lane = local % BATCH;
  let trajectory = min(first + lane, end - 1);
  let noise = sigma_of(trajectory) * sigma_of(trajectory);
  if (local < BATCH) {
    noises[local] = noise;
  }
  var sums = Sums(-3e38, 0, 0, 0, 0, 0, 0, 0, 0); // of the own components, about the trajectory's centers
  var total = 0.0; // of all

  for (var tile = segment * span.components; tile < tiles_end; tile += TILE) {
    hold_against(tile, tiles_end, first, end, local);
    let own = local / BATCH * BATCH;
    let count = min(own + BATCH, max(own, tiles_end - tile));

    var top = sums.top;
    for (var n = own; n < count; n++) {
      top = max(top, component(tile + n, n * BATCH + lane, noise).logit);
    }
    reduced[local] = vec4f(top);
    workgroupBarrier();
    for (var other = lane; other < WORKERS; other += BATCH) {
      top = max(top, reduced[other].x);
    }
    workgroupBarrier();

    var means_of = vec3f(0); // the weights' sum, and those of `along` and `slope`
    for (var n = own; n < count; n++) {
      let each = component(tile + n, n * BATCH + lane, noise);
      means_of += exp(each.logit - top) * vec3f(1, each.along, each.slope);
    }
    reduced[local] = vec4f(means_of, 0);
    workgroupBarrier();
    let rescale = exp(sums.top - top);
    means_of = rescale * total * vec3f(1, sums.center, sums.slope_center);
    for (var other = lane; other < WORKERS; other += BATCH) {
      means_of += reduced[other].xyz;
    }
    total = means_of.x;
    let center = means_of.y / total;
    let slope_center = means_of.z / total;
    if (local < BATCH) {
      rescales[local] = vec2f(rescale, sums.center - center);
    }

    sums = moved(sums, top, center, slope_center);
    for (var n = own; n < count; n++) {
      let pair = n * BATCH + lane;
      let each = component(tile + n, pair, noise);
      let weight = exp(each.logit - top);
      let along = weight * (each.along - center);
      sums.total += weight;
      sums.along += along;
      sums.slope += weight * (each.slope - slope_center);
      sums.product += along * (each.slope - slope_center);
      sums.kept += weight * each.kept;
      sums.sigma_kept += weight * each.sigma_kept;
      distances[pair] = weight * each.inverse;
      alongs[pair] = along * each.inverse;
    }
    workgroupBarrier();

    for (var item = local; item < QUADS * BATCH / 4; item += WORKERS) {
      sum_scores(tile, tiles_end, segment, first, end, item % QUADS, item / QUADS * 4);
    }
    workgroupBarrier();
  }

  // In the order of the components, whoever reduces.
  reduced[local] = vec4f(sums.along, sums.slope, sums.product, sums.kept);
  workgroupBarrier();
  var all = Sums(sums.top, total, sums.center, sums.slope_center, 0, 0, 0, 0, 0);
  for (var other = lane; other < WORKERS; other += BATCH) {
    let part = reduced[other];
    all = added(all, Sums(0, 0, 0, 0, part.x, part.y, part.z, part.w, 0));
  }
  workgroupBarrier();
  reduced[local] = vec4f(sums.sigma_kept);
  workgroupBarrier();
  for (var other = lane; other < WORKERS; other += BATCH) {
    all.sigma_kept += reduced[other].x;
  }
  if (local < BATCH && first + local < end) {
    store_sums(record_of(trajectory, span.segment + segment), all);
  }
}

/// Writes `distances`, `alongs` and their like of one tile.
fn hold_against(tile: u32, tiles_end: u32, first: u32, end: u32, local: u32) {
  let column = local / 4; // of components: this one, and those 16, 32 and 48 after it
  let row = local % 4 * (BATCH / 4); // of trajectories
  @if(!per_dimension) var near0 = mat2x4f();
  @if(!per_dimension) var near1 = mat2x4f();
  @if(!per_dimension) var near2 = mat2x4f();
  @if(!per_dimension) var near3 = mat2x4f();
  @if(per_dimension) var near0 = vec4f();
  @if(per_dimension) var near1 = vec4f();
  @if(per_dimension) var near2 = vec4f();
  @if(per_dimension) var near3 = vec4f();
  for (var stage = 0u; stage < QUADS; stage += STAGE) {
    workgroupBarrier();
    for (var at = local; at < STAGE * TILE; at += WORKERS) {
      let quad = stage + at % STAGE;
      let k = min(tile + at / STAGE, tiles_end - 1) * QUADS + min(quad, QUADS - 1);
      // Padding has state, cotangent, mean and variance 0: it adds nothing, or the same to all components.
      let place = at % STAGE * TILE + at / STAGE;
      staged_means[place] = select(vec4f(0), means[k], quad < QUADS);
      @if(per_dimension) staged_variances[place] = select(vec4f(0), variances[k], quad < QUADS);
    }
    for (var at = local; at < STAGE * BATCH; at += WORKERS) {
      let which = min(first + at % BATCH, end - 1);
      staged_states[at] = four_of(operation.state, which, stage + at / BATCH);
      staged_cotangents[at] = four_of(operation.cotangent, which, stage + at / BATCH);
    }
    workgroupBarrier();
    for (var quad = 0u; quad < min(STAGE, QUADS - stage); quad++) {
      let at = quad * TILE + column;
      let to = quad * BATCH + row;
      @if(!per_dimension) {
        let x = mat4x4f(staged_states[to], staged_states[to + 1], staged_states[to + 2], staged_states[to + 3]);
        let c = mat4x4f(staged_cotangents[to], staged_cotangents[to + 1], staged_cotangents[to + 2], staged_cotangents[to + 3]);
        near0 += near(staged_means[at], x, c);
        near1 += near(staged_means[at + 16], x, c);
        near2 += near(staged_means[at + 32], x, c);
        near3 += near(staged_means[at + 48], x, c);
      }
      @if(per_dimension) {
        let x = staged_states[to];
        let c = staged_cotangents[to];
        let noise = noises[row];
        near0 += near(staged_means[at], staged_variances[at], x, c, noise);
        near1 += near(staged_means[at + 16], staged_variances[at + 16], x, c, noise);
        near2 += near(staged_means[at + 32], staged_variances[at + 32], x, c, noise);
        near3 += near(staged_means[at + 48], staged_variances[at + 48], x, c, noise);
      }
    }
  }
  let pair = column * BATCH + row;
  keep(pair, near0);
  keep(pair + 16 * BATCH, near1);
  keep(pair + 32 * BATCH, near2);
  keep(pair + 48 * BATCH, near3);
  workgroupBarrier();
}

/// Four dimensions of a component against four trajectories: |mean - x|^2 and c.(mean - x) of each.
@if(!per_dimension)
fn near(mean: vec4f, x: mat4x4f, c: mat4x4f) -> mat2x4f {
  let delta0 = mean - x[0];
  let delta1 = mean - x[1];
  let delta2 = mean - x[2];
  let delta3 = mean - x[3];
  return mat2x4f(
    vec4f(dot(delta0, delta0), dot(delta1, delta1), dot(delta2, delta2), dot(delta3, delta3)),
    vec4f(dot(c[0], delta0), dot(c[1], delta1), dot(c[2], delta2), dot(c[3], delta3)),
  );
}

/// Four dimensions of a component against one trajectory: logit, c.g, slope and s^2/v c.g.
@if(per_dimension)
fn near(mean: vec4f, variance: vec4f, x: vec4f, c: vec4f, noise: f32) -> vec4f {
  let delta = mean - x;
  let inverse = 1 / (variance + noise);
  let score = delta * inverse;
  // Determinants are relative to the noise alone: they stay small.
  let logit = 0.5 * (dot(log(noise * inverse), vec4f(1)) - dot(delta, score));
  let slope = dot(score, score) - dot(inverse, vec4f(1));
  return vec4f(logit, dot(c, score), slope, dot(variance * inverse * c, score));
}

@if(!per_dimension)
fn keep(pair: u32, sums: mat2x4f) {
  distances[pair] = sums[0].x;
  distances[pair + 1] = sums[0].y;
  distances[pair + 2] = sums[0].z;
  distances[pair + 3] = sums[0].w;
  alongs[pair] = sums[1].x;
  alongs[pair + 1] = sums[1].y;
  alongs[pair + 2] = sums[1].z;
  alongs[pair + 3] = sums[1].w;
}

@if(per_dimension)
fn keep(pair: u32, sums: vec4f) {
  distances[pair] = sums.x;
  alongs[pair] = sums.y;
  slopes[pair] = sums.z;
  alongs_kept[pair] = sums.w;
}

/// Component k against the trajectory of `pair`, once `hold_against` is done.
fn component(k: u32, pair: u32, noise: f32) -> Component {
  var result: Component;
  @if(per_dimension) {
    result.logit = distances[pair];
    result.along = alongs[pair];
    result.slope = slopes[pair];
    result.sigma_kept = alongs_kept[pair];
    result.inverse = 1; // the sums have it
  }
  @if(!per_dimension) {
    let variance = variance_of(k);
    let inverse = 1 / (variance + noise);
    let distance = distances[pair] * inverse;
    result.logit = -0.5 * distance;
    result.along = alongs[pair] * inverse;
    result.slope = distance * inverse;
    @if(per_component) result.logit += 0.5 * f32(DIM) * log(noise * inverse);
    @if(per_component) result.slope -= f32(DIM) * inverse;
    result.kept = variance * inverse;
    result.sigma_kept = result.kept * result.along;
    result.inverse = inverse;
  }
  @if(weighted) result.logit += log_weights[k];
  return result;
}

/// Adds a tile to four dimensions of the vectors of four trajectories, from `four` on.
fn sum_scores(tile: u32, tiles_end: u32, segment: u32, first: u32, end: u32, quad: u32, four: u32) {
  let rows = min(vec4u(0, 1, 2, 3) + first + four, vec4u(end - 1));
  let x = mat4x4f(
    four_of(operation.state, rows.x, quad),
    four_of(operation.state, rows.y, quad),
    four_of(operation.state, rows.z, quad),
    four_of(operation.state, rows.w, quad),
  );
  // Of four trajectories, a column each.
  var scores = mat4x4f();
  var products = mat4x4f();
  @if(per_dimension) var kept = mat4x4f();
  @if(per_dimension) let noise = vec4f(noises[four], noises[four + 1], noises[four + 2], noises[four + 3]);
  for (var n = 0u; n < min(TILE, tiles_end - tile); n++) {
    let pair = n * BATCH + four;
    let weight = vec4f(distances[pair], distances[pair + 1], distances[pair + 2], distances[pair + 3]);
    if (all(weight == vec4f(0))) {
      continue; // at small sigma most components are far away
    }
    let product = vec4f(alongs[pair], alongs[pair + 1], alongs[pair + 2], alongs[pair + 3]);
    let at = (tile + n) * QUADS + quad;
    let mean = means[at];
    var score = mat4x4f(mean - x[0], mean - x[1], mean - x[2], mean - x[3]);
    @if(per_dimension) {
      let variance = variances[at];
      let inverse = mat4x4f(1 / (variance + noise.x), 1 / (variance + noise.y), 1 / (variance + noise.z), 1 / (variance + noise.w));
      score = mat4x4f(score[0] * inverse[0], score[1] * inverse[1], score[2] * inverse[2], score[3] * inverse[3]);
      kept += each_times(weight, mat4x4f(variance * inverse[0], variance * inverse[1], variance * inverse[2], variance * inverse[3]));
    }
    scores += each_times(weight, score);
    products += each_times(product, score);
  }
  // Not a loop: software adapters index matrices slowly, and then all that is done with them.
  let fresh = tile == segment * span.components;
  @if(!per_dimension) {
    add_scores(first + four, end, segment, quad, fresh, rescales[four], scores[0], products[0]);
    add_scores(first + four + 1, end, segment, quad, fresh, rescales[four + 1], scores[1], products[1]);
    add_scores(first + four + 2, end, segment, quad, fresh, rescales[four + 2], scores[2], products[2]);
    add_scores(first + four + 3, end, segment, quad, fresh, rescales[four + 3], scores[3], products[3]);
  }
  @if(per_dimension) {
    add_scores(first + four, end, segment, quad, fresh, rescales[four], scores[0], products[0], kept[0]);
    add_scores(first + four + 1, end, segment, quad, fresh, rescales[four + 1], scores[1], products[1], kept[1]);
    add_scores(first + four + 2, end, segment, quad, fresh, rescales[four + 2], scores[2], products[2], kept[2]);
    add_scores(first + four + 3, end, segment, quad, fresh, rescales[four + 3], scores[3], products[3], kept[3]);
  }
}

/// Adds a tile to four dimensions of a trajectory's vectors.
fn add_scores(
  trajectory: u32,
  end: u32,
  segment: u32,
  quad: u32,
  fresh: bool,
  rescale: vec2f,
  score: vec4f,
  product: vec4f,
  @if(per_dimension) kept: vec4f,
) {
  if (trajectory < end) {
    let at = record_of(trajectory, span.segment + segment) + HEADER + quad;
    // What was there before the first tile may be anything.
    let before = select(rescale.x * records[at], vec4f(0), fresh);
    let before_product = select(rescale.x * records[at + QUADS] + rescale.y * before, vec4f(0), fresh);
    @if(per_dimension) let before_kept = select(rescale.x * records[at + 2 * QUADS], vec4f(0), fresh);
    records[at] = before + score;
    records[at + QUADS] = before_product + product;
    @if(per_dimension) records[at + 2 * QUADS] = before_kept + kept;
  }
}

fn each_times(factor: vec4f, columns: mat4x4f) -> mat4x4f {
  return mat4x4f(factor.x * columns[0], factor.y * columns[1], factor.z * columns[2], factor.w * columns[3]);
}
