// The way back through a plan, from one of the field's products to the next: cotangents of slots, newest first, each
// gathered from what the slot went into, as the sum of coefficient times cotangent; and the gradient to each coefficient,
// cotangent . slot. Where the slot is the velocity (x - D) / divisor, what is stored is the cotangent of D, -1 / divisor of
// its own, of which x gets -1 times.
//
// Bound by latency: a batch of 128 x 64 numbers is 32 kB a slot. LANES invocations share a row and read vec4 side by side,
// BLOCK of them at a time, so that a use's numbers are read once, a slot's once, a cotangent is written once, and a
// coefficient is made once a block. A lane meets the same numbers of every slot, so between slots nobody waits for
// memory. Sums over lanes go through workgroup memory, all uses of a slot at once, and then each lane adds those of a use:
// the host sees to it that uses of one slot share no column. Before, an operation was a dispatch of one invocation a row,
// which read and wrote a cotangent for each term: lavapipe, a bespoke solver at NFE 5, batch 128, the way back with its
// products, CPU time, medians of five in turn: 0.63 ms then and 0.46 now on `ring` (2-D), 2.1 and 1.6 on `mixture-64`.
import constants::{ BLOCK, DIM, LANES, USES };
import package::adjoint::gradient::add_gradient;
import package::adjoint::row::{ four_of, QUADS, slots, store_four };
import package::batch::scalar::{ Scalar, scalar_of };

const TERM = 1u; // whose coefficient is a column's
const SPAN = 2u; // whose coefficient is times at - start
const PRODUCT = 3u; // a field's, whose gradient to sigma is the learned time's

/// What a slot went into: the term of an update, or an evaluation, whose share is what the field's product left.
struct Used {
  cotangent: u32, // of the result, or the product; in numbers, as all places here
  kind: u32, // one of these; 0 where there is nothing to learn
  sigma: u32, // of a product, the row of its gradient to sigma
  @align(16) coefficient: Scalar,
  @align(16) learned: Scalar, // what the gradient goes to: the coefficient, or a product's time
  @align(16) at: Scalar,
  @align(16) start: Scalar,
}

struct Gathered {
  slot: u32,
  cotangent: u32,
  first: u32, // of its uses
  uses: u32, // from 1 to USES
  columned: u32, // whether anything asks for the slot itself
  velocity: u32,
  @align(16) divisor: Scalar,
}

struct Gather {
  trajectories: u32,
  slots: u32, // from 1 on
  @align(16) slot: array<Gathered, 12>,
  used: array<Used, 48>,
}

@group(0) @binding(3) var<uniform> operation: Gather;
@group(0) @binding(8) var<storage, read> sigma_gradient: array<f32>; // [evaluations, trajectories]

const WHOLE = QUADS % (LANES * BLOCK) == 0;

/// Cotangent . slot of each use, then of the divisor, and of each invocation. A row of it is one longer than there are
/// invocations: lanes that add up different uses meet different banks.
@if(shared) var<workgroup> along: array<f32, (USES + 1) * ROW>;
@if(shared) const ROW = 65u;

@compute @workgroup_size(64)
fn gather(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let lane = local % LANES;
  let row = (group.x + group.y * groups.x) * (64 / LANES) + local / LANES;
  let inside = row < operation.trajectories;
  var g = 0u;
  loop {
    if (inside) {
      gather_slot(g, row, lane, local);
    }
    @if(shared) workgroupBarrier();
    @if(shared) if (inside) {
      add_shared(g, row, lane, local - lane);
    }
    @if(shared) storageBarrier();
    @if(shared) workgroupBarrier();
    continuing {
      g++;
      break if g >= operation.slots;
    }
  }
}

