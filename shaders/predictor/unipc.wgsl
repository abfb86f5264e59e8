import package::predictor::dual::{ constant, Dual, exponential_minus_1, logarithm, phi, product, quotient };

/// UniPC (arXiv 2302.04867), B2(h), data prediction: the weights of x, of the evaluation at `start`, of those before
/// it, and for the corrector of the one at `end`.
fn update_weights(start: Dual, end: Dual, past: array<Dual, 3>, order: u32, corrects: bool) -> array<Dual, 6> {
  let hh = logarithm(quotient(end, start));
  let b = exponential_minus_1(hh);
  let right = array<Dual, 3>(quotient(phi(1, hh), b), quotient(2 * phi(2, hh), b), quotient(6 * phi(3, hh), b));
  // Times of the other evaluations in units of the step, from its start.
  var ratios: array<Dual, 3>;
  let others = order - 1;
  for (var q = 0u; q < others; q++) {
    ratios[q] = -quotient(logarithm(quotient(start, past[q])), hh);
  }
  ratios[others] = constant(1);
  let count = select(others, order, corrects);

  let shrink = quotient(end, start);
  var weights: array<Dual, 6>;
  weights[0] = shrink;
  weights[1] = constant(1) - shrink;
  for (var q = 0u; q < count; q++) {
    let pull = quotient(product(b, rho(q, count, ratios, right)), ratios[q]);
    weights[1] += pull;
    weights[2 + q] = -pull;
  }
  return weights;
}

/// Solution q of sum_q rho_q ratio_q^k = right_k: the coefficients of the Lagrange polynomial of node q. A single one
/// is 1/2 by definition.
fn rho(q: u32, count: u32, ratios: array<Dual, 3>, right: array<Dual, 3>) -> Dual {
  if (count == 1) {
    return constant(0.5);
  }
  var r = ratios;
  var b = right;
  let i = (q + 1) % count;
  if (count == 2) {
    return quotient(b[1] - product(r[i], b[0]), r[q] - r[i]);
  }
  let j = (q + 2) % count;
  let above = b[2] - product(r[i] + r[j], b[1]) + product(product(r[i], r[j]), b[0]);
  return quotient(above, product(r[q] - r[i], r[q] - r[j]));
}
