// The posterior mean of a Gaussian mixture above 128 dimensions where a lane takes four trajectories by itself: lanes.wgsl.
// Formulas in posterior.wgsl; sums wait in the output slot and in `carry`, as in mixture_tiled.wgsl. A tile of components is
// gone through twice, for distances and for sums.
// 5 operations a number, component and trajectory. 500 components of 784 numbers, 128 trajectories, ten evaluations: 84.5 ms of
// processor time, 29 GFLOP/s a core of 82, where mixture_tiled.wgsl took 623. docs/performance.md, "Above 128 dimensions".
import constants::{ DIM, SPAN };
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::components::{ log_weights, variance_of, variances };
import package::field::evaluate::{ divisor_of, operation, sigma_of, slots };
import package::field::lanes::{ across, BATCH, end, first, four_of, is_there, load, mean_at, row, Span, SPANS, turns_of };
import package::field::shard::shard;
enable subgroups;
diagnostic(off, subgroup_uniformity); // lanes agree on the components that are left, which analysis cannot know

@group(0) @binding(7) var<storage, read_write> carry: array<vec4f>; // [trajectories]: maximum, total, kept

const TILE = 96u; // components; 15 of 16 KiB of workgroup memory

var<private> quads: Span; // of states, or of their sums
/// Of a tile's components and each lane's trajectories: distances, logits, then weights.
var<workgroup> held: array<vec4f, TILE * LANES>;
/// Which of them have weights that are not all zero: at small sigma few.
var<workgroup> left: array<u32, TILE * LANES>;

/// What is known of the components so far, besides their sums.
struct Running {
  top: vec4f, // the largest logit
  total: vec4f, // of the weights relative to it
  kept: vec4f, // with widths of their own: the part of x itself in the mean, the sum of w s^2 / (s^2 + sigma^2)
}

@compute @workgroup_size(LANES)
fn mixture_lanes(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  subgroup_lane = lane;
  first = (group.x + group.y * groups.x) * BATCH + lane;
  end = operation.trajectories;
  let sigma = vec4f(sigma_of(row(0)), sigma_of(row(1)), sigma_of(row(2)), sigma_of(row(3)));
  var running = Running(vec4f(-3e38), vec4f(0), vec4f(0));
  if (shard.first == 0) {
    let before = mat4x4f(carry[row(0)], carry[row(1)], carry[row(2)], carry[row(3)]);
    let each = transpose(before);
    running = Running(each[0], each[1], each[2]);
  }
  let components = arrayLength(&log_weights);
  for (var tile = 0u; tile < components; tile += TILE) {
    running = add_tile(tile, min(TILE, components - tile), sigma * sigma, running);
  }
  for (var r = 0u; r < 4; r++) {
    if (shard.last == 0 && is_there(r)) {
      carry[row(r)] = vec4f(running.top[r], running.total[r], running.kept[r], 0);
    }
  }
}

fn add_tile(tile: u32, count: u32, noise: vec4f, before: Running) -> Running {
  for (var span = 0u; span < turns_of(SPANS); span++) {
    for (var p = 0u; p < turns_of(SPAN); p++) {
      for (var r = 0u; r < 4; r++) {
        quads[p][r] = four_of(operation.state, r, span * SPAN + p);
      }
    }
    for (var n = 0u; n < count; n++) {
      load(tile + n, span);
      let place = n * LANES + subgroup_lane;
      held[place] = distances() + select(held[place], vec4f(0), span == 0);
    }
  }

  var running = before;
  for (var n = 0u; n < count; n++) {
    let k = tile + n;
    let place = n * LANES + subgroup_lane;
    let inverse = 1 / (variance_of(k) + noise);
    var logit = log_weights[k] - 0.5 * held[place] * inverse;
    // Determinants are relative to the noise alone: they stay small.
    @if(per_component) logit += 0.5 * f32(DIM) * log(noise * inverse);
    held[place] = logit;
    running.top = max(running.top, logit);
  }
  let rescale = exp(before.top - running.top);
  running.total *= rescale;
  running.kept *= rescale;
  var some = 0u;
  for (var n = 0u; n < count; n++) {
    let place = n * LANES + subgroup_lane;
    var weight = exp(held[place] - running.top);
    running.total += weight;
    @if(per_component) {
      let variance = variance_of(tile + n);
      weight /= variance + noise;
      running.kept += variance * weight;
    }
    held[place] = weight;
    left[some * LANES + subgroup_lane] = n;
    some += u32(subgroupAny(any(weight != vec4f(0))));
  }

  let begins = shard.first != 0 && tile == 0;
  let ends = shard.last != 0 && tile + count == arrayLength(&log_weights);
  let share = 1 / running.total;
  for (var span = 0u; span < turns_of(SPANS); span++) {
    for (var p = 0u; p < turns_of(SPAN); p++) {
      for (var r = 0u; r < 4; r++) {
        var sum = vec4f(0);
        if (!begins) {
          sum = rescale[r] * four_of(operation.output, r, span * SPAN + p);
        }
        quads[p][r] = sum;
      }
    }
    for (var i = 0u; i < some; i++) {
      let n = left[i * LANES + subgroup_lane];
      load(tile + n, span);
      add(held[n * LANES + subgroup_lane]);
    }
    for (var p = 0u; p < turns_of(SPAN); p++) {
      for (var r = 0u; r < 4; r++) {
        var value = quads[p][r];
        if (ends) {
          value = answer(r, span * SPAN + p, noise[r], share[r] * value, running.kept[r] * share[r]);
        }
        store_four(operation.output, r, span * SPAN + p, value);
      }
    }
  }
  return running;
}

/// What the operation asks for, given the mean of the components' means (over their widths, where they have their own).
fn answer(r: u32, quad: u32, noise: f32, mean: vec4f, kept: f32) -> vec4f {
  let x = four_of(operation.state, r, quad);
  @if(shared_variance) let denoised = (variances[0] * x + noise * mean) / (variances[0] + noise);
  @if(per_component) let denoised = kept * x + noise * mean;
  return select(denoised, (x - denoised) / divisor_of(row(r)), operation.velocity != 0);
}

/// |x - mean|^2 over the span, of the four.
fn distances() -> vec4f {
  var squares = array<vec4f, 4>();
  for (var p = 0u; p < SPAN; p++) {
    let mean = mean_at(p);
    for (var r = 0u; r < 4; r++) {
      let delta = quads[p][r] - mean;
      squares[r] = fma(delta, delta, squares[r]);
    }
  }
  return across(squares);
}

/// Adds a component to the span's sums.
fn add(weight: vec4f) {
  for (var p = 0u; p < SPAN; p++) {
    let mean = mean_at(p);
    for (var r = 0u; r < 4; r++) {
      quads[p][r] = fma(vec4f(weight[r]), mean, quads[p][r]);
    }
  }
}

/// Writes those of four numbers that a trajectory has.
fn store_four(slot: u32, r: u32, quad: u32, value: vec4f) {
  let start = slot + row(r) * DIM + 4 * quad;
  for (var n = 0u; n < 4; n++) {
    if (is_there(r) && 4 * quad + n < DIM) {
      slots[start + n] = value[n];
    }
  }
}
