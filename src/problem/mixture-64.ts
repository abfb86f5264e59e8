import { random } from '../rng/random.js';
import { mixtureProblem, type Problem } from './problem.js';

const DIM = 64;
const COMPONENTS = 10;
const MEAN_STD = 0.48;

/** Ten Gaussians in 64 dimensions, of unequal weights and widths; about 0.5 per dimension in all. */
export function mixture64(): Problem {
  const source = random(20240105);
  const draw = (length: number, value: () => number) => Float64Array.from({ length }, value);
  return mixtureProblem('mixture-64', '64-D mixture', {
    kind: 'gaussian-mixture',
    weights: draw(COMPONENTS, () => source.between(0.5, 1.5)),
    means: draw(COMPONENTS * DIM, () => MEAN_STD * source.normal()),
    stds: draw(COMPONENTS, () => source.between(0.05, 0.25)),
    dim: DIM,
  });
}
