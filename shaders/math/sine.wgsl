const TURN = 6.283185307179586;

/// sin(2 pi turns) to float32's accuracy, which WGSL's own need not have (2^-11, and only between -pi and pi):
/// the Taylor series up to the 11th power, within a quarter turn of 0.
fn sine(turns: vec4f) -> vec4f {
  let rest = turns - round(turns);
  let near = select(rest, sign(rest) * 0.5 - rest, abs(rest) > vec4f(0.25));
  let x = TURN * near;
  let y = x * x;
  return x * (1 - y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110)))));
}
