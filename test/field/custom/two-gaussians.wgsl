// Two Gaussians in two dimensions: weights 1 and 3, stds 0.2 and 0.4.
const FIRST = array<f32, 2>(-1, 0.5);
const SECOND = array<f32, 2>(0.75, -0.25);

struct Part {
  logit: f32,
  mean: array<f32, 2>,
}

fn part(x: array<f32, 2>, sigma: f32, center: array<f32, 2>, width: f32, weight: f32) -> Part {
  let spread = width * width + sigma * sigma;
  var distance = 0.0;
  var mean: array<f32, 2>;
  for (var d = 0; d < 2; d++) {
    distance += (x[d] - center[d]) * (x[d] - center[d]);
    mean[d] = (width * width * x[d] + sigma * sigma * center[d]) / spread;
  }
  return Part(log(weight) - 0.5 * distance / spread - log(spread / (sigma * sigma)), mean);
}

fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> {
  let a = part(x, sigma, FIRST, 0.2, 1);
  let b = part(x, sigma, SECOND, 0.4, 3);
  let top = max(a.logit, b.logit);
  let wa = exp(a.logit - top);
  let wb = exp(b.logit - top);
  return array<f32, 2>(
    (wa * a.mean[0] + wb * b.mean[0]) / (wa + wb),
    (wa * a.mean[1] + wb * b.mean[1]) / (wa + wb),
  );
}
