import package::predictor::dual::{ constant, Dual, logarithm, product, quotient };

/// DPM-Solver-2 (arXiv 2206.00927): x' = x + h ((1 - 1/(2 r)) d_c + d_m / (2 r)), r being where t_m lies in log sigma.
fn update_weights(current: Dual, middle: Dual, next: Dual) -> array<Dual, 6> {
  let r = quotient(logarithm(quotient(middle, current)), logarithm(quotient(next, current)));
  let share = quotient(constant(0.5), r);
  var weights: array<Dual, 6>;
  weights[1] = product(next - current, constant(1) - share);
  weights[2] = product(next - current, share);
  return weights;
}
