// The way back through what one evaluation's network answered, one trajectory an invocation: from the gradient of the
// columns to that of its moves, and to the deltas of its layers. Features are taken as they are.
import package::batch::dispatch::linear_index;
import package::mlp::activation::silu_slope;
import package::predictor::weights::predictor_weights;
import package::tangent::evaluation::{ DELTA_QUADS, HIDDEN_QUADS, operation };
import package::tangent::tangent::{ shift_slope, SLOPES, tangent };

@group(0) @binding(1) var<storage, read> columns: array<f32>; // [columns, trajectories]
@group(0) @binding(4) var<storage, read_write> column_gradient: array<f32>; // as the columns
@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 evaluations, trajectories]
@group(0) @binding(7) var<storage, read_write> hidden: array<vec4f>; // [evaluations, trajectories, HIDDEN_QUADS]
@group(0) @binding(8) var<storage, read_write> deltas: array<vec4f>; // [evaluations, trajectories, DELTA_QUADS]

@compute @workgroup_size(64)
fn network_vjp(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  let trajectories = operation.trajectories;
  if (trajectory >= trajectories) {
    return;
  }
  var given = vec3f(0);
  for (var column = operation.first_column; column < operation.columns; column++) {
    let i = column * trajectories + trajectory;
    let row = column * operation.tangent_width;
    let slopes = row + SLOPES + operation.answer;
    let to_shift = column_gradient[i] * shift_slope(row, columns[i]);
    given += to_shift * vec3f(tangent[slopes], tangent[slopes + 1], tangent[slopes + 2]);
  }
  for (var j = 0u; j < 3; j++) {
    let width = operation.asked[j].width;
    let share = answers[(operation.answer + j) * trajectories + trajectory] / select(1, width, width > 0);
    given[j] *= width * select(1, 1 - share * share, operation.asked[j].bounded != 0);
  }
  let outputs = operation.weights + HIDDEN_QUADS * (4 * operation.feature_quads + 1);
  let own = operation.deltas + trajectory * DELTA_QUADS;
  for (var quad = 0u; quad < operation.hidden_quads; quad++) {
    let to_hidden = given[0] * predictor_weights[outputs + quad]
      + given[1] * predictor_weights[outputs + HIDDEN_QUADS + quad]
      + given[2] * predictor_weights[outputs + 2 * HIDDEN_QUADS + quad];
    let z = hidden[operation.hidden + trajectory * HIDDEN_QUADS + quad];
    deltas[own + quad] = silu_slope(z) * to_hidden;
  }
  deltas[own + HIDDEN_QUADS] = vec4f(given, 0);
}
