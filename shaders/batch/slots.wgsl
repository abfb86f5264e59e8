/// Per-trajectory times and coefficients, column by column: [columns, trajectories]. A fused run with a predictor inside
/// fills them itself.
@if(!predicted) @group(0) @binding(1) var<storage, read> columns: array<f32>;
@if(predicted) @group(0) @binding(1) var<storage, read_write> columns: array<f32>;
