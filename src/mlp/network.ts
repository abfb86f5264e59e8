import type { planVariant } from '../field/fused.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { ShaderName } from '../gpu/shaders.js';
import { featureLayer, frequencies, type MlpConfig } from './config.js';
import { ConventionTable } from './convention.js';
import { type LanePlan, lanePlan } from './lane-plan.js';
import { checkParameters, type ParameterLayout, parameterLayout } from './parameters.js';
import { checkPrecision, halves, type Precision } from './precision.js';
import type { TileUse } from './tile.js';
import type { WorkPlan } from './work-plan.js';
import { type WorkTile, type WorkTiles, workPlan, workPlansFor } from './work-tile.js';

/** The kernels of a network; each is compiled when it is first asked for. */
export type NetworkKernel = Extract<
  ShaderName,
  'fused/mlp' | 'mlp/forward' | 'mlp/jvp' | 'mlp/vjp' | 'mlp/weight_gradient' | 'mlp/reduce' | 'mlp/transpose'
>;

/** Those with another form where lanes share the weights (src/mlp/lane-plan.ts). */
const LANE_KERNELS = {
  'mlp/forward': 'mlp/lanes/forward',
  'mlp/jvp': 'mlp/lanes/jvp',
  'mlp/vjp': 'mlp/lanes/vjp',
  'mlp/weight_gradient': 'mlp/lanes/weight_gradient',
} as const;

/** Those that know shaders/mlp/matrix.wgsl, as long as they keep no tape. */
const ON_MATRIX_UNITS: readonly NetworkKernel[] = ['fused/mlp', 'mlp/forward'];

/** Variants of the forward and the vector-Jacobian pass. */
export interface NetworkVariant {
  /** forward: keep the tape that the other passes need. */
  taped?: boolean;
  /** forward: write the hidden features. */
  features?: boolean;
  /** forward: classifier-free guidance, two networks' worth of operations; vjp: one of the two products of it. */
  guided?: boolean;
  /** vjp: keep the deltas that the weights' gradient needs. */
  recorded?: boolean;
  /** Whole plans: all trajectories are always told one sigma and one label. */
  together?: boolean;
}

/**
 * A network's parameters on one device, and its kernels. The parameters may change at any time, by `upload` or by
 * kernels that write the buffer; `transpose` must then run before the next vector-Jacobian product.
 */
export class Network {
  readonly layout: ParameterLayout;
  /** [layout.size] as parameterLayout says, float32 or float16. */
  readonly parameters: GPUBuffer;
  /** Frequencies of the time embedding, then the table of a convention, where the network has one. */
  readonly frequencies: GPUBuffer;
  private transposedBuffer?: GPUBuffer;
  /** How the passes share out work where lanes share the weights; undefined elsewhere, and where tiles were given. */
  readonly lanes: LanePlan | undefined;
  private rowBuffer?: GPUBuffer;

  /**
   * @throws FewstepError bad-shape where the parameters are not those of the configuration; at precision f16
   *   device-limit where the device cannot read it, bad-argument for parameters that it cannot hold
   */
  constructor(
    readonly gpu: Gpu,
    readonly config: MlpConfig,
    parameters: Float32Array,
    readonly precision: Precision = 'f32',
    /** Instead of those that suit the adapter. */
    private readonly tiles: WorkTiles = {},
  ) {
    checkPrecision(gpu, precision);
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    this.layout = parameterLayout(config);
    const chosen = precision === 'f16-matrix' || Object.keys(tiles).length > 0;
    this.lanes = chosen ? undefined : lanePlan(gpu, config);
    this.parameters = gpu.buffer('parameters', STORAGE | COPY_SRC | COPY_DST, this.stored(parameters));
    this.frequencies = gpu.buffer(
      'embedding frequencies',
      STORAGE,
      Float32Array.from([...frequencies(config.embedding), ...conventionNumbers(config)]),
    );
  }

  /** Replaces the parameters. */
  upload(parameters: Float32Array): void {
    this.gpu.device.queue.writeBuffer(this.parameters, 0, this.stored(parameters));
  }

  /** The matrices of all layers, transposed by `transpose`; made when first asked for. */
  get transposed(): GPUBuffer {
    const size = 4 * this.bytes * this.transposedQuads;
    this.transposedBuffer ??= this.gpu.buffer('transposed parameters', GPUBufferUsage.STORAGE, size);
    return this.transposedBuffer;
  }

