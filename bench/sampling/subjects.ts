import { FewstepError } from '../../src/errors.js';
import { empirical } from '../../src/field/empirical.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { scaleToUnit } from '../../src/io/scaling.js';
import { type MlpModel, mlpField } from '../../src/mlp/field.js';
import type { Precision } from '../../src/mlp/precision.js';
import { loadDataSet } from '../../src/node/files.js';
import { random } from '../../src/rng/random.js';
import { multiplyAdds } from '../mlp/shape.js';
import { randomModel, randomSpec } from '../random-fields.js';

/** A field to sample, what it is made of, and what one evaluation of one trajectory takes. */
export interface SamplingSubject {
  /** Its name in files. */
  id: string;
  name: string;
  field: Field;
  /** What other libraries make the same of. */
  source: SamplingSource;
  /** The same network at another precision. */
  at?: (precision: Precision) => Field;
  /** Trajectories of a solve. */
  batches: number[];
  /** Additions and multiplications of an evaluation, without exponentials. */
  flops: number;
}

export type SamplingSource = { kind: 'mixture'; spec: MixtureSpec } | ({ kind: 'network' } & MlpModel);

export interface SamplingChoices {
  /** An eighth of the batches on software, the smaller ones alone on hardware. */
  quick: boolean;
  /** A software adapter has its hands full with the smaller batches, which leave hardware idle. */
  software: boolean;
  /** A file of data, scaled to [-1, 1], in place of random numbers of the digits' shape. */
  data?: { file: string; columns?: string };
}

const DIM = 64;
/** The shape of the digits that come with scikit-learn. */
const DIGITS = 1797;

/** What is timed: an exact mixture, a data set, and a narrow and a wide network; their numbers are random. */
export async function samplingSubjects(choices: SamplingChoices): Promise<SamplingSubject[]> {
  const { quick, software } = choices;
  const batches = (usual: number, large: number) => {
    if (software) return [quick ? usual / 8 : usual];
    return quick ? [usual] : [usual, large];
  };
  return [
    mixture(10, batches(16384, 2 ** 20)),
    await dataSet(choices.data, batches(2048, 65536)),
    network('narrow', 2, 64, batches(262144, 2 ** 22)),
    network('wide', 64, 256, batches(16384, 262144)),
  ];
}

function mixture(components: number, batches: number[]): SamplingSubject {
  const spec = randomSpec(DIM, components);
  return {
    id: 'mixture',
    name: `mixture, ${DIM}-D, ${components} components`,
    field: gaussianMixture(spec),
    source: { kind: 'mixture', spec },
    batches,
    flops: mixtureFlops(spec),
  };
}

async function dataSet(data: SamplingChoices['data'], batches: number[]): Promise<SamplingSubject> {
  const { values, columns, rows } = data ? await scaled(data) : randomData();
  const field = empirical(values, columns);
  const spec = field.mixture!;
  const name = `${data ? 'data' : 'random data'}, ${columns}-D, ${rows.toLocaleString('en')} rows`;
  return { id: 'data', name, field, source: { kind: 'mixture', spec }, batches, flops: mixtureFlops(spec) };
}

function randomData() {
  const draw = random(2);
  const values = Float64Array.from({ length: DIGITS * DIM }, () => draw.between(-1, 1));
  return { values, columns: DIM, rows: DIGITS };
}

async function scaled({ file, columns }: { file: string; columns?: string }) {
  const { dataSet } = scaleToUnit(await loadDataSet(file, { columns }));
  if (dataSet.rows > 1) return dataSet;
  throw new FewstepError('bad-data', `${file} has one row`, 'give a data set of many rows');
}

/** A difference, a square and its sum, a product and its sum, per component and dimension. */
function mixtureFlops({ weights, dim }: MixtureSpec): number {
  return 5 * weights.length * dim;
}

function network(id: string, dim: number, width: number, batches: number[]): SamplingSubject {
  const model = randomModel(dim, width);
  return {
    id,
    name: `network ${[dim, width, width, width, dim].join('-')}`,
    field: mlpField(model),
    source: { kind: 'network', ...model },
    at: (precision) => mlpField(model, { precision }),
    batches,
    flops: 2 * multiplyAdds(model.config, 'one'),
  };
}
