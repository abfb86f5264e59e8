import fc from 'fast-check';
import type { Safetensors } from '../../src/io/safetensors.js';
import { EMBEDDING_KINDS, type MlpConfig, mlpConfig } from '../../src/mlp/config.js';
import type { TrainingInfo } from '../../src/mlp/model-file.js';
import { parameterLayout } from '../../src/mlp/parameters.js';
import { PREDICTIONS } from '../../src/process/prediction.js';

/** Small networks of all kinds. */
export const anyConfig = fc
  .record({
    dim: fc.integer({ min: 1, max: 9 }),
    width: fc.constantFrom(32, 36),
    layers: fc.integer({ min: 2, max: 4 }),
    embedding: fc.record({
      kind: fc.constantFrom(...EMBEDDING_KINDS),
      size: fc.constantFrom(8, 16),
      scale: fc.double({ min: 0.1, max: 10, noNaN: true }),
    }),
    residual: fc.boolean(),
    classes: fc.nat(3),
    sigmaData: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    convention: fc.option(
      fc.record(
        {
          process: fc.constantFrom('flow', 'vp-linear:beta_max=12'),
          prediction: fc.constantFrom(...PREDICTIONS),
        },
        { noNullPrototype: true },
      ),
      { nil: undefined },
    ),
  })
  .map(mlpConfig);

export const anyScaling = fc.option(
  fc.record({
    offset: fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value + 0), // JSON knows no -0
    scale: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  }),
  { nil: undefined },
);

