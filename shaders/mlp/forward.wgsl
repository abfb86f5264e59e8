// The denoiser D(x, sigma) of a small network, a tile of trajectories a workgroup, through all layers: layers.wgsl.
// What limits it is in tile.wgsl. On an H100, by the best of the tiles then, 2-64-64-64-2 took 0.232 ms (batch 262,144; 31 % of
// the multiply-add ceiling) and 64-256-256-256-64 4.76 ms (batch 65,536; 7 %); both were measured before `multiply` was called
// at one place. On lavapipe lanes/forward.wgsl takes its place: 22.2 ms for 58.8 (64-256-256-256-64, batch 4,096).
import constants::DIM;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
@if(!matrix) import package::mlp::layers::run_layers;
@if(matrix) import package::mlp::matrix::run_layers;
import package::mlp::precondition::precondition;
import package::mlp::task::{ denoised, scales, Task };
import package::mlp::tile::{ clamped, INVOCATIONS, TILE };
@if(half) enable f16;
@if(matrix) enable chromium_experimental_subgroup_matrix;
// A subgroup finds its place by division, which is not seen to be the same for its invocations.
@if(matrix) diagnostic(off, chromium.subgroup_matrix_uniformity);

@compute @workgroup_size(INVOCATIONS)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.x + group.y * groups.x) * TILE;
  for (var r = local; r < TILE; r += INVOCATIONS) {
    scales[r] = precondition(sigma_of(clamped(first + r, operation.trajectories)));
  }
  let same = operation.sigma.column < 0;
  run_layers(Task(first, operation.trajectories, operation.state, operation.output, same), local);
  for (var i = local; i < TILE * DIM && first + i / DIM < operation.trajectories; i += INVOCATIONS) {
    let output = operation.output + first * DIM + i;
    let x = slots[operation.state + first * DIM + i];
    slots[output] = predicted(x, denoised(i, x, slots[output]), divisor_of(first + i / DIM));
  }
}
