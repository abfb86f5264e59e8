// One step of Adam (arXiv 1412.6980, algorithm 1) with decoupled weight decay (AdamW, arXiv 1711.05101), and the
// moving average of the parameters; nothing where a step was not finite. One vec4 an invocation; 20 bytes read and
// 16 written per parameter.
import package::batch::dispatch::linear_index;
import package::train::figures::Figures;
import package::train::step::operation;

@group(0) @binding(4) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read> figures: Figures;
@group(0) @binding(7) var<storage, read_write> average: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> second: array<vec4f>;

@compute @workgroup_size(64)
fn update(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64);
  if (i >= arrayLength(&parameters) || figures.scale == 0) {
    return;
  }
  let g = figures.scale * gradient[i];
  // Not by mix: some adapters take x + a (y - x) for it, which loses what is left of g^2 beside beta2 g^2.
  let m = operation.beta1 * first[i] + (1 - operation.beta1) * g;
  let v = operation.beta2 * second[i] + (1 - operation.beta2) * g * g;
  let direction = operation.correction1 * m / (sqrt(operation.correction2 * v) + operation.epsilon);
  let old = parameters[i];
  let rate = select(operation.rate, operation.tail_rate, i >= operation.tail);
  let next = old - operation.weight_decay * old - rate * direction;
  first[i] = m;
  second[i] = v;
  parameters[i] = next;
  average[i] += operation.ema_share * (next - average[i]);
}
