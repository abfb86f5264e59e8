// One workgroup: the batch's mean loss and the gradient's norm, each added up in a fixed order, into the history;
// whether they are finite; and how much the gradient is to be scaled down.
import package::batch::finite::is_broken_number;
import package::batch::lanes::{ LANES, summed };
import package::train::figures::Figures;
import package::train::step::operation;

@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read_write> parts: array<f32>;
@group(0) @binding(6) var<storage, read_write> figures: Figures;

@compute @workgroup_size(LANES)
fn measure(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  for (var i = local; i < operation.trajectories; i += LANES) {
    sum += losses[i];
  }
  var squares = 0.0;
  for (var i = local; i < arrayLength(&parts); i += LANES) {
    squares += parts[i];
  }
  let loss = summed(sum, local) / f32(operation.trajectories);
  let square = summed(squares, local);
  if (local > 0) {
    return;
  }
  let norm = sqrt(square);
  figures.history[operation.entry] = vec2f(loss, norm);
  let broken = is_broken_number(loss) || is_broken_number(square);
  if (figures.broken == 0 && broken) {
    figures.broken = ~operation.step;
  }
  let clipped = select(1.0, operation.clip / norm, norm > operation.clip);
  figures.scale = select(clipped, 0, broken || (figures.broken != 0 && operation.skips == 0));
}
