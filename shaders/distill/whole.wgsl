/// The largest whole number that a column has, in its unit.
const LARGEST = 524288.0; // 2^19: a sign and two digits of ten bits

@group(0) @binding(9) var<storage, read_write> units: array<f32>; // [columns]
