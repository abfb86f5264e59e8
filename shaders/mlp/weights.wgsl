/// A network's parameters, or their transposed matrices, as rows of vec4; float16 where they are stored as `half`.
@if(!half) @group(0) @binding(4) var<storage, read> weights: array<vec4f>;
@if(half) @group(0) @binding(4) var<storage, read> weights: array<vec4h>;

/// Four of them, in float32 as all that is made of them.
fn weight_quad(index: u32) -> vec4f {
  return vec4f(weights[index]);
}

/// A number of turns that compilers do not know, so that they leave a loop a loop: unrolled, it would fill the
/// instruction cache and take more registers than there are. Mesa's would know of the least of two numbers.
fn turns_of(count: u32) -> u32 {
  return count * min(1, arrayLength(&weights));
}
