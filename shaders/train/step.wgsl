/// One step of training, or one batch of validation.
struct Step {
  step: u32, // from 0
  entry: u32, // where its figures go in the history
  stream: u32, // of random numbers; the noise takes the next one
  seed_low: u32,
  seed_high: u32,
  trajectories: u32,
  dim: u32,
  clean: u32, // slots, in numbers
  noisy: u32,
  denoised: u32,
  cotangent: u32,
  level_a: f32, // of the noise levels: train/level.wgsl
  level_b: f32,
  level_c: f32,
  label_drop: f32, // share of trajectories that are trained without their label
  clip: f32, // largest norm of a gradient that is used as it is
  rate: f32,
  tail: u32, // the parameters from this vec4 on learn at another rate
  tail_rate: f32,
  skips: u32, // whether a step that is not finite is left out; else it is the last
  weight_decay: f32, // times the rate
  beta1: f32,
  beta2: f32,
  correction1: f32, // 1 / (1 - beta1^(step + 1))
  correction2: f32,
  epsilon: f32,
  ema_share: f32, // of the new parameters in their average
}

@group(0) @binding(3) var<uniform> operation: Step;
