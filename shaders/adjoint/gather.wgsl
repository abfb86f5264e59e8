// The way back through a plan, from one of the field's products to the next: cotangents of slots, newest first, each
// gathered from what the slot went into, as the sum of coefficient times cotangent; and the gradient to each coefficient,
// cotangent . slot. Where the slot is the velocity (x - D) / divisor, what is stored is the cotangent of D, -1 / divisor of
// its own, of which x gets -1 times.
//
// Bound by latency: a batch of 128 x 64 numbers is 32 kB a slot. LANES invocations share a row and read vec4 side by side,
// BLOCK of them at a time, so that a use's numbers are read once, a slot's once, a cotangent is written once, and a
// coefficient is made once a block. A lane meets the same numbers of every slot, so between slots nobody waits for
// memory; sums over lanes go through workgroup memory, all uses of a slot at once, and a lane has the columns of a use to
// itself: the host sees to it that uses of one slot share none.
import constants::{ BLOCK, DIM, LANES, USES };
import package::adjoint::gradient::add_gradient;
import package::adjoint::row::{ four_of, QUADS, slots, store_four };
import package::batch::scalar::{ Scalar, scalar_of };

/// What a slot went into: the term of an update, or an evaluation, whose share is what the field's product left.
struct Used {
  cotangent: u32, // of the result, or the product; in numbers, as all places here
  sigma: i32, // of a product, the row of its gradient to sigma, which is that of `at`; else -1
  span: u32, // whether the coefficient is times at - start
  columned: u32, // whether one of these is a column's, and the product of cotangent and slot is asked for
  @align(16) coefficient: Scalar,
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
const ROW = 65u; // one more than invocations: lanes that add up different uses meet different banks

/// Cotangent . slot of each use, then of the divisor, and of each invocation.
var<workgroup> along: array<f32, (USES + 1) * ROW>;

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
    if (LANES > 1) {
      workgroupBarrier();
    }
    if (inside) {
      add_gradients(g, row, lane, local - lane);
    }
    if (LANES > 1) {
      storageBarrier();
      workgroupBarrier();
    }
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
      let start = operation.used[i].cotangent + row;
      let coefficient = coefficient_of(i, trajectory);
      var part = 0.0;
      for (var b = 0u; b < BLOCK; b++) {
        let given = four_of(start, quad + b * LANES, WHOLE);
        sum[b] += coefficient * given;
        part += dot(given, value[b]);
      }
      if (operation.used[i].columned != 0) {
        add_part(u * ROW + local, part, quad == lane);
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
      add_part(uses * ROW + local, part, quad == lane);
    }
    continuing {
      quad += LANES * BLOCK;
      break if quad >= QUADS;
    }
  }
}

fn add_part(at: u32, part: f32, first: bool) {
  if (first) {
    along[at] = part;
  } else {
    along[at] += part;
  }
}

fn coefficient_of(i: u32, trajectory: u32) -> f32 {
  let coefficient = scalar_of(operation.used[i].coefficient, trajectory, operation.trajectories);
  if (operation.used[i].span == 0) {
    return coefficient;
  }
  return coefficient * span_of(i, trajectory);
}

fn span_of(i: u32, trajectory: u32) -> f32 {
  let at = scalar_of(operation.used[i].at, trajectory, operation.trajectories);
  return at - scalar_of(operation.used[i].start, trajectory, operation.trajectories);
}

/// The gradients to the columns of slot `g`, its uses shared out among the lanes of the row.
fn add_gradients(g: u32, trajectory: u32, lane: u32, first: u32) {
  let trajectories = operation.trajectories;
  let uses = operation.slot[g].uses;
  for (var u = lane; u < uses; u += LANES) {
    let i = operation.slot[g].first + u;
    if (operation.used[i].sigma >= 0) {
      let slope = sigma_gradient[u32(operation.used[i].sigma) * trajectories + trajectory];
      add_gradient(operation.used[i].at, slope, trajectory, trajectories);
    } else if (operation.used[i].columned != 0) {
      let slope = over_lanes(u, first);
      if (operation.used[i].span == 0) {
        add_gradient(operation.used[i].coefficient, slope, trajectory, trajectories);
      } else {
        let coefficient = scalar_of(operation.used[i].coefficient, trajectory, trajectories);
        add_gradient(operation.used[i].at, coefficient * slope, trajectory, trajectories);
        add_gradient(operation.used[i].start, -coefficient * slope, trajectory, trajectories);
        add_gradient(operation.used[i].coefficient, span_of(i, trajectory) * slope, trajectory, trajectories);
      }
    }
  }
  if (lane == 0 && operation.slot[g].velocity != 0) {
    add_gradient(operation.slot[g].divisor, over_lanes(uses, first), trajectory, trajectories);
  }
}

/// The sum over the lanes of a row, of which `first` is the first invocation.
fn over_lanes(u: u32, first: u32) -> f32 {
  var sum = along[u * ROW + first];
  for (var lane = 1u; lane < LANES; lane++) {
    sum += along[u * ROW + first + lane];
  }
  return sum;
}
