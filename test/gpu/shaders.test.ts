import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AdjointGather, rowShare } from '../../src/execute/adjoint-gather.js';
import { CONTROL } from '../../src/execute/step-control.js';
import { REPEATED_KERNELS, REPEATED_QUADS } from '../../src/execute/update.js';
import { customField } from '../../src/field/custom.js';
import { externalField } from '../../src/field/external.js';
import type { Field } from '../../src/field/field.js';
import type { FusedVariant } from '../../src/field/fused.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { prepareMixture } from '../../src/field/prepared-mixture.js';
import { prepareMixtureDivergence } from '../../src/field/prepared-mixture-divergence.js';
import { prepareMixtureGradient } from '../../src/field/prepared-mixture-gradient.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { compileKernel } from '../../src/gpu/kernel.js';
import type { ShaderVariant } from '../../src/gpu/link.js';
import { matrixUnits } from '../../src/gpu/matrix-units.js';
import { type ShaderName, shaders } from '../../src/gpu/shaders.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { Network } from '../../src/mlp/network.js';
import { initialParameters } from '../../src/mlp/parameters.js';
import { type NetworkBatch, NetworkPasses } from '../../src/mlp/passes.js';
import { derivativePrecision, precisionsOf } from '../../src/mlp/precision.js';
import { askingOf } from '../../src/predictor/fused-asking.js';
import type { FeatureSource, NetworkConfig } from '../../src/predictor/network-config.js';
import { PredictorAdjoint } from '../../src/predictor/predictor-adjoint.js';
import { type PredictorBuffers, PredictorPass } from '../../src/predictor/predictor-pass.js';
import { sidKernels } from '../../src/sid/kernels.js';
import { type AmedSolver, amedSolvers } from '../../src/solver/amed.js';
import { planFor } from '../../src/solver/plan-for.js';
import { TANGENT_ASKING } from '../../src/tangent/fused-asking.js';
import { type TangentBuffers, TangentPass } from '../../src/tangent/tangent-pass.js';
import { trainingKernels } from '../../src/train/kernels.js';
import { LOSS_PROCESSES, LOSSES } from '../../src/train/settings.js';
import { gpu } from '../device.js';
import ownGradient from '../field/custom/gaussian.wgsl';
import user from '../field/custom/two-gaussians.wgsl';
import { randomMixture } from '../field/fixtures.js';
import { randomPredictor } from '../predictor/fixtures.js';
import { eulerSpec, nearEuler, randomTangent } from '../tangent/fixtures.js';

const units = matrixUnits(gpu);
const folder = join(import.meta.dirname, '../../shaders');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.wgsl'),
);

test('every shader file is in the bundle under its path, and nothing else', () => {
  expect(Object.keys(shaders).sort()).toEqual(files.map((file) => file.replace(/\.wgsl$/, '')).sort());
  for (const [name, source] of Object.entries(shaders)) {
    expect(source).toBe(readFileSync(join(folder, `${name}.wgsl`), 'utf8'));
  }
});

/** A field's fused kernel in one variant. */
async function fused(on: Gpu, field: Field, variant: Partial<FusedVariant> = {}): Promise<unknown> {
  const prepared = await field.prepareFused!(on);
  return prepared!.kernel({ places: 3, columned: false, constants: false, noisy: false, ...variant });
}

/** The same with a predictor inside. */
function asked(on: Gpu, field: Field, reads: FeatureSource, solver: AmedSolver): Promise<unknown> {
  const config = { scaleDirection: 0.1, scaleTime: 0, reads };
  const predictor = randomPredictor(solver, field, config, { seed: 1, steps: 2, afs: true });
  return fused(on, field, { columned: true, asking: askingOf(predictor) });
}

/** The same with tangent networks inside. */
function moved(on: Gpu, field: Field): Promise<unknown> {
  return fused(on, field, { columned: true, asking: TANGENT_ASKING });
}

