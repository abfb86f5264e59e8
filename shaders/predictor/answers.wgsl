// g_phi itself, for one trajectory: 128 hidden numbers of 64 features, which are never stored, four of those, and a head
// for each answer. 8,700 multiply-adds; all trajectories read the same weights at once.
import constants::{ SCALE_DIRECTION, SCALE_TIME };
import package::mlp::activation::silu;
import package::predictor::products::product;
import package::predictor::step::{ embedded, FEATURE_QUADS, HEAD_QUADS, HEADS, HIDDEN_BIAS, OUTPUT_BIAS, OUTPUT_WEIGHT, Step };
import package::predictor::weights::predictor_weights;

/// What `quads` quads of hidden numbers from quad `first` on add to the bottleneck; `lane` as in products.wgsl.
fn bottleneck_part(features: array<vec4f, FEATURE_QUADS>, first: u32, quads: u32, lane: u32) -> vec4f {
  var sum = vec4f(0);
  @if(broadcast) var own = vec4f(0); // the output's weights of one of four hidden numbers, and in lane 4 their biases
  var n = 0u; // the same for all lanes, which `first` need not be
  loop {
    let unit = 4 * first + n;
    @if(broadcast) if (n % 4 == 0) {
      own = predictor_weights[select(HIDDEN_BIAS + unit / 4, OUTPUT_WEIGHT + unit + lane, lane < 4)];
    }
    @if(broadcast) let weight = subgroupShuffle(own, n % 4);
    @if(broadcast) let bias = subgroupShuffle(own, 4);
    @if(!broadcast) let weight = predictor_weights[OUTPUT_WEIGHT + unit];
    @if(!broadcast) let bias = predictor_weights[HIDDEN_BIAS + unit / 4];
    let z = bias[unit % 4] + product(unit * FEATURE_QUADS, features, lane);
    sum += silu(vec4f(z)).x * weight;
    // The loop ends where its turn does: lavapipe runs the body of any other loop once more, with all lanes off.
    continuing {
      n++;
      break if n >= 4 * quads;
    }
  }
  return sum;
}

/// r, the scale of the direction and that of the time, given the bottleneck without its bias.
fn answers_of(step: Step, sum: vec4f) -> vec3f {
  let bottleneck = predictor_weights[OUTPUT_BIAS] + sum;
  let times = embedded(step.current, step.next, step.channels);
  var answers = vec3f(share(0, step.offset_r, bottleneck, times), 1, 1);
  @if(directed) answers[1] = 2 * SCALE_DIRECTION * share(1, step.offset_direction, bottleneck, times) + 1 - SCALE_DIRECTION;
  @if(directed && timed) answers[2] = 2 * SCALE_TIME * share(2, step.offset_time, bottleneck, times) + 1 - SCALE_TIME;
  @if(!directed && timed) answers[2] = 2 * SCALE_TIME * share(1, step.offset_time, bottleneck, times) + 1 - SCALE_TIME;
  return answers;
}

/// The sigmoid of a head.
fn share(head: u32, offset: f32, bottleneck: vec4f, times: array<vec4f, 4>) -> f32 {
  let start = HEADS + HEAD_QUADS * head;
  var logit = offset + predictor_weights[start + HEAD_QUADS - 1].x + dot(predictor_weights[start], bottleneck);
  for (var i = 0u; i < 4; i++) {
    logit += dot(predictor_weights[start + 1 + i], times[i]);
  }
  return 1 / (1 + exp(-logit));
}
