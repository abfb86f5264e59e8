// The gradient of cotangent . D of a user's own denoiser, one trajectory an invocation: by the user's own
//   fn denoise_vjp(x: array<f32, D>, sigma: f32, cotangent: array<f32, D>) -> array<f32, D + 1>
// (the gradient to x, then that to sigma), or by central differences of `denoise`, 2 DIM + 4 evaluations.
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::evaluate::slots;
import package::field::pull::{ operation, sigma_of, store_sigma_gradient };
@if(own_gradient) import package::user::denoise_vjp;
@if(!own_gradient) import package::user::denoise;

/// Half the distance of two points, in units of sigma, as D varies over lengths from about sigma on: differences leave
/// out STEP^2 / 6 = 2e-4 then, and lose 2^-24 |D| / (STEP sigma) to rounding.
@if(!own_gradient) const STEP = 0.03125;

@compute @workgroup_size(64)
fn custom_vjp(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let sigma = sigma_of(trajectory);
  var x: array<f32, DIM>;
  var cotangent: array<f32, DIM>;
  for (var d = 0u; d < DIM; d++) {
    x[d] = slots[operation.state + trajectory * DIM + d];
    cotangent[d] = slots[operation.cotangent + trajectory * DIM + d];
  }
  let output = operation.output + trajectory * DIM;
  @if(own_gradient) {
    let gradient = denoise_vjp(x, sigma, cotangent);
    for (var d = 0u; d < DIM; d++) {
      slots[output + d] = gradient[d];
    }
    store_sigma_gradient(trajectory, gradient[DIM]);
  }
  @if(!own_gradient) {
    let step = STEP * sigma;
    for (var d = 0u; d < DIM; d++) {
      let middle = x[d];
      // What is added exactly: at small sigma the step is few units of x.
      let above = middle + step;
      let below = middle - step;
      x[d] = above;
      let denoised_above = denoise(x, sigma);
      x[d] = below;
      let denoised_below = denoise(x, sigma);
      x[d] = middle;
      slots[output + d] = difference(cotangent, denoised_above, denoised_below) / (above - below);
    }
    // Of fourth order: at large sigma D goes as sigma^-2, whose third derivative is not small.
    let near = difference(cotangent, denoise(x, sigma + step), denoise(x, sigma - step));
    let far = difference(cotangent, denoise(x, sigma + 2 * step), denoise(x, sigma - 2 * step));
    store_sigma_gradient(trajectory, (8 * near - far) / (12 * step));
  }
}

@if(!own_gradient)
fn difference(cotangent: array<f32, DIM>, above: array<f32, DIM>, below: array<f32, DIM>) -> f32 {
  var sum = 0.0;
  for (var d = 0u; d < DIM; d++) {
    sum += cotangent[d] * (above[d] - below[d]);
  }
  return sum;
}
