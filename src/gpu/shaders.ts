import dispatch from '../../shaders/batch/dispatch.wgsl';
import scalar from '../../shaders/batch/scalar.wgsl';
import slots from '../../shaders/batch/slots.wgsl';
import status from '../../shaders/batch/status.wgsl';
import axpy from '../../shaders/doctor/axpy.wgsl';
import custom from '../../shaders/field/custom.wgsl';
import evaluate from '../../shaders/field/evaluate.wgsl';
import mixture from '../../shaders/field/mixture.wgsl';
import mixtureSmall from '../../shaders/field/mixture_small.wgsl';
import mixtureTiled from '../../shaders/field/mixture_tiled.wgsl';
import normal from '../../shaders/rng/normal.wgsl';
import threefry from '../../shaders/rng/threefry.wgsl';
import combine from '../../shaders/update/combine.wgsl';
import euler from '../../shaders/update/euler.wgsl';
import eulerAt from '../../shaders/update/euler_at.wgsl';
import heun from '../../shaders/update/heun.wgsl';

/** Every shader by its path under `shaders/`, so that a browser bundle carries them; a test compares with the folder. */
export const shaders = {
  'batch/dispatch': dispatch,
  'batch/scalar': scalar,
  'batch/slots': slots,
  'batch/status': status,
  'doctor/axpy': axpy,
  'field/custom': custom,
  'field/evaluate': evaluate,
  'field/mixture': mixture,
  'field/mixture_small': mixtureSmall,
  'field/mixture_tiled': mixtureTiled,
  'rng/normal': normal,
  'rng/threefry': threefry,
  'update/combine': combine,
  'update/euler': euler,
  'update/euler_at': eulerAt,
  'update/heun': heun,
} as const;

export type ShaderName = keyof typeof shaders;
