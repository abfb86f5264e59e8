/// A part of the components, as much as fits one binding: sums go from one to the next.
struct Shard {
  first: u32, // whether sums start here
  last: u32, // whether they end here
}

@group(0) @binding(8) var<uniform> shard: Shard;
