/// What all steps of a run share: where things are in the slots, in numbers, and what the generator minimises.
struct Run {
  latents: u32, // generator_sigma z
  generated: u32, // y = g(z)
  noisy: u32, // y_t = y + sigma n
  real: u32, // D of the teacher at y_t
  fake: u32, // D of the fake score at y_t
  to_real: u32, // cotangents of both
  to_fake: u32,
  pulled_real: u32, // what these come to at y_t
  pulled_fake: u32,
  to_generated: u32, // cotangent of y
  generator_sigma: f32,
  l1: f32, // weights of the losses in the sum that is minimised: loss.wgsl
  l2: f32,
  l3: f32,
}

@group(0) @binding(2) var<uniform> run: Run;
