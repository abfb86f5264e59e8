import constants::EMBEDDING_QUADS;
import package::mlp::embedding::frequencies;

// How D comes out of a network that predicts eps, x0, v, a score or a velocity: smooth functions of ln sigma as a table,
// so that one kernel does for every process, also a user's own. src/mlp/convention.ts makes it. Behind the embedding's
// frequencies lie a header and, for each knot, values, slopes and curvatures of (skip, out, input, noise).

/// ln sigma at the first knot, knots per unit of it, the last knot's number, and what sigma times is added to `out`.
const HEADER = EMBEDDING_QUADS / 2;

/// Where a noise level lies among the knots.
struct Place {
  knot: u32, // vec4 of the values of the knot before it
  share: f32, // of the way to the next
  step: f32,
  inside: bool,
}

/// (skip, out, input, noise).
fn convention_at(sigma: f32) -> vec4f {
  let place = place_of(sigma);
  return between(place, 0) + vec4f(0, frequencies[HEADER].w * sigma, 0, 0);
}

/// Their derivative with respect to sigma.
fn convention_slope(sigma: f32) -> vec4f {
  let place = place_of(sigma);
  let slope = select(vec4f(0), between(place, 1) / sigma, place.inside);
  return slope + vec4f(0, frequencies[HEADER].w, 0, 0);
}

/// Beyond its ends a table stays what it is there.
fn place_of(sigma: f32) -> Place {
  let header = frequencies[HEADER];
  let wanted = (log(sigma) - header.x) * header.y;
  let at = clamp(wanted, 0, header.z);
  let knot = min(floor(at), header.z - 1);
  return Place(HEADER + 1 + 3 * u32(knot), at - knot, 1 / header.y, at == wanted);
}

/// Cubic Hermite interpolation of the values, or of the slopes one vec4 on, by what follows them. A constant comes out
/// to the last bit.
fn between(place: Place, which: u32) -> vec4f {
  let s = place.share;
  let here = place.knot + which;
  let value = frequencies[here];
  let bend = (1 - s) * frequencies[here + 1] - s * frequencies[here + 4];
  return value + s * s * (3 - 2 * s) * (frequencies[here + 3] - value) + s * (1 - s) * place.step * bend;
}