function tangentPass(on: Gpu, dim: number, taped: boolean): Promise<unknown> {
  const predictor = randomTangent(eulerSpec(nearEuler(2, 1, 0.1)), dim, 1);
  return TangentPass.create(on, predictor, {} as TangentBuffers, () => 0, taped);
}

interface PredictorCase {
  solver: AmedSolver;
  field: Field;
  config: NetworkConfig;
}

function predictorPass(on: Gpu, { solver, field, config }: PredictorCase): Promise<unknown> {
  const predictor = randomPredictor(solver, field, config, { seed: 1, steps: 2, afs: false });
  return PredictorPass.create(on, field, predictor, {} as PredictorBuffers, () => 0, true);
}

function predictorAdjoint(on: Gpu, { solver, field, config }: PredictorCase): Promise<unknown> {
  const { predicted } = randomPredictor(solver, field, config, { seed: 1, steps: 2, afs: false });
  const buffers = {} as Parameters<typeof PredictorAdjoint.create>[4];
  return PredictorAdjoint.create(on, predicted, config, {} as PredictorPass, buffers, 1);
}

/** Not compiled where nobody asks for them: they need subgroups of eight, or matrix units (test/bench/updates.test.ts). */
const ONLY_SOMEWHERE: ShaderName[] = [
  'field/mixture_lanes',
  'field/mixture_lanes_vjp',
  'field/mixture_pairs',
  'field/mixture_pairs_vjp',
  'bench/matrix_multiply_add',
  'mlp/lanes/forward',
  'mlp/lanes/jvp',
  'mlp/lanes/vjp',
  'mlp/lanes/weight_gradient',
];

/**
 * What prepares kernels that need more than their name: conditions, constants, modules. The variants to compile
 * are those that the host itself asks for; a kernel that nobody here asks for is compiled as it is.
 */
