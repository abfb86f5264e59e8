import package::predictor::step::HIDDEN;

/// What one step's way back leaves for the gradient of the weights, row by row: the hidden layer, its deltas, the
/// bottleneck, its deltas, and those of the heads.
@group(0) @binding(9) var<storage, read_write> deltas: array<f32>; // [DELTA_ROWS, trajectories]

const HIDDEN_DELTAS = HIDDEN;
const BOTTLENECK_ROWS = 2 * HIDDEN;
const BOTTLENECK_DELTAS = BOTTLENECK_ROWS + 4;
const LOGIT_DELTAS = BOTTLENECK_DELTAS + 4;
const DELTA_ROWS = LOGIT_DELTAS + 3;
