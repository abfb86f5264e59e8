import constants::STAGE;
import package::field::four::{ four_of, LANES, QUADS };

/// Part of four states, by dimension.
var<workgroup> staged: array<vec4f, STAGE>;

/// Puts dimensions from `stage` on into `staged`, a multiple of STAGE; past the states' end is 0. An invocation loads
/// what it owns. Called by all, who are behind a barrier then.
fn stage_states(slot: u32, rows: vec4u, stage: u32, local: u32) {
  workgroupBarrier();
  for (var quad = local; quad < min(STAGE / 4, QUADS - stage / 4); quad += LANES) {
    let from_quad = stage / 4 + quad;
    let by_dimension = transpose(mat4x4f(
      four_of(slot, rows.x, from_quad),
      four_of(slot, rows.y, from_quad),
      four_of(slot, rows.z, from_quad),
      four_of(slot, rows.w, from_quad),
    ));
    staged[4 * quad] = by_dimension[0];
    staged[4 * quad + 1] = by_dimension[1];
    staged[4 * quad + 2] = by_dimension[2];
    staged[4 * quad + 3] = by_dimension[3];
  }
  workgroupBarrier();
}
