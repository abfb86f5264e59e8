import { type FusedVariant, fusedField } from '../../src/field/fused.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { prepareMixture } from '../../src/field/prepared-mixture.js';
import { prepareMixtureDivergence } from '../../src/field/prepared-mixture-divergence.js';
import { prepareMixtureGradient } from '../../src/field/prepared-mixture-gradient.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { type Precision, precisionsOf } from '../../src/mlp/precision.js';
import { TILE_USES, type TileUse } from '../../src/mlp/tile.js';
import { timeTiles } from '../../src/mlp/timed-tile.js';
import { tileName, workPlansFor } from '../../src/mlp/work-tile.js';
import { TANGENT_ASKING } from '../../src/tangent/fused-asking.js';
import { randomMixture, randomModel, randomSpec } from '../random-fields.js';

/** Something whose kernels are compiled. */
export interface RegisterSubject {
  name: string;
  /** @param part says what is compiled from here on, of several parts */
  compile(gpu: Gpu, part: (name: string) => void): Promise<unknown>;
}

const COMPONENTS = 10;

/** A whole plan of a mixture that keeps so many states. */
function plan(dim: number, places: number, more: Partial<FusedVariant> = {}): RegisterSubject {
  const asks = more.asking ? ', tangent networks' : '';
  return {
    name: `plan of ${places} states, mixture, ${dim}-D${asks}`,
    async compile(gpu) {
      const fused = await fusedField(gpu, randomMixture(dim, COMPONENTS));
      await fused!.kernel({ places, columned: false, constants: false, noisy: false, ...more });
    },
  };
}

const PASSES = {
  D: prepareMixture,
  'vector-Jacobian product': prepareMixtureGradient,
  divergence: prepareMixtureDivergence,
} satisfies Record<string, (gpu: Gpu, spec: MixtureSpec) => Promise<unknown>>;

function pass(name: keyof typeof PASSES, dim: number): RegisterSubject {
  return {
    name: `${name}, mixture, ${dim}-D`,
    compile: (gpu) => PASSES[name](gpu, randomSpec(dim, COMPONENTS)),
  };
}

/** Each tile that a network of three hidden layers might get. */
function network(dim: number, width: number, use: TileUse, precision: Precision): RegisterSubject {
  return {
    name: `network ${dim}-${width}, ${use}, ${precision}`,
    async compile(gpu, part) {
      if (!precisionsOf(gpu).includes(precision)) return;
      const model = randomModel(dim, width);
      for (const tile of workPlansFor(gpu, model.config, use, precision)) {
        part(tileName(tile));
        await timeTiles(gpu, model, [tile], { use, precision, trajectories: 64 });
      }
    },
  };
}

/** Mixtures: whole plans, evaluations and products. Networks: by tile. */
export function registerSubjects(): RegisterSubject[] {
  const dims = [2, 16, 64, 128, 256];
  return [
    ...dims.flatMap((dim) => [3, 6, 12, 24].map((places) => plan(dim, places))),
    ...[2, 16, 64, 128].map((dim) => plan(dim, 6, { columned: true, asking: TANGENT_ASKING })),
    ...dims.flatMap((dim) => (Object.keys(PASSES) as (keyof typeof PASSES)[]).map((name) => pass(name, dim))),
    ...[
      [2, 64],
      [64, 256],
    ].flatMap(([dim, width]) => [
      ...TILE_USES.map((use) => network(dim, width, use, 'f32')),
      network(dim, width, 'together', 'f16-matrix'),
    ]),
  ];
}
