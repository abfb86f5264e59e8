fn sigmoid(z: vec4f) -> vec4f {
  return 1 / (1 + exp(-z));
}

fn silu(z: vec4f) -> vec4f {
  return z * sigmoid(z);
}

fn silu_slope(z: vec4f) -> vec4f {
  let s = sigmoid(z);
  return s * (1 + z * (1 - s));
}
