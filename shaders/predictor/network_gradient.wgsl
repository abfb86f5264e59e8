// Adds one step's part to the gradient of g_phi's weights: an invocation takes four weights and goes through the
// batch, always in the same order. 2 operations per weight and trajectory.
import package::mlp::activation::silu_slope;
import package::predictor::deltas::{ BOTTLENECK_DELTAS, BOTTLENECK_ROWS, deltas, HIDDEN_DELTAS, LOGIT_DELTAS };
import package::predictor::step::{ embedded, FEATURE_QUADS, HEAD_QUADS, HEADS, HIDDEN, HIDDEN_BIAS, operation, OUTPUT_BIAS, OUTPUT_WEIGHT, TIME_BIAS, time_layer, TIME_WEIGHT, waves };
import package::predictor::weights::predictor_weights;

@group(0) @binding(7) var<storage, read_write> kept: array<vec4f>; // [steps, trajectories, 16]
@group(0) @binding(8) var<storage, read_write> gradient: array<vec4f>; // as the weights

@compute @workgroup_size(64)
fn network_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&gradient)) {
    gradient[id.x] += part(id.x);
  }
}

fn part(i: u32) -> vec4f {
  var sum = vec4f(0);
  if (i < HIDDEN_BIAS) {
    for (var b = 0u; b < operation.trajectories; b++) {
      sum += delta(HIDDEN_DELTAS + i / FEATURE_QUADS, b) * kept[operation.features + b * FEATURE_QUADS + i % FEATURE_QUADS];
    }
    return sum;
  }
  if (i < OUTPUT_WEIGHT) {
    return summed(HIDDEN_DELTAS + 4 * (i - HIDDEN_BIAS));
  }
  if (i < OUTPUT_BIAS) {
    for (var b = 0u; b < operation.trajectories; b++) {
      sum += delta(i - OUTPUT_WEIGHT, b) * quad(BOTTLENECK_DELTAS, b);
    }
    return sum;
  }
  if (i == OUTPUT_BIAS) {
    return summed(BOTTLENECK_DELTAS);
  }
  if (i < HEADS) {
    return time_part(i);
  }
  let head = (i - HEADS) / HEAD_QUADS;
  let input = (i - HEADS) % HEAD_QUADS;
  if (input == 0) {
    for (var b = 0u; b < operation.trajectories; b++) {
      sum += delta(LOGIT_DELTAS + head, b) * quad(BOTTLENECK_ROWS, b);
    }
    return sum;
  }
  let logit = summed_row(LOGIT_DELTAS + head);
  if (input == HEAD_QUADS - 1) {
    return vec4f(logit, 0, 0, 0);
  }
  let times = embedded(operation.current, operation.next, operation.channels);
  return logit * times[input - 1];
}

/// The times are the same for all trajectories, so that the sums of the heads' deltas are all there is to know.
fn time_part(i: u32) -> vec4f {
  var sum = vec4f(0);
  for (var n = 0u; n < 2; n++) {
    let time = select(operation.next, operation.current, n == 0);
    let wave = waves(time);
    let layer = time_layer(time, operation.channels);
    if (i >= TIME_BIAS) {
      sum += to_layer(n, i - TIME_BIAS) * silu_slope(layer[i - TIME_BIAS]);
    } else {
      let output = (i - TIME_WEIGHT) / 2;
      let slope = to_layer(n, output / 4) * silu_slope(layer[output / 4]);
      sum += slope[output % 4] * wave[(i - TIME_WEIGHT) % 2];
    }
  }
  return sum;
}

/// What four numbers of a time's embedding get from all heads.
fn to_layer(time: u32, part: u32) -> vec4f {
  var sum = vec4f(0);
  for (var head = 0u; HEADS + HEAD_QUADS * head < arrayLength(&gradient); head++) {
    sum += summed_row(LOGIT_DELTAS + head) * predictor_weights[HEADS + HEAD_QUADS * head + 1 + 2 * time + part];
  }
  return sum;
}

fn delta(row: u32, trajectory: u32) -> f32 {
  return deltas[row * operation.trajectories + trajectory];
}

fn quad(row: u32, trajectory: u32) -> vec4f {
  return vec4f(delta(row, trajectory), delta(row + 1, trajectory), delta(row + 2, trajectory), delta(row + 3, trajectory));
}

fn summed(row: u32) -> vec4f {
  return vec4f(summed_row(row), summed_row(row + 1), summed_row(row + 2), summed_row(row + 3));
}

fn summed_row(row: u32) -> f32 {
  var sum = 0.0;
  for (var b = 0u; b < operation.trajectories; b++) {
    sum += delta(row, b);
  }
  return sum;
}
