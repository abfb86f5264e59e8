import { FewstepError } from '../errors.js';
import { random } from '../rng/random.js';
import { MOVES, type TangentPlan } from './tangent-plan.js';

/** Numbers of the hidden layer. */
export const HIDDEN = 32;
/** Features that are figures; the rest are (D - mean) / std. */
export const FIGURES = 8;
/** Numbers of (D - mean) / std that a network reads at most. */
const DIRECTIONS = 64;

/** One tensor within the flat parameters, its rows beside each other. */
export interface TangentTensor {
  name: string;
  shape: [rows: number, columns: number];
  /** Where it starts; a multiple of 4. */
  offset: number;
}

/** The network of one evaluation. */
export interface NetworkTensors {
  /** [HIDDEN, inputs]. */
  hiddenWeight: TangentTensor;
  hiddenBias: TangentTensor;
  /** [MOVES, HIDDEN]. */
  outputWeight: TangentTensor;
  outputBias: TangentTensor;
}

export interface TangentLayout {
  /** Of the states. */
  dim: number;
  /** Numbers of (D - mean) / std among the features. */
  directions: number;
  /** Features as they are stored: a multiple of 4, the last ones 0. */
  inputs: number;
  networks: NetworkTensors[];
  /** Numbers of one network in the flat array. */
  networkSize: number;
  /** What moves for all trajectories, behind the networks. */
  shared: TangentTensor;
  /** Numbers in the flat array, padding included. */
  size: number;
}

/** @param dim of the states */
export function tangentLayout({ evaluations, shared }: TangentPlan, dim: number): TangentLayout {
  const directions = Math.min(dim, DIRECTIONS);
  const inputs = Math.ceil((FIGURES + directions) / 4) * 4;
  let size = 0;
  const add = (name: string, rows: number, columns: number): TangentTensor => {
    const tensor: TangentTensor = { name, shape: [rows, columns], offset: size };
    size += Math.ceil((rows * columns) / 4) * 4;
    return tensor;
  };
  const networks = evaluations.map((_, k) => ({
    hiddenWeight: add(`${k}.hidden.weight`, HIDDEN, inputs),
    hiddenBias: add(`${k}.hidden.bias`, 1, HIDDEN),
    outputWeight: add(`${k}.output.weight`, MOVES, HIDDEN),
    outputBias: add(`${k}.output.bias`, 1, MOVES),
  }));
  const networkSize = size / networks.length;
  return { dim, directions, inputs, networks, networkSize, shared: add('shared', 1, shared), size };
}

/** Fresh parameters with which nothing moves: hidden weights of variance 2 / features, all else 0. */
export function initialTangent(layout: TangentLayout, seed: number): Float32Array {
  const parameters = new Float32Array(layout.size);
  const source = random(seed, 51);
  const features = FIGURES + layout.directions;
  for (const { hiddenWeight } of layout.networks) {
    for (let h = 0; h < HIDDEN; h++) {
      for (let i = 0; i < features; i++) {
        parameters[hiddenWeight.offset + h * layout.inputs + i] = source.normal() * Math.sqrt(2 / features);
      }
    }
  }
  return parameters;
}

/** @throws FewstepError bad-shape where the number of parameters is not that of the layout */
export function checkTangent({ size }: TangentLayout, parameters: ArrayLike<number>): void {
  if (parameters.length === size) return;
  throw new FewstepError(
    'bad-shape',
    `${parameters.length} parameters were given for a tangent network of ${size}`,
    'give the flat parameters that belong to this plan and this number of dimensions',
  );
}
