@if(broadcast) import package::batch::subgroup::LANES;
@if(!tangent) import package::predictor::step::FEATURE_QUADS;
import package::predictor::weights::predictor_weights;
@if(tangent) import package::tangent::figures::FEATURE_QUADS;

@if(broadcast) const LOADS = (FEATURE_QUADS + LANES - 1) / LANES;

/// The product of one trajectory's features with a row of a predictor's weights, which starts at `row`. With `broadcast`
/// the lanes of a subgroup load what they all need one vec4 each, and tell each other, as in field/posterior.wgsl; then
/// `lane` is this invocation's among eight, and all have to ask for the same row.
fn product(row: u32, features: array<vec4f, FEATURE_QUADS>, lane: u32) -> f32 {
  @if(broadcast) var loaded = array<vec4f, LOADS>();
  @if(broadcast) for (var n = 0u; n < LOADS; n++) {
    loaded[n] = predictor_weights[row + LANES * n + lane];
  }
  var sum = 0.0;
  for (var i = 0u; i < FEATURE_QUADS; i++) {
    @if(broadcast) sum += dot(subgroupShuffle(loaded[i / LANES], i % LANES), features[i]);
    @if(!broadcast) sum += dot(predictor_weights[row + i], features[i]);
  }
  return sum;
}
