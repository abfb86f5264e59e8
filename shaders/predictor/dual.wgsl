/// A number and its derivatives with respect to the logarithms of three learned times: this step's t_m, that of the
/// step before, and that of the one before it. Forward-mode differentiation of coefficients.
alias Dual = vec4f;

fn constant(x: f32) -> Dual {
  return Dual(x, 0, 0, 0);
}

fn product(a: Dual, b: Dual) -> Dual {
  return Dual(a.x * b.x, a.x * b.yzw + b.x * a.yzw);
}

fn quotient(a: Dual, b: Dual) -> Dual {
  let value = a.x / b.x;
  return Dual(value, (a.yzw - value * b.yzw) / b.x);
}

fn logarithm(a: Dual) -> Dual {
  return Dual(log(a.x), a.yzw / a.x);
}

fn exponential(a: Dual) -> Dual {
  let value = exp(a.x);
  return Dual(value, value * a.yzw);
}

fn square_root(a: Dual) -> Dual {
  let value = sqrt(a.x);
  return Dual(value, a.yzw / (2 * value));
}

/// e^a - 1; near 0, where the difference would cancel, its series.
fn exponential_minus_1(a: Dual) -> Dual {
  let x = a.x;
  let series = x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6)))));
  return Dual(select(exp(x) - 1, series, abs(x) < 0.3), exp(x) * a.yzw);
}
