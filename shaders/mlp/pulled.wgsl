/// The tape's twin, for the weights' gradient: what the cotangent comes to at each z, at F and at the embedding.
@if(recorded) @group(0) @binding(9) var<storage, read_write> deltas: array<vec4f>;

/// A guided field's product is the sum of two, each weighted: that of the network with its label comes first.
struct Branch {
  weight: f32,
  last: u32, // whether what the branch before came to is added
}

@if(guided) @group(0) @binding(10) var<storage, read_write> parts: array<f32>; // [trajectories, DIM], [trajectories]
@if(guided) @group(0) @binding(11) var<uniform> branch: Branch;

/// Number `part` of a product, with what the branch before came to.
fn with_branch_before(part: u32, pulled: f32) -> f32 {
  @if(!guided) return pulled;
  @if(guided) {
    let sum = branch.weight * pulled + select(0, parts[part], branch.last != 0);
    parts[part] = sum;
    return sum;
  }
}
