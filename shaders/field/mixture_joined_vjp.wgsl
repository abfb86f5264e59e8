// The gradient of a trajectory from what mixture_tiled_vjp.wgsl left of the segments of all shards, by one workgroup
// a trajectory: sums in the order of the segments, relative to the largest logit and about the mean of c.g.
import constants::{ DIM, QUADS };
import package::field::evaluate::slots;
import package::field::mixture_segment::{ HEADER, Sums, added, load_sums, moved, record_of, records, span };
import package::field::pull::{ operation, sigma_of, store_sigma_gradient };

@compute @workgroup_size(64)
fn mixture_joined_vjp(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let group = id.x + id.y * groups.x;
  let trajectory = span.trajectory + group;
  if (group >= span.trajectories || trajectory >= operation.trajectories) {
    return;
  }
  let sigma = sigma_of(trajectory);
  let noise = sigma * sigma;

  var top = -3e38;
  for (var segment = 0u; segment < span.all_segments; segment++) {
    top = max(top, load_sums(record_of(trajectory, segment)).top);
  }
  var means = vec3f(0); // the weights' sum, and those of `along` and `slope`
  for (var segment = 0u; segment < span.all_segments; segment++) {
    let part = load_sums(record_of(trajectory, segment));
    means += exp(part.top - top) * part.total * vec3f(1, part.center, part.slope_center);
  }
  let center = means.y / means.x;
  let slope_center = means.z / means.x;
  var sums = Sums(top, 0, center, slope_center, 0, 0, 0, 0, 0);
  for (var segment = 0u; segment < span.all_segments; segment++) {
    sums = added(sums, moved(load_sums(record_of(trajectory, segment)), top, center, slope_center));
  }
  // Centers are means up to rounding; what they miss is sums.along and sums.slope.
  let missed = sums.along / sums.total;

  for (var quad = local; quad < QUADS; quad += 64) {
    var scores = vec4f(0);
    var products = vec4f(0);
    @if(per_dimension) var kept = vec4f(0);
    for (var segment = 0u; segment < span.all_segments; segment++) {
      let record = record_of(trajectory, segment);
      let head = records[record];
      let scale = exp(head.x - top);
      let score = records[record + HEADER + quad];
      scores += scale * score;
      products += scale * (records[record + HEADER + QUADS + quad] + (head.z - center) * score);
      @if(per_dimension) kept += scale * records[record + HEADER + 2 * QUADS + quad];
    }
    @if(!per_dimension) let kept = vec4f(sums.kept);
    let covariance = products - missed * scores;
    for (var d = 4 * quad; d < min(4 * quad + 4, DIM); d++) {
      let cotangent = slots[operation.cotangent + trajectory * DIM + d];
      let gradient = kept[d % 4] * cotangent + noise * covariance[d % 4];
      slots[operation.output + trajectory * DIM + d] = gradient / sums.total;
    }
  }
  if (local == 0) {
    let covariance = sums.product - missed * sums.slope;
    store_sigma_gradient(trajectory, sigma * (2 * sums.sigma_kept + noise * covariance) / sums.total);
  }
}
