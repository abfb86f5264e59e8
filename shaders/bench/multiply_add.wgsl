// What an adapter can do at best: eight independent chains of vec4 multiply-adds an invocation, no memory.
// 64 operations per round and invocation.
struct Load {
  rounds: u32,
}

@group(0) @binding(0) var<uniform> load: Load;
@group(0) @binding(1) var<storage, read_write> results: array<vec4f>;

@compute @workgroup_size(64)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(0.999) - 1e-9 * f32(id.x);
  var a = factor;
  var b = factor + 1;
  var c = factor + 2;
  var d = factor + 3;
  var e = factor + 4;
  var f = factor + 5;
  var g = factor + 6;
  var h = factor + 7;
  for (var round = 0u; round < load.rounds; round++) {
    a = fma(a, factor, factor);
    b = fma(b, factor, factor);
    c = fma(c, factor, factor);
    d = fma(d, factor, factor);
    e = fma(e, factor, factor);
    f = fma(f, factor, factor);
    g = fma(g, factor, factor);
    h = fma(h, factor, factor);
  }
  results[id.x] = a + b + c + d + e + f + g + h;
}
