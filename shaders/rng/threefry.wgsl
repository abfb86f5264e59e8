/// Threefry-4x32 with 20 rounds (Salmon et al., 'Parallel random numbers: as easy as 1, 2, 3', SC 2011): a
/// counter-based generator, so any number of the stream is had without the ones before it.
fn threefry4x32(key: vec4u, counter: vec4u) -> vec4u {
  let parity = 0x1bd11bdau ^ key.x ^ key.y ^ key.z ^ key.w;
  var schedule = array<u32, 5>(key.x, key.y, key.z, key.w, parity);
  var x = counter + key;
  for (var group = 0u; group < 5; group++) {
    if ((group & 1) == 0) {
      x = mixed(x, vec2u(10, 26));
      x = mixed_across(x, vec2u(11, 21));
      x = mixed(x, vec2u(13, 27));
      x = mixed_across(x, vec2u(23, 5));
    } else {
      x = mixed(x, vec2u(6, 20));
      x = mixed_across(x, vec2u(17, 11));
      x = mixed(x, vec2u(25, 10));
      x = mixed_across(x, vec2u(18, 20));
    }
    let i = group + 1;
    x += vec4u(schedule[i % 5], schedule[(i + 1) % 5], schedule[(i + 2) % 5], schedule[(i + 3) % 5]);
    x.w += i;
  }
  return x;
}

/// One round on the pairs (x, y) and (z, w).
fn mixed(x: vec4u, rotation: vec2u) -> vec4u {
  let sum = vec2u(x.x + x.y, x.z + x.w);
  let rotated = rotate(vec2u(x.y, x.w), rotation) ^ sum;
  return vec4u(sum.x, rotated.x, sum.y, rotated.y);
}

/// One round on the pairs (x, w) and (z, y).
fn mixed_across(x: vec4u, rotation: vec2u) -> vec4u {
  let sum = vec2u(x.x + x.w, x.z + x.y);
  let rotated = rotate(vec2u(x.w, x.y), rotation) ^ sum;
  return vec4u(sum.x, rotated.y, sum.y, rotated.x);
}

fn rotate(x: vec2u, by: vec2u) -> vec2u {
  return (x << by) | (x >> (32 - by));
}
