// One Gaussian in three dimensions, with its gradient.
const CENTER = vec3f(0.5, -1, 0.25);
const VARIANCE = 0.09;

fn denoise(x: array<f32, 3>, sigma: f32) -> array<f32, 3> {
  let spread = VARIANCE + sigma * sigma;
  let mean = (VARIANCE * vec3f(x[0], x[1], x[2]) + sigma * sigma * CENTER) / spread;
  return array<f32, 3>(mean.x, mean.y, mean.z);
}

fn denoise_vjp(x: array<f32, 3>, sigma: f32, cotangent: array<f32, 3>) -> array<f32, 4> {
  let kept = VARIANCE / (VARIANCE + sigma * sigma);
  let given = vec3f(cotangent[0], cotangent[1], cotangent[2]);
  let pull = 2 * sigma * kept / (VARIANCE + sigma * sigma);
  return array<f32, 4>(
    kept * given.x,
    kept * given.y,
    kept * given.z,
    pull * dot(given, CENTER - vec3f(x[0], x[1], x[2])),
  );
}