export const anyTraining: fc.Arbitrary<TrainingInfo> = fc.record(
  {
    data: fc.string(),
    loss: fc.string(),
    steps: fc.maxSafeNat(),
    seed: fc.maxSafeNat(),
    losses: fc.record(
      {
        training: fc.double({ min: 0, max: 1e9, noNaN: true }),
        validation: fc.double({ min: 0, max: 9, noNaN: true }),
      },
      { requiredKeys: ['training'], noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
);

/** Any finite bits where a network has parameters, signed zeros and denormals among them, and 0 between rows. */
export function anyBits(config: MlpConfig, seed: number): Float32Array {
  const { tensors, size } = parameterLayout(config);
  const bits = new Uint32Array(size);
  let state = seed | 1;
  for (const { rows, columns, offset, stride } of tensors) {
    for (let row = 0; row < rows; row++) {
      for (let i = offset + row * stride; i < offset + row * stride + columns; i++) {
        state = Math.imul(state, 0x915f77f5) + 0x6d2b79f5; // a congruential generator: any bits will do
        // The exponent of infinities and NaN becomes that of a denormal.
        bits[i] = (state & 0x7f800000) === 0x7f800000 ? state & 0x807fffff : state;
      }
    }
  }
  return new Float32Array(bits.buffer);
}

/** Whether two arrays are the same bytes, which tells -0 from 0; quicker than comparing numbers one by one. */
export function sameBits<A extends Float32Array | Float64Array>(a: A, b: A): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: A) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}

/** A file that is valid but for what `change` does to the content of a good one. */
export type Change = (file: {
  tensors: Map<string, { shape: number[]; values: Float32Array | Float64Array }>;
  metadata: Record<string, string>;
}) => void;

export function changed(file: Safetensors, change: Change): Safetensors {
  const copy = {
    metadata: { ...file.metadata },
    tensors: new Map(
      [...file.tensors].map(([name, { shape, values }]) => [
        name,
        { shape: [...shape], values: values.slice() },
      ]),
    ),
  };
  change(copy);
  return copy;
}

/** Changes one entry of a JSON object in the metadata. */
export function setJson(key: string, edit: (json: Record<string, unknown>) => void): Change {
  return ({ metadata }) => {
    const json = JSON.parse(metadata[key]);
    edit(json);
    metadata[key] = JSON.stringify(json);
  };
}

/** What is wrong in files of both kinds, `prefix` standing before the names of tensors. */
export function wrongFiles(prefix: string): [what: string, change: Change, message: RegExp][] {
  const bias = `${prefix}layers.0.bias`;
  const named = (text: string) => new RegExp(text.replace(/[.[\]]/g, '\\$&'));
  return [
    [
      'no tensors',
      ({ tensors }) => tensors.clear(),
      named(`'${prefix}layers.0.weight' of shape [3, 32] is missing`),
    ],
    [
      'a missing tensor',
      ({ tensors }) => tensors.delete(bias),
      named(`'${bias}' of shape [1, 32] is missing`),
    ],
    [
      'a tensor too many',
      ({ tensors }) => tensors.set(`${prefix}layers.9.bias`, tensors.get(bias)!),
      named(`'${prefix}layers.9.bias' has no place`),
    ],
    [
      'a transposed tensor',
      ({ tensors }) => tensors.get(`${prefix}layers.0.weight`)!.shape.reverse(),
      named(`'${prefix}layers.0.weight' has the shape [32, 3], and its configuration needs [3, 32]`),
    ],
    [
      'a tensor of one axis',
      ({ tensors }) => tensors.get(bias)!.shape.shift(),
      named(`'${bias}' has the shape [32]`),
    ],
    [
      'a tensor of float64',
      ({ tensors }) => tensors.set(bias, { shape: [1, 32], values: new Float64Array(32) }),
      named(`'${bias}' is F64, not F32`),
    ],
    ['no format', ({ metadata }) => delete metadata.format, /no file of fewstep train: .* format no name/],
    [
      'another format',
      ({ metadata }) => {
        metadata.format = 'pt';
      },
      /no file of fewstep train: .* format 'pt'/,
    ],
    ['no config', ({ metadata }) => delete metadata.config, /metadata has no 'config'/],
    [
      'a config that is no JSON',
      ({ metadata }) => {
        metadata.config = '{"dim":';
      },
      /'config' is no JSON/,
    ],
    [
      'a config that is null',
      ({ metadata }) => {
        metadata.config = 'null';
      },
      /'config' is malformed/,
    ],
    [
      'a config without width',
      setJson('config', (config) => delete config.width),
      /'config' is malformed: .*width/,
    ],
    [
      'a config with more',
      setJson('config', (config) => {
        config.depth = 3;
      }),
      /'config' is malformed: depth/,
    ],
    [
      'a width that is a text',
      setJson('config', (config) => {
        config.width = '32';
      }),
      /malformed: width: /,
    ],
    [
      'a width of 33',
      setJson('config', (config) => {
        config.width = 33;
      }),
      /width is 33/,
    ],
    [
      'a width of 64',
      setJson('config', (config) => {
        config.width = 64;
      }),
      /shape \[3, 32\], and .* \[3, 64\]/,
    ],
    [
      '9 layers',
      setJson('config', (config) => {
        config.layers = 9;
      }),
      /layers is 9/,
    ],
    [
      '3 layers',
      setJson('config', (config) => {
        config.layers = 3;
      }),
      /'.*layers\.2\.weight' .* is missing/,
    ],
    [
      'a sigma_data of 0',
      setJson('config', (config) => {
        config.sigmaData = 0;
      }),
      /sigmaData is 0/,
    ],
    [
      'an unknown embedding',
      setJson('config', (config) => Object.assign(config.embedding as object, { kind: 'rotary' })),
      /malformed: embedding\.kind: .*"rotary"/,
    ],
    [
      'an unknown prediction',
      setJson('config', (config) =>
        Object.assign(config, { convention: { process: 'flow', prediction: 'u' } }),
      ),
      /malformed: convention\.prediction: /,
    ],
    [
      'an unknown process',
      setJson('config', (config) =>
        Object.assign(config, { convention: { process: 'flows', prediction: 'v' } }),
      ),
      /its config cannot be: unknown process 'flows'/,
    ],
    [
      'half a process',
      setJson('config', (config) =>
        Object.assign(config, { convention: { process: { name: 'own' }, prediction: 'v' } }),
      ),
      /malformed: convention\.process/,
    ],
    ['no scaling', ({ metadata }) => delete metadata.scaling, /metadata has no 'scaling'/],
    [
      'a scale of 0',
      setJson('scaling', (scaling) => {
        scaling.scale = 0;
      }),
      /'scaling' is malformed: scale: /,
    ],
    [
      'an offset of null',
      setJson('scaling', (scaling) => {
        scaling.offset = null;
      }),
      /malformed: offset: /,
    ],
  ];
}
