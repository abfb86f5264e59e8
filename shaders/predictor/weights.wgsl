/// The parameters of whatever is asked for a plan's columns while the plan runs.
@group(0) @binding(11) var<storage, read> predictor_weights: array<vec4f>;
