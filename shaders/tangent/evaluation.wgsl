import package::batch::scalar::Scalar;

/// One of the three numbers that a network answers: width tanh(o) where it is bounded, else width o. Without a width it
/// is not there: nothing reads the output.
struct Move {
  @align(16) width: f32,
  bounded: u32,
}

/// A network is asked after an evaluation, or the gradient of what it answered goes back.
struct Evaluation {
  state: u32, // slots, in numbers
  output: u32, // D
  previous: u32, // D of the evaluation before
  has_previous: u32,
  dim: u32,
  trajectories: u32,
  spread: f32, // std of the data
  answer: u32, // the row of the first of its three moves
  weights: u32, // where its weights start, in vec4
  features: u32, // where its features are kept, in vec4
  hidden: u32, // where its hidden layer is kept, in vec4
  deltas: u32, // where the way back leaves what the gradient of its weights needs, in vec4
  first_column: u32, // the columns that its moves may reach: from here
  columns: u32, // to here
  tangent_width: u32, // of a column's row in the tangent
  // Ends of loops, which compilers must not know: lavapipe unrolls what it knows.
  feature_quads: u32,
  hidden_quads: u32, // HIDDEN_QUADS
  @align(16) time: Scalar, // what the field was told
  @align(16) asked: array<Move, 3>,
}

@group(0) @binding(3) var<uniform> operation: Evaluation;

const HIDDEN_QUADS = 8u;
/// What the way back leaves for each trajectory: the deltas of the hidden layer, then those of the outputs.
const DELTA_QUADS = HIDDEN_QUADS + 1;
