/// What a forward pass came by (shape.wgsl says where): z of the hidden layers before SiLU, the network's output F,
/// the embedding with its label.
@group(0) @binding(7) var<storage, read_write> tape: array<vec4f>;
