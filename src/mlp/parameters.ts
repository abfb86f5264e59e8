import { FewstepError } from '../errors.js';
import { random } from '../rng/random.js';
import type { MlpConfig } from './config.js';

/** One tensor within the flat parameters: rows of `columns` numbers, each `stride` after the one before. */
export interface Tensor {
  name: string;
  rows: number;
  columns: number;
  /** Where it starts; a multiple of 4. */
  offset: number;
  /** From one row to the next; a multiple of 4. What lies between rows is zero and stays zero. */
  stride: number;
}

/**
 * Where one layer's parameters are: [weight; time; bias] follow each other as one matrix of `stride` columns, the
 * inputs of a layer being its state, the time embedding and 1. Weights are [inputs, outputs].
 */
export interface LayerTensors {
  weight: Tensor;
  time: Tensor;
  bias: Tensor;
}

/** The flat parameters of a network, as they lie in memory on the host and on the GPU. */
export interface ParameterLayout {
  /** Hidden layers, then the output layer. */
  layers: LayerTensors[];
  /** Added to the time embedding: a row per label, the last for 'no label'. */
  labels?: Tensor;
  /** All of them, in their order. */
  tensors: Tensor[];
  /** Numbers in the flat array, padding included. */
  size: number;
  /** Numbers that are trained. */
  count: number;
}

/**
 * Where each tensor of a network is in its flat parameters: what model files and one's own weights are arranged by.
 * @param config as `mlpConfig` gives it; it is not checked again
 */
export function parameterLayout(config: MlpConfig): ParameterLayout {
  const { dim, width, layers: hidden, embedding, classes } = config;
  const tensors: Tensor[] = [];
  let size = 0;
  const add = (name: string, rows: number, columns: number, room = rows): Tensor => {
    const tensor = { name, rows, columns, offset: size, stride: padded(columns) };
    size += room * tensor.stride;
    tensors.push(tensor);
    return tensor;
  };
  const layers = Array.from({ length: hidden + 1 }, (_, l): LayerTensors => {
    const inputs = l === 0 ? dim : width;
    const outputs = l === hidden ? dim : width;
    const name = l === hidden ? 'output' : `layers.${l}`;
    return {
      weight: add(`${name}.weight`, inputs, outputs, padded(inputs)),
      time: add(`${name}.time`, embedding.size, outputs),
      bias: add(`${name}.bias`, 1, outputs),
    };
  });
  const labels = classes > 0 ? add('labels', classes + 1, embedding.size) : undefined;
  const count = tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  return { layers, labels, tensors, size, count };
}

/**
 * Fresh parameters: He's normal weights for the hidden layers (SiLU halves a variance as ReLU does), time
 * projections and labels likewise, biases 0, and an output layer of 0, so that D = c_skip x at first.
 * @param seed integer from 0 to 2^53 - 1
 */
export function initialParameters(config: MlpConfig, seed: number): Float32Array {
  const { layers, labels, size } = parameterLayout(config);
  const parameters = new Float32Array(size);
  const draw = random(seed);
  const fill = (tensor: Tensor, std: number) => {
    for (let row = 0; row < tensor.rows; row++) {
      const start = tensor.offset + row * tensor.stride;
      for (let i = start; i < start + tensor.columns; i++) parameters[i] = std * draw.normal();
    }
  };
  for (const { weight, time } of layers.slice(0, -1)) {
    // The states that the first layer reads have variance 1, and no activation before it to make up for.
    const gain = weight === layers[0].weight ? 1 : 2;
    fill(weight, Math.sqrt(gain / weight.rows));
    // Half of an embedding's squares are 1/2 on average: its norm is size / 2.
    fill(time, Math.sqrt(1 / time.rows));
  }
  if (labels) fill(labels, Math.SQRT1_2);
  return parameters;
}

/** @throws FewstepError bad-shape where the number of parameters is not that of the configuration */
export function checkParameters(config: MlpConfig, parameters: ArrayLike<number>): void {
  const { size } = parameterLayout(config);
  if (parameters.length === size) return;
  throw new FewstepError(
    'bad-shape',
    `${parameters.length} parameters were given for a network of ${size}`,
    'give the flat parameters that belong to this configuration',
  );
}

function padded(count: number): number {
  return Math.ceil(count / 4) * 4;
}
