import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { matrixUnits } from '../gpu/matrix-units.js';
import type { MlpConfig } from './config.js';
import { parameterLayout } from './parameters.js';

/**
 * How a network computes on the GPU. 'f16' stores its parameters as float16; states, activations and every sum are
 * float32. 'f16-matrix' has the activations in float16 too, for an adapter's matrix units (tensor cores), which add up
 * in float32: D and the velocity alone, derivatives are those of 'f16'.
 */
export const PRECISIONS = ['f32', 'f16', 'f16-matrix'] as const;
/** One of PRECISIONS; those of float16 need a device with 'shader-f16'. */
export type Precision = (typeof PRECISIONS)[number];

/** From here on the nearest float16 is infinity: half a step above its largest number, 65504. */
const OVERFLOW = 65520;

/**
 * The bits of parameters as float16, rounded to nearest, ties to even.
 * @throws FewstepError bad-argument naming the tensor of a number that float16 cannot hold
 */
export function halves(config: MlpConfig, parameters: Float32Array): Uint16Array {
  const outside = parameters.findIndex((value) => !(Math.abs(value) < OVERFLOW));
  if (outside >= 0) {
    const { name } = parameterLayout(config).tensors.findLast(({ offset }) => offset <= outside)!;
    throw new FewstepError(
      'bad-argument',
      `${name} holds ${parameters[outside]}, and float16 ends at 65504`,
      'leave this model at precision f32',
    );
  }
  const bits = new Uint32Array(parameters.buffer, parameters.byteOffset, parameters.length);
  return Uint16Array.from(parameters, (value, i) => ((bits[i] >>> 16) & 0x8000) | magnitude(value, bits[i]));
}

/** The numbers that `halves` stores. */
export function roundedToHalf(config: MlpConfig, parameters: Float32Array): Float32Array {
  return Float32Array.from(halves(config, parameters), fromHalf);
}

function magnitude(value: number, bits: number): number {
  const size = Math.abs(value);
  // Below 2^-14 all steps are 2^-24: the bits count them.
  if (size < 2 ** -14) return roundTiesToEven(size * 2 ** 24);
  // 13 bits fewer of the fraction, and an exponent that starts 112 later; a carry into it is right.
  return roundTiesToEven((bits & 0x7fffffff) / 2 ** 13) - (112 << 10);
}

function roundTiesToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Those that a device can compute at. */
export function precisionsOf(gpu: Gpu): Precision[] {
  return PRECISIONS.filter(
    (precision) =>
      precision === 'f32' ||
      (gpu.features.has('shader-f16') && (precision === 'f16' || matrixUnits(gpu) !== undefined)),
  );
}

/** The precision of a network's Jacobian products. */
export function derivativePrecision(precision: Precision): Precision {
  return precision === 'f16-matrix' ? 'f16' : precision;
}

/** @throws FewstepError device-limit where the device cannot read such parameters */
export function checkPrecision({ adapter, features }: Gpu, precision: Precision): void {
  if (precision === 'f32' || features.has('shader-f16')) return;
  throw new FewstepError(
    'device-limit',
    `${adapter.name} cannot read float16 parameters: its device has no shader-f16`,
    'use precision f32, or another adapter; `fewstep doctor` shows what each has, and a browser must ask for shader-f16',
  );
}