const PREPARATIONS: ((on: Gpu) => Promise<unknown>)[] = [
  ...(['shared', 'per-component', 'per-dimension'] as const).flatMap((shape) => [
    ...(['registers', 'few', 'tiled'] as const).map(
      (kernel) => (on: Gpu) => prepareMixture(on, randomMixture(1, 5, 3, shape), kernel),
    ),
    ...[1, 2, 3, 4].map((dim) => (on: Gpu) => prepareMixture(on, randomMixture(1, dim, 3, shape), 'small')),
    ...[1, 2, 3, 4, 5].map((dim) => (on: Gpu) => prepareMixtureGradient(on, randomMixture(1, dim, 3, shape))),
    (on: Gpu) => prepareMixtureGradient(on, randomMixture(1, 5, 3, shape), 'tiled'),
    ...[1, 2, 3, 4, 5].map(
      (dim) => (on: Gpu) => prepareMixtureDivergence(on, randomMixture(1, dim, 3, shape)),
    ),
    (on: Gpu) => prepareMixtureDivergence(on, randomMixture(1, 5, 3, shape), 'tiled'),
  ]),
  // Enough components to be met in pairs, where lanes tell each other what they load.
  ...(['shared', 'per-component'] as const).flatMap((shape) => {
    const spec = randomMixture(1, 5, 25, shape);
    const equal = { ...spec, weights: spec.weights.map(() => 1) };
    return [
      ...[spec, equal].flatMap((own) => [
        (on: Gpu) => prepareMixture(on, own),
        (on: Gpu) => prepareMixtureGradient(on, own),
      ]),
      // And above 128 dimensions by lanes of their own.
      (on: Gpu) => prepareMixture(on, randomMixture(1, 130, 3, shape)),
      (on: Gpu) => prepareMixtureGradient(on, randomMixture(1, 130, 3, shape)),
    ];
  }),
  (on) => externalField({ dim: 5, predict: (states) => states }).prepare(on),
  (on) => externalField({ dim: 5, predictOnDevice: ({ states }) => states }).prepare(on),
  (on) => on.kernel('adaptive/control', { constants: { ...CONTROL } }),
  ...REPEATED_KERNELS.flatMap((name) =>
    Object.values(REPEATED_QUADS).map((QUADS) => (on: Gpu) => on.kernel(name, { constants: { QUADS } })),
  ),
  ...(['shared', 'per-component', 'per-dimension'] as const).flatMap((shape) =>
    [1, 2, 3, 4, 6].map(
      (dim) => (on: Gpu) =>
        fused(on, gaussianMixture(randomMixture(1, dim, 3, shape)), {
          columned: dim % 2 === 0,
          constants: dim > 2,
          noisy: dim !== 2,
        }),
    ),
  ),
  ...(['shared', 'per-component', 'per-dimension'] as const).flatMap((shape, i) =>
    [3, 65].map(
      (components) => (on: Gpu) =>
        fused(on, gaussianMixture(randomMixture(1, 130 + i, components, shape)), {
          columned: i !== 1,
          constants: i !== 2,
          noisy: i > 0,
        }),
    ),
  ),
  ...[3, 65].map(
    (components, i) => (on: Gpu) =>
      asked(on, gaussianMixture(randomMixture(1, 131 + i, components, 'shared')), 'state', amedSolvers[i]),
  ),
  (on) => fused(on, customField({ dim: 2, wgsl: user }), { columned: true, constants: true }),
  (on) => fused(on, customField({ dim: 3, wgsl: ownGradient }), { places: 6 }),
  ...amedSolvers.map(
    (solver, i) => (on: Gpu) =>
      asked(on, gaussianMixture(randomMixture(1, [1, 2, 3, 4, 5, 60][i % 6], 3, 'shared')), 'state', solver),
  ),
  (on) => asked(on, customField({ dim: 3, wgsl: ownGradient }), 'times', amedSolvers[0]),
  ...[1, 2, 3, 4, 5, 66].map(
    (dim) => (on: Gpu) => moved(on, gaussianMixture(randomMixture(1, dim, 3, 'shared'))),
  ),
  (on) => moved(on, customField({ dim: 3, wgsl: ownGradient })),
  ...[1, 66].flatMap((dim) => [false, true].map((taped) => (on: Gpu) => tangentPass(on, dim, taped))),
  (on) => customField({ dim: 2, wgsl: user }).prepare(on),
  (on) => customField({ dim: 2, wgsl: user }).prepareGradient!(on),
  (on) => customField({ dim: 3, wgsl: ownGradient }).prepareGradient!(on),
  ...[{}, { label: 1, guidance: 2 }].flatMap((options) => {
    const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 3 });
    const field = mlpField({ config, parameters: initialParameters(config, 0) }, options);
    return [
      field.prepare,
      field.prepareGradient!,
      field.prepareProducts!,
      (on: Gpu) => fused(on, field, { columned: true, constants: true, noisy: true }),
      (on: Gpu) => fused(on, field),
      (on: Gpu) => asked(on, field, 'hidden', amedSolvers[0]),
      (on: Gpu) => asked(on, field, 'state', amedSolvers[0]),
      (on: Gpu) => moved(on, field),
    ];
  }),
  ...[{ residual: true, classes: 3 }, {}].flatMap((options) =>
    [...new Set(precisionsOf(gpu).map(derivativePrecision))].map((precision) => (on: Gpu) => {
      const config = mlpConfig({ dim: 3, width: 32, layers: 2, ...options });
      const network = new Network(on, config, initialParameters(config, 0), precision);
      return NetworkPasses.create(network, { features: {} } as NetworkBatch);
    }),
  ),
  // With tiles that were chosen, wherever lanes would share the weights.
  ...[{ residual: true, classes: 3 }, {}].map((options) => (on: Gpu) => {
    const config = mlpConfig({ dim: 3, width: 32, layers: 2, ...options });
    const tile = { rows: 4, groups: 2, columns: 1, block: 8 } as const;
    const tiles = { forward: tile, backward: tile };
    const network = new Network(on, config, initialParameters(config, 0), 'f32', tiles);
    return NetworkPasses.create(network, { features: {} } as NetworkBatch);
  }),
  ...(units ? [3, 16, 40] : []).flatMap((dim) => {
    const config = mlpConfig({ dim, width: 32, layers: 2, residual: dim > 3, classes: 3 });
    const field = mlpField({ config, parameters: initialParameters(config, 0) }, { precision: 'f16-matrix' });
    return [
      field.prepare,
      (on: Gpu) => fused(on, field, { columned: true, noisy: true }),
      (on: Gpu) => fused(on, field),
      (on: Gpu) => asked(on, field, 'hidden', amedSolvers[0]),
    ];
  }),
  ...LOSSES.flatMap((loss) =>
    LOSS_PROCESSES.map((process) => (on: Gpu) => trainingKernels(on, { classes: 3 }, { loss, process })),
  ),
  ...[true, false].flatMap((normalised) =>
    [0, 3].map((classes) => (on: Gpu) => sidKernels(on, { classes }, { normalised })),
  ),
  ...amedSolvers.flatMap((solver) => {
    const field = customField({ dim: 2, wgsl: user });
    const given = { solver, field, config: { scaleDirection: 0.1, scaleTime: 0.2, reads: 'state' as const } };
    return [(on: Gpu) => predictorPass(on, given), (on: Gpu) => predictorAdjoint(on, given)];
  }),
  (on) => trainingKernels(on, { classes: 0 }, { loss: 'edm', process: 've-geometric' }),
  // Those of hardware, which shares rows, too.
  ...[1, 2, 17, 64, 300].flatMap((dim) =>
    [false, true].flatMap((software) =>
      ['ipndm-2', 'amed-euler'].map((solver) => (on: Gpu) => {
        const plan = planFor({ solver, nfe: 4 });
        return AdjointGather.create(on, dim, plan, rowShare(on, dim, software));
      }),
    ),
  ),
];

