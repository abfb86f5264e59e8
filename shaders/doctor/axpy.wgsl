// y = a x + y: the smallest kernel that proves that a device compiles, reads, computes and writes.
struct Axpy {
  a: f32,
  count: u32,
}

@group(0) @binding(0) var<uniform> scale: Axpy;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn axpy(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < scale.count) {
    y[id.x] = scale.a * x[id.x] + y[id.x];
  }
}
