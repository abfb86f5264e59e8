import type { Field } from '../field/field.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import { PROBE_STREAM } from '../rng/streams.js';
import { type DivergenceMethod, type DriftPlace, divergencesOf, type PreparedDrift } from './drift.js';
import { SMALLEST_STEP, type StepPlan } from './step-control.js';

/** What a run is of. */
export interface RunShape {
  field: Field;
  drift: PreparedDrift;
  plan: StepPlan;
  divergence: DivergenceMethod;
  /** Of each trajectory of the batch, of a field that has some. */
  conditions?: Uint32Array;
  /** Trajectories there is room for. */
  capacity: number;
  /** ln sigma at both ends. */
  start: number;
  end: number;
}

/** The kernels of an integration besides the field's own. */
export interface IntegrateKernels {
  stage: Kernel;
  control: Kernel;
  probe: Kernel;
}

/** Dynamic offsets are multiples of it, and the uniforms of stages, controls and probes are smaller. */
const UNIFORM = 256;

/**
 * The uniforms of an integration, and where each stands: those of the stages and of the end of the step, the control's,
 * the probes', and the drift's of each stage. Slots are x, k_1, y, k_2 and on, then the vectors of the divergence.
 */
export class IntegrateUniforms {
  constructor(
    private readonly shape: RunShape,
    private readonly kernels: IntegrateKernels,
    /** Numbers from one slot to the next. */
    private readonly stride: number,
  ) {}

  /** Of all of them, bytes. */
  get size(): number {
    return this.driftAt(this.stages);
  }

  stageAt(stage: number): number {
    return stage * UNIFORM;
  }

  get controlAt(): number {
    return this.stageAt(this.stages + 1);
  }

  probeAt(probe: number): number {
    return this.controlAt + (1 + probe) * UNIFORM;
  }

  driftAt(stage: number): number {
    return this.probeAt(divergencesOf(this.shape.divergence)) + stage * paddedSize(this.shape.drift);
  }

  /** Those of `rows` rows of a chunk whose first trajectory has this index in the whole batch. */
  pack(rows: number, firstTrajectory: number): ArrayBuffer {
    const { plan, field, drift, divergence, capacity, end } = this.shape;
    const { tableau, errors } = plan;
    const { dim } = field;
    const [state, first, proposal, slopes] = [0, 1, 2, 3].map((slot) => slot * this.stride);
    const vectors = (2 + this.stages) * this.stride;
    const quantities = divergencesOf(divergence);
    const common = { state, first, slopes, stride: this.stride, dim, rows };
    const bytes = new ArrayBuffer(this.size);
    const pack = (kernel: keyof IntegrateKernels, value: StructValue, offset: number) =>
      this.kernels[kernel].layout.pack('operation', value, bytes, offset);
    for (const [stage, weights] of [...tableau.a, tableau.b].entries()) {
      const place = { output: proposal, terms: weights.length, fraction: tableau.c[stage] ?? 1 };
      pack(
        'stage',
        { ...common, ...place, weights: weights.map((value) => ({ value })) },
        this.stageAt(stage),
      );
    }
    pack(
      'control',
      {
        ...common,
        proposal,
        capacity,
        quantities,
        stages: this.stages,
        evaluations: plan.evaluations.attempt,
        reuses: plan.reuses ? 1 : 0,
        steps: plan.steps,
        end,
        smallest: SMALLEST_STEP,
        rtol: plan.rtol,
        atol: plan.atol,
        weights: tableau.b.map((solution, j) => ({ solution, error: errors[j] })),
      },
      this.controlAt,
    );
    const stage = (n: number): DriftPlace => ({
      state: proposal,
      output: n === 0 ? first : slopes + (n - 1) * this.stride,
      vectors,
      stride: this.stride,
      trajectories: rows,
      divergence: n * quantities * capacity,
      capacity,
      sigma: { column: 0, scale: 1, offset: 0 },
    });
    for (let n = 0; n < this.stages; n++) drift.pack(stage(n), bytes, this.driftAt(n));
    if (divergence.kind === 'hutchinson') {
      for (let probe = 0; probe < divergence.probes; probe++) {
        const { seed } = divergence;
        const value = {
          vector: vectors + probe * this.stride,
          dim,
          trajectories: rows,
          first_trajectory: firstTrajectory,
          seed_low: seed >>> 0,
          seed_high: Math.floor(seed / 2 ** 32) >>> 0,
          probe,
          stream: PROBE_STREAM,
        };
        pack('probe', value, this.probeAt(probe));
      }
    }
    return bytes;
  }

  private get stages(): number {
    return this.shape.plan.tableau.b.length;
  }
}

/** Bytes from one drift's uniforms to the next. */
function paddedSize({ operationSize }: PreparedDrift): number {
  return Math.ceil(operationSize / UNIFORM) * UNIFORM;
}
