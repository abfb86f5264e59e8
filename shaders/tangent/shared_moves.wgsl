// What moves for all trajectories: the columns' values before any trajectory's own moves, one column an invocation.
import package::tangent::moved_columns::{ base, operation };
import package::tangent::tangent::{ shifted, SLOPES, tangent };

@group(0) @binding(5) var<storage, read> weights: array<f32>;

@compute @workgroup_size(64)
fn shared_moves(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= operation.count) {
    return;
  }
  let row = id.x * operation.tangent_width;
  let slopes = row + SLOPES + operation.answers;
  var shift = 0.0;
  for (var i = 0u; i < operation.tangent_width - SLOPES - operation.answers; i++) {
    shift += tangent[slopes + i] * weights[operation.shared_weights + i];
  }
  base[id.x] = shifted(tangent[row], tangent[row + 1] != 0, shift);
}
