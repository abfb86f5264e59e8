// One workgroup: the loss of a batch, added up in a fixed order, and its slope to each squared error.
import package::batch::lanes::{ LANES, summed_four };
import package::distill::loss::{ errors, Figures, operation, slopes };

@group(0) @binding(7) var<storage, read_write> figures: Figures;

@compute @workgroup_size(LANES)
fn measure(@builtin(local_invocation_index) local: u32) {
  let count = f32(operation.trajectories);
  var squares = 0.0;
  var roots = 0.0;
  var softened = 0.0;
  var logarithms = 0.0;
  for (var i = local; i < operation.trajectories; i += LANES) {
    let square = errors[i];
    squares += square;
    roots += sqrt(square);
    softened += sqrt(square + operation.softening);
    logarithms += log(square + operation.softening);
  }
  let mean = summed_four(vec4f(squares, roots, softened, logarithms), local) / count;
  let log_mean = operation.log_mean != 0;
  if (local == 0) {
    figures.loss = select(mean.x, log(mean.z) + 0.25 * mean.w, log_mean);
    figures.mean_error = mean.y;
  }
  for (var i = local; i < operation.trajectories; i += LANES) {
    let square = errors[i] + operation.softening;
    let slope = 0.5 / (mean.z * sqrt(square)) + 0.25 / square;
    slopes[i] = select(1.0, slope, log_mean) / count;
  }
}
