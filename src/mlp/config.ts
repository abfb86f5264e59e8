import { checkEntries, type Entries, optional } from '../arguments.js';
import { FewstepError, unknownName } from '../errors.js';
import { parsePrediction } from '../process/prediction.js';
import { processOf } from '../process/tabulated.js';
import type { Convention } from './convention.js';

/** How ln(sigma) / 4 becomes `size` features: cosines, then sines, of `size / 2` frequencies times `scale`. */
export interface Embedding {
  kind: EmbeddingKind;
  /** A multiple of 8, up to 128. */
  size: number;
  /** Factor of all frequencies. */
  scale: number;
}

/**
 * Frequencies of a time's embedding: 'positional', the geometric ladder of transformers; 'fourier', spread like random
 * Fourier features (arXiv 2006.10739), but fixed.
 */
export const EMBEDDING_KINDS = ['fourier', 'positional'] as const;
/** One of EMBEDDING_KINDS. */
export type EmbeddingKind = (typeof EMBEDDING_KINDS)[number];

/**
 * A small denoiser network, D = c_skip x + c_out F(c_in x, c_noise, label), with EDM's preconditioning (Karras et al.,
 * arXiv 2206.00364, table 1) unless it is of another convention.
 */
export interface MlpConfig {
  /** Numbers in a state, 1 to 1024. */
  dim: number;
  /** Width of the hidden layers, 32 to 512, a multiple of 4. */
  width: number;
  /** Hidden layers, 2 to 8. */
  layers: number;
  embedding: Embedding;
  /** Whether each hidden layer from the second on adds to the one before (pre-activation residual). */
  residual: boolean;
  /** Labels of a conditional model; 0 for none. */
  classes: number;
  /** Standard deviation of the data, for the preconditioning. */
  sigmaData: number;
  /** What F predicts, and of which process, in place of EDM's preconditioning. */
  convention?: Convention;
}

/**
 * What a caller must give; the rest has defaults: width 128, 3 layers, no residual, no classes, sigmaData 0.5, an
 * embedding 'fourier' of size 16 and scale 1, EDM's preconditioning.
 */
export type MlpOptions = Pick<MlpConfig, 'dim'> &
  Partial<Omit<MlpConfig, 'embedding'>> & { embedding?: Partial<Embedding> };

const ENTRIES: Entries<MlpOptions> = {
  dim: true,
  width: false,
  layers: false,
  embedding: false,
  residual: false,
  classes: false,
  sigmaData: false,
  convention: false,
};
const EMBEDDING: Embedding = { kind: 'fourier', size: 16, scale: 1 };

/**
 * A configuration with its defaults filled in.
 * @throws FewstepError bad-argument naming the entry, also one that does not exist, or unknown-name for an embedding, a process or a prediction that
 *   does not exist
 */
export function mlpConfig(options: MlpOptions): MlpConfig {
  checkEntries("the network's configuration", options, ENTRIES);
  const {
    dim,
    width = 128,
    layers = 3,
    residual = false,
    classes = 0,
    sigmaData = 0.5,
    convention,
  } = options;
  const { embedding = {} } = options;
  checkEntries<Partial<Embedding>>("the network's embedding", embedding, optional<Embedding>(EMBEDDING));
  const { kind, size, scale } = { ...EMBEDDING, ...embedding };
  checkInteger('dim', dim, 1, 1024);
  checkInteger('width', width, 32, 512, 4);
  checkInteger('layers', layers, 2, 8);
  checkInteger('classes', classes, 0, 65535);
  if (!EMBEDDING_KINDS.includes(kind)) throw unknownName('embedding', kind, EMBEDDING_KINDS);
  checkInteger('embedding.size', size, 8, 128, 8);
  checkPositive('embedding.scale', scale);
  checkPositive('sigmaData', sigmaData);
  if (convention) {
    parsePrediction(convention.prediction);
    processOf(convention.process);
  }
  const network = { dim, width, layers, embedding: { kind, size, scale }, residual, classes, sigmaData };
  return { ...network, ...(convention && { convention }) };
}

/**
 * The embedding's frequencies in turns per unit of c_noise, [size / 2], fixed by the configuration:
 * 'positional' is the geometric ladder 10000^(-2k / size) / 2 pi of transformers; 'fourier' spreads them like
 * random Fourier features (Tancik et al., arXiv 2006.10739), at the quantiles of a Rayleigh distribution.
 */
export function frequencies({ kind, size, scale }: Embedding): Float64Array {
  const count = size / 2;
  return Float64Array.from({ length: count }, (_, k) =>
    kind === 'positional'
      ? (scale * 10000 ** (-k / count)) / (2 * Math.PI)
      : scale * Math.sqrt(-2 * Math.log(1 - (k + 0.5) / count)),
  );
}

/** The hidden layer (from 0) whose activations are the features that a predictor reads. */
export function featureLayer(config: MlpConfig): number {
  return Math.floor((config.layers - 1) / 2);
}

/** How many features there are for one state, whatever the width. */
export const HIDDEN_FEATURES = 64;

/**
 * Feature j is the mean of the activations [first, end) of `featureLayer`: contiguous groups of width / 64, and
 * repeated activations where there are fewer than 64.
 */
export function featureGroup(width: number, j: number): { first: number; end: number } {
  const first = Math.floor((j * width) / HIDDEN_FEATURES);
  return { first, end: Math.max(first + 1, Math.floor(((j + 1) * width) / HIDDEN_FEATURES)) };
}

function checkInteger(name: string, value: number, low: number, high: number, multiple = 1): void {
  if (Number.isInteger(value) && value >= low && value <= high && value % multiple === 0) return;
  throw new FewstepError(
    'bad-argument',
    `the network's ${name} is ${value}`,
    `give ${multiple > 1 ? `a multiple of ${multiple}` : 'a whole number'} from ${low} to ${high}`,
  );
}

function checkPositive(name: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return;
  throw new FewstepError('bad-argument', `the network's ${name} is ${value}`, 'give a positive number');
}
