// The way back through coefficients.wgsl for one step: from the gradient of its columns to that of the answers, and to the
// t_m of the two steps before, whose times its coefficients depend on. Steps go backwards, so that a step's t_m has
// all that is to come when it is its turn.
import package::batch::dispatch::linear_index;
import package::predictor::coefficients::{ answer_of, middle_of, operation, weights_of };

@group(0) @binding(4) var<storage, read_write> column_gradient: array<f32>; // [columns, trajectories]
@group(0) @binding(7) var<storage, read_write> middle_gradient: array<f32>; // [steps, trajectories], to log t_m
@group(0) @binding(8) var<storage, read_write> answer_gradient: array<f32>; // [3 steps, trajectories]

@compute @workgroup_size(64)
fn coefficients_vjp(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let middle = middle_of(answer_of(0, trajectory));
  let direction = answer_of(1, trajectory);
  let time = answer_of(2, trajectory);
  let told = gradient_of(operation.told, trajectory);
  var to_direction = 0.0;
  // To log t_m of this step and of the two before.
  var to_middles = vec3f(middle * (gradient_of(operation.middle, trajectory) + time * told), 0, 0);
  for (var u = 0u; u < operation.updates; u++) {
    var weights = weights_of(u, middle, trajectory);
    let second = operation.update[u].second != 0;
    for (var j = 0u; j < 6; j++) {
      let given = gradient_of(operation.update[u].columns[j].index, trajectory);
      let scaled = second && j > 0;
      to_direction += select(0, given * weights[j].x, scaled);
      to_middles += given * select(1, direction, scaled) * weights[j].yzw;
    }
  }
  let row = operation.step * operation.trajectories + trajectory;
  let to_middle = to_middles.x + middle_gradient[row];
  for (var ago = 1u; ago <= min(2, operation.step); ago++) {
    middle_gradient[row - ago * operation.trajectories] += to_middles[ago];
  }
  store_gradient(0, trajectory, to_middle * log(operation.times.next / operation.times.current));
  store_gradient(1, trajectory, to_direction);
  store_gradient(2, trajectory, told * middle);
}

/// The gradient to a column; without one it is 0.
fn gradient_of(column: i32, trajectory: u32) -> f32 {
  if (column < 0) {
    return 0;
  }
  return column_gradient[u32(column) * operation.trajectories + trajectory];
}

fn store_gradient(row: u32, trajectory: u32, value: f32) {
  answer_gradient[(operation.answer + row) * operation.trajectories + trajectory] = value;
}
