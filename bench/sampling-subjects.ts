import { empirical } from '../src/field/empirical.js';
import type { Field } from '../src/field/field.js';
import { random } from '../src/problem/random.js';
import { multiplyAdds } from './mlp-shape.js';
import { randomMixture, randomNetwork } from './random-fields.js';

/** A field to sample, and what one evaluation of one trajectory takes. */
export interface SamplingSubject {
  name: string;
  field: Field;
  batch: number;
  /** Additions and multiplications of an evaluation, without exponentials. */
  flops: number;
}

/** What is timed: an exact mixture, a data set, and a narrow and a wide network; all their numbers are random. */
export function samplingSubjects(quick: boolean): SamplingSubject[] {
  const share = quick ? 8 : 1;
  return [
    mixture('mixture, 64-D, 10 components', 10, 16384 / share),
    dataSet('data set, 64-D, 1,797 rows', 1797, 2048 / share),
    network('network 2-64-64-64-2', 2, 64, 262144 / share),
    network('network 64-256-256-256-64', 64, 256, 16384 / share),
  ];
}

const DIM = 64;

function mixture(name: string, components: number, batch: number): SamplingSubject {
  return { name, field: randomMixture(DIM, components), batch, flops: mixtureFlops(components) };
}

function dataSet(name: string, rows: number, batch: number): SamplingSubject {
  const draw = random(2);
  const points = Float64Array.from({ length: rows * DIM }, () => draw.between(-1, 1));
  return { name, field: empirical(points, DIM), batch, flops: mixtureFlops(rows) };
}

/** A difference, a square and its sum, a product and its sum, per component and dimension. */
function mixtureFlops(components: number): number {
  return 5 * components * DIM;
}

function network(name: string, dim: number, width: number, batch: number): SamplingSubject {
  const { config, field } = randomNetwork(dim, width);
  return { name, field, batch, flops: 2 * multiplyAdds(config, 'one') };
}