/// The cotangent of slot `g` of the dispatch, and this invocation's part of the gradients.
fn gather_slot(g: u32, trajectory: u32, lane: u32, local: u32) {
  let trajectories = operation.trajectories;
  let row = trajectory * DIM;
  let uses = operation.slot[g].uses;
  let columned = operation.slot[g].columned != 0;
  let velocity = operation.slot[g].velocity != 0;
  var factor = 1.0;
  if (velocity) {
    factor = -1 / scalar_of(operation.slot[g].divisor, trajectory, trajectories);
  }
  var quad = lane;
  loop {
    var value: array<vec4f, BLOCK>;
    var sum: array<vec4f, BLOCK>;
    for (var b = 0u; b < BLOCK; b++) {
      sum[b] = vec4f(0);
      value[b] = vec4f(0);
      if (columned) {
        value[b] = four_of(operation.slot[g].slot + row, quad + b * LANES, WHOLE);
      }
    }
    var u = 0u;
    loop {
      let i = operation.slot[g].first + u;
      let kind = operation.used[i].kind;
      let start = operation.used[i].cotangent + row;
      var coefficient = scalar_of(operation.used[i].coefficient, trajectory, trajectories);
      @if(spans) if (kind == SPAN) {
        coefficient *= span_of(i, trajectory);
      }
      var part = 0.0;
      for (var b = 0u; b < BLOCK; b++) {
        let given = four_of(start, quad + b * LANES, WHOLE);
        sum[b] += coefficient * given;
        part += dot(given, value[b]);
      }
      @if(shared) if (kind == TERM || kind == SPAN) {
        keep_part(u * ROW + local, part, quad == lane);
      }
      @if(!shared) if (kind != 0 && (kind != PRODUCT || quad == lane)) {
        add_slope(i, kind, part, trajectory);
      }
      continuing {
        u++;
        break if u >= uses;
      }
    }
    var part = 0.0;
    for (var b = 0u; b < BLOCK; b++) {
      sum[b] *= factor;
      part += dot(sum[b], value[b]);
      store_four(operation.slot[g].cotangent + row, quad + b * LANES, WHOLE, sum[b]);
    }
    if (velocity) {
      @if(shared) keep_part(uses * ROW + local, part, quad == lane);
      @if(!shared) add_gradient(operation.slot[g].divisor, part, trajectory, trajectories);
    }
    continuing {
      quad += LANES * BLOCK;
      break if quad >= QUADS;
    }
  }
}

@if(spans) fn span_of(i: u32, trajectory: u32) -> f32 {
  let at = scalar_of(operation.used[i].at, trajectory, operation.trajectories);
  return at - scalar_of(operation.used[i].start, trajectory, operation.trajectories);
}

/// The gradients to what is learned of a use, given that to its coefficient, with its span, or a part of it.
fn add_slope(i: u32, kind: u32, along_slot: f32, trajectory: u32) {
  let trajectories = operation.trajectories;
  var slope = along_slot;
  if (kind == PRODUCT) {
    slope = sigma_gradient[operation.used[i].sigma * trajectories + trajectory];
  }
  @if(spans) if (kind == SPAN) {
    let coefficient = scalar_of(operation.used[i].coefficient, trajectory, trajectories);
    add_gradient(operation.used[i].at, coefficient * slope, trajectory, trajectories);
    add_gradient(operation.used[i].start, -coefficient * slope, trajectory, trajectories);
    slope *= span_of(i, trajectory);
  }
  add_gradient(operation.used[i].learned, slope, trajectory, trajectories);
}

@if(shared) fn keep_part(at: u32, part: f32, first: bool) {
  if (first) {
    along[at] = part;
  } else {
    along[at] += part;
  }
}

/// The gradients to columns of slot `g`, its uses shared out among the lanes of a row, which starts at `first`.
@if(shared) fn add_shared(g: u32, trajectory: u32, lane: u32, first: u32) {
  let uses = operation.slot[g].uses;
  for (var u = lane; u < uses; u += LANES) {
    let i = operation.slot[g].first + u;
    let kind = operation.used[i].kind;
    if (kind == PRODUCT) {
      add_slope(i, kind, 0, trajectory);
    } else if (kind != 0) {
      add_slope(i, kind, over_lanes(u, first), trajectory);
    }
  }
  if (lane == 0 && operation.slot[g].velocity != 0) {
    add_gradient(operation.slot[g].divisor, over_lanes(uses, first), trajectory, operation.trajectories);
  }
}

/// The sum over the lanes of a row.
@if(shared) fn over_lanes(u: u32, first: u32) -> f32 {
  var sum = along[u * ROW + first];
  for (var lane = 1u; lane < LANES; lane++) {
    sum += along[u * ROW + first + lane];
  }
  return sum;
}
