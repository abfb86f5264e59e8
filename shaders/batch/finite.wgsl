// What is NaN or infinite. WGSL may assume that no number is, so the exponent's bits are what is tested.

/// The exponent's bits, all of which are set then.
const EXPONENT = 0x7f800000u;

fn broken_lanes(value: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(value) & vec4u(EXPONENT)) == vec4u(EXPONENT);
}

/// Whether one of four numbers is not finite.
fn is_broken(value: vec4f) -> bool {
  return any(broken_lanes(value));
}

fn is_broken_number(value: f32) -> bool {
  return (bitcast<u32>(value) & EXPONENT) == EXPONENT;
}
