// A model of the user's own for external-device.test.ts: what it predicts of data that are one Gaussian, in a process.
override DIM: u32;
override STD: f32;
override PROCESS: u32; // 0 ve, 1 vp-linear, 2 flow
override PREDICTION: u32; // 0 eps, 1 x0, 2 v, 3 score, 4 velocity

@group(0) @binding(0) var<storage, read> states: array<f32>;
@group(0) @binding(1) var<storage, read> times: array<f32>;
@group(0) @binding(2) var<storage, read> means: array<f32>;
@group(0) @binding(3) var<storage, read_write> predictions: array<f32>;

/// alpha-bar and beta-bar at a time, then their slopes, which are not asked for with vp-linear.
fn process(t: f32) -> vec4f {
  if (PROCESS == 0) {
    return vec4f(1, t, 0, 1);
  }
  if (PROCESS == 2) {
    return vec4f(1 - t, t, -1, 1);
  }
  let a = exp(-19.9 * t * t / 4 - 0.1 * t / 2);
  return vec4f(a, sqrt(1 - a * a), 0, 0);
}

@compute @workgroup_size(64)
fn model(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&predictions)) {
    return;
  }
  let p = process(times[id.x / DIM]);
  let sigma = p.y / p.x;
  let x = states[id.x] / p.x;
  let denoised = (STD * STD * x + sigma * sigma * means[id.x % DIM]) / (STD * STD + sigma * sigma);
  let eps = (states[id.x] - p.x * denoised) / p.y;
  var said = array(eps, denoised, p.x * eps - p.y * denoised, -eps / p.y, p.z * denoised + p.w * eps);
  predictions[id.x] = said[PREDICTION];
}
