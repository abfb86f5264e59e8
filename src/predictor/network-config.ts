import { FewstepError } from '../errors.js';
import { random } from '../rng/random.js';

/**
 * What AMED's network g_phi (arXiv 2312.00094) answers besides r, and within which ranges: 1 - scale to 1 + scale; with
 * 0 there is no such head, and the answer is 1.
 */
export interface NetworkConfig {
  /** Of the direction: 0 to below 1. */
  scaleDirection: number;
  /** Of the time that the field is told: 0 to below 1. */
  scaleTime: number;
  /** What of the evaluation at the step's beginning it reads besides the times. */
  reads: FeatureSource;
}

export const FEATURE_SOURCES = ['times', 'state', 'hidden'] as const;
/** 'hidden': the field's own hidden features; 'state': figures of x and D; 'times': nothing. */
export type FeatureSource = (typeof FEATURE_SOURCES)[number];

/** Sizes of g_phi as published (arXiv 2312.00094, appendix; its reference code). */
export const HIDDEN = 128;
/** What it reads of an evaluation, whatever `reads` says: as much as networks have to give (HIDDEN_FEATURES). */
export const READ_FEATURES = 64;
export const BOTTLENECK = 4;
/** Numbers of a time's embedding, sines then cosines. */
export const TIME_CHANNELS = 8;
/** What the heads read: the bottleneck, then both times' embeddings. */
export const HEAD_INPUTS = BOTTLENECK + 2 * TIME_CHANNELS;

export type HeadName = 'r' | 'direction' | 'time';

/** One tensor within the flat parameters, its rows beside each other. */
export interface NetworkTensor {
  name: string;
  shape: [rows: number, columns: number];
  /** Where it starts; a multiple of 4. */
  offset: number;
}

export interface NetworkLayout {
  /** [HIDDEN, READ_FEATURES]. */
  hiddenWeight: NetworkTensor;
  hiddenBias: NetworkTensor;
  /** [HIDDEN, BOTTLENECK]: a row for each hidden number. */
  outputWeight: NetworkTensor;
  outputBias: NetworkTensor;
  /** [TIME_CHANNELS, TIME_CHANNELS], outputs by inputs; one layer for both times. */
  timeWeight: NetworkTensor;
  timeBias: NetworkTensor;
  /** Of each head its weights [HEAD_INPUTS] and its bias behind them. */
  heads: { name: HeadName; weight: NetworkTensor; bias: NetworkTensor }[];
  tensors: NetworkTensor[];
  /** Numbers in the flat array, padding included. */
  size: number;
  /** Numbers that are trained: 8,929 with one head, 8,950 with two, 8,971 with three. */
  count: number;
}

export function networkLayout({ scaleDirection, scaleTime }: NetworkConfig): NetworkLayout {
  const tensors: NetworkTensor[] = [];
  let size = 0;
  const add = (name: string, rows: number, columns: number): NetworkTensor => {
    const tensor: NetworkTensor = { name, shape: [rows, columns], offset: size };
    size += Math.ceil((rows * columns) / 4) * 4;
    tensors.push(tensor);
    return tensor;
  };
  const layout = {
    hiddenWeight: add('hidden.weight', HIDDEN, READ_FEATURES),
    hiddenBias: add('hidden.bias', 1, HIDDEN),
    outputWeight: add('output.weight', HIDDEN, BOTTLENECK),
    outputBias: add('output.bias', 1, BOTTLENECK),
    timeWeight: add('times.weight', TIME_CHANNELS, TIME_CHANNELS),
    timeBias: add('times.bias', 1, TIME_CHANNELS),
  };
  const names: HeadName[] = ['r', ...(scaleDirection > 0 ? ['direction' as const] : [])];
  if (scaleTime > 0) names.push('time');
  const heads = names.map((name) => ({
    name,
    weight: add(`${name}.weight`, 1, HEAD_INPUTS),
    bias: add(`${name}.bias`, 1, 1),
  }));
  const count = tensors.reduce((sum, { shape: [rows, columns] }) => sum + rows * columns, 0);
  return { ...layout, heads, tensors, size, count };
}

/**
 * Fresh parameters as published: normal weights of variance 1 / inputs, the times' layer uniform (Xavier), biases 0.
 * @param start with it the heads' weights are 0 and r is this one everywhere: where a robust training begins
 */
export function initialNetwork(config: NetworkConfig, seed: number, start?: { r: number }): Float32Array {
  const layout = networkLayout(config);
  const parameters = new Float32Array(layout.size);
  const source = random(seed, 50);
  const fill = ({ shape: [rows, columns], offset }: NetworkTensor, draw: () => number) => {
    for (let i = 0; i < rows * columns; i++) parameters[offset + i] = draw();
  };
  const normal = (inputs: number) => () => source.normal() * Math.sqrt(1 / inputs);
  const bound = Math.sqrt(6 / (2 * TIME_CHANNELS));
  fill(layout.hiddenWeight, normal(READ_FEATURES));
  fill(layout.outputWeight, normal(HIDDEN));
  fill(layout.timeWeight, () => source.between(-bound, bound));
  if (!start) for (const { weight } of layout.heads) fill(weight, normal(HEAD_INPUTS));
  if (start) parameters[layout.heads[0].bias.offset] = Math.log(start.r / (1 - start.r));
  return parameters;
}

/** @throws FewstepError bad-shape where the number of parameters is not that of the configuration */
export function checkNetwork(config: NetworkConfig, parameters: ArrayLike<number>): void {
  const { size } = networkLayout(config);
  if (parameters.length === size) return;
  throw new FewstepError(
    'bad-shape',
    `${parameters.length} parameters were given for a predictor of ${size}`,
    'give the flat parameters that belong to this configuration',
  );
}
