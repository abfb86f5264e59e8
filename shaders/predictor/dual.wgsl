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

/// phi_1(a) = (e^a - 1) / a - 1 and phi_{k+1}(a) = phi_k(a) / a - 1 / (k + 1)!, which is sum_n a^n / (n + k)! over n from
/// 1 on: the sum where the differences would cancel.
fn phi(k: u32, a: Dual) -> Dual {
  let x = a.x;
  if (abs(x) < 1) {
    var term = 1.0;
    for (var n = 2u; n <= k; n++) {
      term /= f32(n);
    }
    var value = 0.0;
    var slope = 0.0;
    for (var n = 1u; n <= 10; n++) {
      term /= f32(n + k);
      slope += f32(n) * term;
      term *= x;
      value += term;
    }
    return Dual(value, slope * a.yzw);
  }
  var result = quotient(exponential_minus_1(a), a) - constant(1);
  var factorial = 1.0;
  for (var n = 2u; n <= k; n++) {
    factorial *= f32(n);
    result = quotient(result, a) - constant(1 / factorial);
  }
  return result;
}
