import package::predictor::dual::{ constant, Dual, exponential_minus_1, logarithm, phi, product, quotient };

/// DPM-Solver++ (arXiv 2211.01095), multistep, data prediction, as published: the weights of x and of the last
/// denoised, newest first.
fn update_weights(start: Dual, end: Dual, past: array<Dual, 3>, order: u32) -> array<Dual, 6> {
  let h = logarithm(quotient(start, end));
  let p1 = exponential_minus_1(-h);
  var weights: array<Dual, 6>;
  weights[0] = quotient(end, start);
  weights[1] = -p1;
  if (order == 1) {
    return weights;
  }
  let r0 = quotient(logarithm(quotient(past[0], start)), h);
  if (order == 2) {
    let half = quotient(0.5 * p1, r0);
    weights[1] = -p1 - half;
    weights[2] = half;
    return weights;
  }
  // D10 = (m0 - m1) / r0, D11 = (m1 - m2) / r1; D1 = D10 + share (D10 - D11), D2 = (D10 - D11) / (r0 + r1).
  let r1 = quotient(logarithm(quotient(past[1], past[0])), h);
  let p2 = -phi(1, -h);
  let p3 = phi(2, -h);
  let share = quotient(r0, r0 + r1);
  let along10 = product(p2, constant(1) + share) - quotient(p3, r0 + r1);
  let along11 = quotient(p3, r0 + r1) - product(p2, share);
  let first = quotient(along10, r0);
  let second = quotient(along11, r1);
  weights[1] = -p1 + first;
  weights[2] = second - first;
  weights[3] = -second;
  return weights;
}
