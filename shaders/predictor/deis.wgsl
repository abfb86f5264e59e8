import package::predictor::dual::{ constant, Dual, exponential, logarithm, product, quotient, square_root };

/// Gauss and Legendre, 16 nodes.
const NODES = array<f32, 8>(
  0.09501250983763744, 0.2816035507792589, 0.45801677765722737, 0.6178762444026438,
  0.755404408355003, 0.8656312023878318, 0.9445750230732326, 0.9894009349916499,
);
const WEIGHTS = array<f32, 8>(
  0.1894506104550685, 0.18260341504492358, 0.16915651939500254, 0.14959598881657674,
  0.12462897125553388, 0.09515851168249279, 0.062253523938647894, 0.027152459411754095,
);

/// DEIS-tAB (arXiv 2204.13902): integrals of d(sigma) times the Lagrange polynomials in VP time, over log sigma.
/// `betas` are beta_d and beta_min of VP time.
fn update_weights(start: Dual, end: Dual, past: array<Dual, 3>, order: u32, betas: vec2f) -> array<Dual, 6> {
  var nodes = array<Dual, 4>(
    vp_time(start, betas),
    vp_time(past[0], betas),
    vp_time(past[1], betas),
    vp_time(past[2], betas),
  );
  let middle = 0.5 * (logarithm(start) + logarithm(end));
  let half = 0.5 * logarithm(quotient(end, start));
  var node_values = NODES;
  var node_weights = WEIGHTS;
  var weights: array<Dual, 6>;
  for (var i = 0u; i < 16; i++) {
    let node = select(node_values[i / 2], -node_values[i / 2], i % 2 == 1);
    let sigma = exponential(middle + node * half);
    let u = vp_time(sigma, betas);
    let measure = node_weights[i / 2] * product(sigma, half);
    for (var j = 0u; j < order; j++) {
      var polynomial = measure;
      for (var m = 0u; m < order; m++) {
        if (m != j) {
          polynomial = quotient(product(polynomial, u - nodes[m]), nodes[j] - nodes[m]);
        }
      }
      weights[1 + j] += polynomial;
    }
  }
  return weights;
}

/// u with sigma^2 = exp(beta_d u^2 / 2 + beta_min u) - 1.
fn vp_time(sigma: Dual, betas: vec2f) -> Dual {
  let square = product(sigma, sigma);
  let grown = logarithm(constant(1) + square);
  // log(1 + s) near 0, where the sum would lose s.
  let s = square.x;
  let value = select(grown.x, s * (1 - s * (0.5 - s * (1.0 / 3 - s / 4))), s < 0.03);
  let beta_min = betas.y;
  let root = square_root(constant(beta_min * beta_min) + 2 * betas.x * Dual(value, grown.yzw));
  return (root - constant(beta_min)) / betas.x;
}