  /** How many vec4 `transposed` holds. */
  get transposedQuads(): number {
    const { dim, width, layers, embedding } = this.config;
    const padded = Math.ceil(dim / 4) * 4;
    const first = width * (padded + embedding.size);
    return (first + ((layers - 1) * width + padded) * (width + embedding.size)) / 4;
  }

  /** How a workgroup of the forward pass, the Jacobian-vector product, or backwards the vector-Jacobian product works. */
  plan(use: TileUse = 'forward'): WorkPlan {
    return this.lanes ?? this.tilePlan(use);
  }

  /** Workgroups of a pass over a batch. */
  workgroups(use: TileUse, trajectories: number): [x: number, y: number] {
    const tiles = Math.ceil(trajectories / this.plan(use).trajectories);
    return folded(Math.min(tiles, this.lanes?.most ?? Number.POSITIVE_INFINITY));
  }

  /** What all passes read, by names in the shaders. `numbers` is for what lanes keep: they are done with it when they end. */
  get bindings(): Record<string, GPUBuffer> {
    const { parameters, frequencies, lanes, gpu } = this;
    const common = { weights: parameters, frequencies };
    if (!lanes?.rowBytes) return common;
    this.rowBuffer ??= gpu.buffer('rows of lanes', GPUBufferUsage.STORAGE, lanes.rowBytes);
    return { ...common, numbers: this.rowBuffer };
  }

  /** The same where invocations share out a tile: a kernel of whole plans always does. */
  tilePlan(use: TileUse): WorkPlan & WorkTile {
    const tile = this.tiles[use];
    return tile
      ? workPlan(this.gpu, this.config, tile, use)
      : workPlansFor(this.gpu, this.config, use, this.precision)[0];
  }

  /** @param fused a plan's conditions and constants besides */
  kernel(
    name: NetworkKernel,
    variant: NetworkVariant = {},
    fused?: ReturnType<typeof planVariant>,
  ): Promise<Kernel> {
    const { dim, width, layers, embedding, classes, sigmaData, residual, convention } = this.config;
    const { taped = false, features = false, guided = false, recorded = false, together = false } = variant;
    if (this.precision === 'f16-matrix' && (taped || !ON_MATRIX_UNITS.includes(name))) {
      throw new Error(`'${name}' has no form for matrix units: ask a network of derivativePrecision`);
    }
    const laned = this.lanes && name in LANE_KERNELS && LANE_KERNELS[name as keyof typeof LANE_KERNELS];
    const use = name === 'mlp/vjp' ? 'backward' : together ? 'together' : 'forward';
    const plan = laned ? this.lanes! : this.tilePlan(use);
    return this.gpu.kernel(laned || name, {
      conditions: {
        residual,
        convention: convention !== undefined,
        labelled: classes > 0,
        taped,
        features,
        guided,
        recorded,
        together,
        // The output layer, by the state's size: mlp/layers.wgsl.
        by_row: dim <= 4,
        by_parts: dim > 4 && dim <= width,
        wide: dim > width,
        half: this.precision !== 'f32',
        ...plan.conditions,
        ...fused?.conditions,
      },
      constants: {
        DIM: dim,
        DIM_QUADS: Math.ceil(dim / 4),
        WIDTH_QUADS: width / 4,
        EMBEDDING_QUADS: embedding.size / 4,
        LAYERS: layers,
        CLASSES: classes,
        SIGMA_DATA: sigmaData,
        FEATURE_LAYER: featureLayer(this.config),
        PARAMETER_QUADS: this.layout.size / 4,
        ...plan.constants,
        ...fused?.constants,
      },
    });
  }

  /** Bytes on the device. */
  get allocated(): number {
    const made = [this.parameters, this.frequencies, this.transposedBuffer, this.rowBuffer];
    return made.reduce((sum, buffer) => sum + (buffer?.size ?? 0), 0);
  }

  /** Bytes of a parameter. */
  private get bytes(): number {
    return this.precision === 'f32' ? 4 : 2;
  }

  private stored(parameters: Float32Array): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
    checkParameters(this.config, parameters);
    if (this.precision === 'f32') return parameters as Float32Array<ArrayBuffer>;
    return halves(this.config, parameters) as Uint16Array<ArrayBuffer>;
  }

  destroy(): void {
    this.parameters.destroy();
    this.frequencies.destroy();
    this.transposedBuffer?.destroy();
    this.rowBuffer?.destroy();
  }
}

function conventionNumbers({ convention, sigmaData }: MlpConfig): Float32Array {
  return convention ? new ConventionTable(convention, sigmaData).packed() : new Float32Array(0);
}
