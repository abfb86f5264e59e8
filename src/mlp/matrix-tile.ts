import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { type MatrixUnits, matrixUnits } from '../gpu/matrix-units.js';
import type { MlpConfig } from './config.js';
import type { TileUse } from './tile.js';
import { fits, type WorkPlan } from './work-plan.js';

/** How the subgroups of a workgroup share out its trajectories and a layer's outputs: shaders/mlp/matrix.wgsl. */
export interface MatrixTile {
  /** Blocks of trajectories of a subgroup. */
  bands: number;
  /** Blocks of outputs of a subgroup. */
  spans: number;
  /** Subgroups that have the same outputs, and other trajectories. */
  down: number;
}

export interface MatrixPlan extends MatrixTile, WorkPlan {}

/**
 * The first is what a kernel written for comparison had on an H100 (docs/performance.md); the others spare registers, make
 * more of what they load, or find room for a width of 256 in the 48 KiB of NVIDIA's workgroups, as those of three bands do.
 */
const CANDIDATES: readonly MatrixTile[] = [
  { bands: 4, spans: 2, down: 1 },
  { bands: 4, spans: 1, down: 1 },
  { bands: 4, spans: 4, down: 1 },
  { bands: 2, spans: 2, down: 2 },
  { bands: 4, spans: 2, down: 2 },
  { bands: 3, spans: 2, down: 1 },
  { bands: 3, spans: 4, down: 1 },
  { bands: 2, spans: 4, down: 1 },
  { bands: 2, spans: 2, down: 1 },
  { bands: 2, spans: 1, down: 1 },
  { bands: 1, spans: 1, down: 1 },
];

/**
 * The tiles that fit into an adapter's matrix units, the one that a network gets unless measuring says otherwise first.
 * @throws FewstepError device-limit where the device has no such units or no room, bad-argument where the network's sizes
 *   are no multiples of theirs
 */
export function matrixTilesFor(gpu: Gpu, config: MlpConfig, use: TileUse): [MatrixPlan, ...MatrixPlan[]] {
  const units = unitsFor(gpu, config);
  const blocks = config.width / units.n;
  const possible = CANDIDATES.filter(({ spans }) => blocks % spans === 0);
  const plans = possible.map((tile) => planWith(units, config, tile, use));
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize } = gpu.limits;
  const [first, ...others] = plans.filter((plan) => fits(gpu, plan));
  if (first) return [first, ...others];
  const least = plans[plans.length - 1];
  throw new FewstepError(
    'device-limit',
    `on matrix units a network of width ${config.width} needs ${least.invocations} invocations and ${least.bytes} bytes ` +
      `of workgroup memory; ${gpu.adapter.name} allows ${maxComputeInvocationsPerWorkgroup} and ${maxComputeWorkgroupStorageSize}`,
    'use precision f16 or f32, or a narrower network',
  );
}

/** What follows from a tile. */
export function matrixPlan(gpu: Gpu, config: MlpConfig, tile: MatrixTile, use: TileUse): MatrixPlan {
  return planWith(unitsFor(gpu, config), config, tile, use);
}

function planWith(
  { m, n, k, subgroup }: MatrixUnits,
  config: MlpConfig,
  { bands, spans, down }: MatrixTile,
  use: TileUse,
): MatrixPlan {
  const { width, dim, embedding } = config;
  const across = width / n / spans;
  const trajectories = m * bands * down;
  const invocations = subgroup * across * down;
  // As shaders/mlp/{matrix_tile,matrix,conditioning,task}.wgsl declare it: activations, sums, shifts, embedding, scales.
  const stride = Math.ceil((width + (use === 'together' ? 0 : embedding.size)) / 8) * 8 + 8;
  const bytes =
    2 * trajectories * stride +
    4 * across * down * spans * m * n +
    32 * Math.ceil(Math.max(width, dim) / 4) +
    4 * embedding.size +
    16 * trajectories;
  return {
    ...{ bands, spans, down, trajectories, invocations, bytes },
    conditions: { matrix: true, matrix_output: dim % 8 === 0 },
    constants: {
      ROWS: trajectories,
      GROUPS: 1,
      LANES: invocations,
      SUBGROUP: subgroup,
      ACROSS: across,
      BANDS: bands,
      SPANS: spans,
      UNIT_M: m,
      UNIT_N: n,
      UNIT_K: k,
    },
  };
}

function unitsFor(gpu: Gpu, { width, embedding }: MlpConfig): MatrixUnits {
  const units = matrixUnits(gpu);
  if (!units) {
    throw new FewstepError(
      'device-limit',
      `${gpu.adapter.name} has no matrix units that WebGPU could use here (chromium-experimental-subgroup-matrix)`,
      'use precision f16 or f32, or another adapter; `fewstep doctor` shows what each has',
    );
  }
  const { m, n, k } = units;
  const wrong = (size: number, unit: number) => size % unit !== 0;
  if (wrong(width, n) || wrong(width, k) || wrong(embedding.size, k)) {
    throw new FewstepError(
      'bad-argument',
      `the matrix units of ${gpu.adapter.name} multiply blocks of ${m} x ${k} by ${k} x ${n}, and this network is ` +
        `${width} wide with an embedding of ${embedding.size}`,
      `use precision f16 or f32, or a network whose width and embedding are multiples of ${Math.max(n, k)}`,
    );
  }
  return units;
}
