// An evaluation by a model of the user's, one number of the batch an invocation: of one on the device what it predicted,
// elsewhere D itself, as the host made it.
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::evaluate::{ divisor_of, operation, predicted, slots };

@group(0) @binding(4) var<storage, read> computed: array<f32>; // [trajectories, DIM]
@if(on_device) @group(0) @binding(5) var<storage, read> translations: array<vec4f>; // t, alpha-bar, skip, out

@compute @workgroup_size(64)
fn outside(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let number = linear_index(id, groups, 64);
  if (number >= operation.trajectories * DIM) {
    return;
  }
  let row = number / DIM;
  let x = slots[operation.state + number];
  @if(!on_device) let denoised = computed[number];
  @if(on_device) let denoised = translations[row].z * x + translations[row].w * computed[number];
  slots[operation.output + number] = predicted(x, denoised, divisor_of(row));
}
