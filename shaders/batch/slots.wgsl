/// Per-trajectory times and coefficients, column by column: [columns, trajectories].
@group(0) @binding(1) var<storage, read> columns: array<f32>;
