import package::predictor::dual::{ Dual };

/// iPNDM (arXiv 2202.09778): Adams-Bashforth coefficients of a uniform grid, whatever the grid; with order 1, Euler.
fn update_weights(start: Dual, end: Dual, past: array<Dual, 3>, order: u32) -> array<Dual, 6> {
  var uniform_grid = array<vec4f, 4>(
    vec4f(1, 0, 0, 0),
    vec4f(3, -1, 0, 0) / 2,
    vec4f(23, -16, 5, 0) / 12,
    vec4f(55, -59, 37, -9) / 24,
  );
  let coefficients = uniform_grid[order - 1];
  var weights: array<Dual, 6>;
  for (var j = 0u; j < order; j++) {
    weights[1 + j] = coefficients[j] * (end - start);
  }
  return weights;
}
