@group(0) @binding(12) var<storage, read> center: array<f32>; // [dim], the mean of the data
