// The network of one evaluation, for one trajectory: features -> 32 SiLU -> 3 moves.
import package::mlp::activation::silu;
import package::predictor::products::product;
import package::predictor::weights::predictor_weights;
import package::tangent::evaluation::{ HIDDEN_QUADS, Move };
import package::tangent::figures::FEATURE_QUADS;

/// Where a network's layers stand, from its first weight.
const HIDDEN_BIAS = 4 * HIDDEN_QUADS * FEATURE_QUADS;
const OUTPUT_WEIGHT = HIDDEN_BIAS + HIDDEN_QUADS; // a row an output
const OUTPUT_BIAS = OUTPUT_WEIGHT + 3 * HIDDEN_QUADS;

/// The hidden layer before SiLU, for the way back.
@if(taped) var<private> hidden_layer: array<vec4f, HIDDEN_QUADS>;

/// What `quads` quads of hidden numbers from quad `first` on add to the outputs of the network whose weights start at
/// `start`; `lane` as in predictor/products.wgsl.
fn outputs_part(start: u32, features: array<vec4f, FEATURE_QUADS>, first: u32, quads: u32, lane: u32) -> vec4f {
  var sum = vec4f(0);
  // The bias of four hidden numbers, then their weights in each output: they stand HIDDEN_QUADS apart.
  @if(broadcast) var own = vec4f(0); // one of those in each of four lanes
  var n = 0u; // the same for all lanes, which `first` need not be
  loop {
    let unit = 4 * first + n;
    let bias_at = start + HIDDEN_BIAS + unit / 4;
    @if(broadcast) if (n % 4 == 0) {
      own = predictor_weights[bias_at + HIDDEN_QUADS * min(lane, 3)];
    }
    @if(broadcast) let bias = subgroupShuffle(own, 0);
    @if(!broadcast) let bias = predictor_weights[bias_at];
    let z = bias[unit % 4] + product(start + unit * FEATURE_QUADS, features, lane);
    @if(taped) hidden_layer[unit / 4][unit % 4] = z;
    let activated = silu(vec4f(z)).x;
    for (var output = 0u; output < 3; output++) {
      @if(broadcast) let weights = subgroupShuffle(own, output + 1);
      @if(!broadcast) let weights = predictor_weights[bias_at + HIDDEN_QUADS * (output + 1)];
      sum[output] += weights[unit % 4] * activated;
    }
    // The loop ends where its turn does: lavapipe runs the body of any other loop once more, with all lanes off.
    continuing {
      n++;
      break if n >= 4 * quads;
    }
  }
  return sum;
}

/// The moves of an evaluation, given the sum of what its hidden layer adds to the outputs.
fn moves_of(start: u32, asked: array<Move, 3>, sum: vec4f) -> vec3f {
  let outputs = predictor_weights[start + OUTPUT_BIAS] + sum;
  var moves = vec3f(0);
  for (var j = 0u; j < 3; j++) {
    // tanh is 1 from 10 on, and overflows on some devices far beyond.
    let bounded = tanh(clamp(outputs[j], -10, 10));
    moves[j] = asked[j].width * select(outputs[j], bounded, asked[j].bounded != 0);
  }
  return moves;
}
