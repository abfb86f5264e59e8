/// A network's parameters, or their transposed matrices, as rows of vec4; float16 where they are stored as `half`.
@if(!half) @group(0) @binding(4) var<storage, read> weights: array<vec4f>;
@if(half) @group(0) @binding(4) var<storage, read> weights: array<vec4h>;

/// Four of them, in float32 as all that is made of them.
fn weight_quad(index: u32) -> vec4f {
  return vec4f(weights[index]);
}
