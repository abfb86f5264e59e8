import { FewstepError } from '../errors.js';
import { shapeText } from '../io/array.js';
import type { StoredTensor } from '../io/safetensors.js';
import type { MlpConfig } from './config.js';
import { checkParameters, parameterLayout, type Tensor } from './parameters.js';

/**
 * Flat parameters as named tensors [rows, columns], without the padding of their rows: weights are
 * [inputs, outputs], biases [1, outputs].
 *
 * @param prefix goes before every name
 * @throws FewstepError bad-shape where the parameters are not those of the configuration
 */
export function storedParameters(
  config: MlpConfig,
  parameters: Float32Array,
  prefix = '',
): [string, StoredTensor][] {
  checkParameters(config, parameters);
  return parameterLayout(config).tensors.map((tensor) => {
    const { name, rows, columns } = tensor;
    const values = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) values.set(rowOf(parameters, tensor, row), row * columns);
    return [prefix + name, { shape: [rows, columns], values }];
  });
}

/**
 * The flat parameters that `storedParameters` gave the names of, bit for bit.
 *
 * @param file for errors
 * @throws FewstepError bad-data naming a tensor that is missing or has another shape or element type
 */
export function flatParameters(
  config: MlpConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  file: string,
  prefix = '',
): Float32Array {
  const { tensors: expected, size } = parameterLayout(config);
  const parameters = new Float32Array(size);
  for (const tensor of expected) {
    const { rows, columns } = tensor;
    const name = prefix + tensor.name;
    const found = tensors.get(name);
    if (!found) throw misfit(file, `tensor '${name}' of shape ${shapeText([rows, columns])} is missing`);
    const { shape, values } = found;
    if (shape.length !== 2 || shape[0] !== rows || shape[1] !== columns) {
      const needed = `its configuration needs ${shapeText([rows, columns])}`;
      throw misfit(file, `tensor '${name}' has the shape ${shapeText(shape)}, and ${needed}`);
    }
    if (!(values instanceof Float32Array)) throw misfit(file, `tensor '${name}' is F64, not F32`);
    for (let row = 0; row < rows; row++) {
      rowOf(parameters, tensor, row).set(values.subarray(row * columns, (row + 1) * columns));
    }
  }
  return parameters;
}

/**
 * Refuses tensors that a configuration has no place for.
 * @param prefixes what may stand before the names
 */
export function checkNothingElse(
  config: MlpConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  file: string,
  prefixes: readonly string[] = [''],
): void {
  const { tensors: expected } = parameterLayout(config);
  const known = new Set(prefixes.flatMap((prefix) => expected.map(({ name }) => prefix + name)));
  for (const name of tensors.keys()) {
    if (!known.has(name)) throw misfit(file, `tensor '${name}' has no place in its configuration`);
  }
}

function rowOf(parameters: Float32Array, { offset, stride, columns }: Tensor, row: number): Float32Array {
  return parameters.subarray(offset + row * stride, offset + row * stride + columns);
}

function misfit(file: string, what: string): FewstepError {
  return new FewstepError(
    'bad-data',
    `${file}: ${what}`,
    'copy the file again, or train again: weights and configuration must be of the same model',
  );
}