/** The kernels that preparations ask for, without compiling them. */
async function askedFor(): Promise<{ name: ShaderName; variant: ShaderVariant }[]> {
  const asked: { name: ShaderName; variant: ShaderVariant }[] = [];
  const recorded = new Error('recorded');
  const recorder = {
    limits: gpu.limits,
    features: gpu.features,
    adapter: gpu.adapter,
    device: gpu.device,
    buffer() {},
    kernel(name: ShaderName, variant: ShaderVariant = {}) {
      asked.push({ name, variant });
      return Promise.reject(recorded);
    },
  } as unknown as Gpu;
  for (const prepare of PREPARATIONS) await expect(prepare(recorder)).rejects.toBe(recorded);
  return asked;
}

test('every kernel links and compiles alone, in every variant', async () => {
  const asked = await askedFor();
  const plain = (Object.keys(shaders) as ShaderName[])
    .filter(
      (name) =>
        shaders[name].includes('@compute') &&
        !ONLY_SOMEWHERE.includes(name) &&
        !asked.some((kernel) => kernel.name === name),
    )
    .map((name) => ({ name, variant: {} }));
  const failures: string[] = [];
  await Promise.all(
    [...asked, ...plain].map(async ({ name, variant }) => {
      try {
        const { layout } = await compileKernel(gpu.device, name, variant);
        // A kernel's entry point is called after its file.
        if (layout.entryPoint !== name.split('/').at(-1))
          failures.push(`${name}: entry point ${layout.entryPoint}`);
      } catch (error) {
        failures.push(`${name} ${JSON.stringify(variant)}: ${(error as Error).message}`);
      }
    }),
  );
  expect(failures.join('\n\n')).toBe('');
  // Some hundred of them: on SwiftShader a slow machine took more than two minutes.
}, 400_000);
