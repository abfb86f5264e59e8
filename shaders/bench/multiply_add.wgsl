// What an adapter can do at best: eight independent chains of vec4 multiply-adds an invocation, no memory.
// 256 operations per round and invocation: four times the chains in a round, so that counting rounds is a small part.
// `half` has the same in float16, two of which some adapters do at once.
@if(half) enable f16;

@if(!half) alias Lanes = vec4f;
@if(half) alias Lanes = vec4<f16>;

struct Load {
  rounds: u32,
}

const PARTS = 4u;

@group(0) @binding(0) var<uniform> load: Load;
@group(0) @binding(1) var<storage, read_write> results: array<vec4f>;

@compute @workgroup_size(64)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let factor = Lanes(vec4f(0.999) - 1e-9 * f32(id.x));
  var a = factor;
  var b = factor + 1;
  var c = factor + 2;
  var d = factor + 3;
  var e = factor + 4;
  var f = factor + 5;
  var g = factor + 6;
  var h = factor + 7;
  for (var round = 0u; round < load.rounds; round++) {
    for (var part = 0u; part < PARTS; part++) {
      a = fma(a, factor, factor);
      b = fma(b, factor, factor);
      c = fma(c, factor, factor);
      d = fma(d, factor, factor);
      e = fma(e, factor, factor);
      f = fma(f, factor, factor);
      g = fma(g, factor, factor);
      h = fma(h, factor, factor);
    }
  }
  results[id.x] = vec4f(a + b + c + d + e + f + g + h);
}
