/// The index of an invocation in a dispatch that the host folded into two dimensions, because no dimension
/// may exceed 65,535 workgroups. WIDTH is the workgroup's size.
fn linear_index(global: vec3u, groups: vec3u, width: u32) -> u32 {
  return global.x + global.y * groups.x * width;
}
