// g_phi itself, for one trajectory: 128 hidden numbers of 64 features, which are never stored, four of those, and a head
// for each answer. 8,700 multiply-adds; all trajectories read the same weights at once.
import constants::{ SCALE_DIRECTION, SCALE_TIME };
import package::mlp::activation::silu;
import package::predictor::step::{ embedded, FEATURE_QUADS, HEAD_QUADS, HEADS, HIDDEN_BIAS, OUTPUT_BIAS, OUTPUT_WEIGHT, predictor_weights, Step };

/// What every `every`th four hidden numbers from `first` on add to the bottleneck; `end` is Step's hidden_quads.
/// With `broadcast` the lanes of a subgroup load what they all need one vec4 each, and tell each other, as in
/// field/posterior.wgsl; then `lane` is this invocation's among eight, and all have to ask for the same.
fn bottleneck_part(features: array<vec4f, FEATURE_QUADS>, first: u32, every: u32, end: u32, lane: u32) -> vec4f {
  var sum = vec4f(0);
  for (var quad = first; quad < end; quad += every) {
    let row = 4 * quad * FEATURE_QUADS;
    @if(broadcast) var rows = array<vec4f, FEATURE_QUADS / 2>();
    @if(broadcast) for (var n = 0u; n < FEATURE_QUADS / 2; n++) {
      rows[n] = predictor_weights[row + 8 * n + lane];
    }
    @if(broadcast) let own = predictor_weights[select(HIDDEN_BIAS + quad, OUTPUT_WEIGHT + 4 * quad + lane, lane < 4)];
    @if(broadcast) var z = subgroupShuffle(own, 4);
    @if(!broadcast) var z = predictor_weights[HIDDEN_BIAS + quad];
    for (var i = 0u; i < FEATURE_QUADS; i++) {
      @if(broadcast) z += vec4f(
        dot(subgroupShuffle(rows[i / 8], i % 8), features[i]),
        dot(subgroupShuffle(rows[2 + i / 8], i % 8), features[i]),
        dot(subgroupShuffle(rows[4 + i / 8], i % 8), features[i]),
        dot(subgroupShuffle(rows[6 + i / 8], i % 8), features[i]),
      );
      @if(!broadcast) z += vec4f(
        dot(predictor_weights[row + i], features[i]),
        dot(predictor_weights[row + i + FEATURE_QUADS], features[i]),
        dot(predictor_weights[row + i + 2 * FEATURE_QUADS], features[i]),
        dot(predictor_weights[row + i + 3 * FEATURE_QUADS], features[i]),
      );
    }
    let hidden = silu(z);
    for (var unit = 0u; unit < 4; unit++) {
      @if(broadcast) sum += hidden[unit] * subgroupShuffle(own, unit);
      @if(!broadcast) sum += hidden[unit] * predictor_weights[OUTPUT_WEIGHT + 4 * quad + unit];
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
