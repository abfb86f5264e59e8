import type { BoundField } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import { divergencesOf, type PreparedDrift } from './drift.js';
import { type IntegrateKernels, IntegrateUniforms, type RunShape } from './integrate-uniforms.js';
import type { Integration } from './integration.js';
import { CONTROL, type Failure, firstStep, type StepPlan } from './step-control.js';

interface Buffers {
  slots: GPUBuffer;
  /** Of each row, sigma. */
  columns: GPUBuffer;
  status: GPUBuffer;
  operation: GPUBuffer;
  places: GPUBuffer;
  trajectories: GPUBuffer;
  divergences: GPUBuffer;
  logDeterminants: GPUBuffer;
  counts: GPUBuffer;
}

/** Attempts in one submit, after which the host reads how many trajectories still run: 8 bytes. */
const CADENCE = 4;
/** Numbers of struct Trajectory of shaders/adaptive/trajectory.wgsl, and where some of them are. */
const FIELDS = 9;
const AT = { time: 0, step: 1, error: 2, shortest: 3, state: 4, evaluations: 5, rejected: 7 };
const STATES = ['running', 'finished', 'stuck', 'broken'] as const;

/**
 * The buffers, bind groups and uniforms of one integration, used again for each chunk of its batch. What a trajectory
 * keeps stands at its place in the chunk; what an attempt makes stands in rows, which are the places that still run. The
 * host makes the rows anew when it has read that some have ended, so that these cost at most CADENCE - 1 idle attempts.
 */
export class IntegrateRun {
  /** Trajectories of the chunk that have not ended, as of the last status. */
  running = 0;
  private rows: Uint32Array<ArrayBuffer> = new Uint32Array();
  private first = 0;
  private taken = 0;
  private count = 0;

  private constructor(
    private readonly gpu: Gpu,
    private readonly shape: RunShape,
    private readonly kernels: IntegrateKernels,
    private readonly uniforms: IntegrateUniforms,
    private readonly buffers: Buffers,
    private readonly drift: BoundField,
    private readonly groups: Record<keyof IntegrateKernels, GPUBindGroup>,
  ) {}

  /** Slots: x, k_1, y, k_2 and on, then the vectors of the divergence. */
  static slots({ tableau }: StepPlan, { vectors }: PreparedDrift): number {
    return 2 + tableau.b.length + vectors;
  }

  /** Compiles what is not compiled yet, and allocates. */
  static async create(gpu: Gpu, shape: RunShape): Promise<IntegrateRun> {
    const { field, drift, plan, divergence, capacity } = shape;
    const [stage, control, probe] = await Promise.all([
      gpu.kernel('adaptive/stage'),
      gpu.kernel('adaptive/control', { constants: { ...CONTROL } }),
      gpu.kernel('divergence/probe'),
    ]);
    const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = GPUBufferUsage;
    const stride = Math.ceil((capacity * field.dim) / 64) * 64;
    const stages = plan.tableau.b.length;
    const quantities = divergencesOf(divergence);
    const buffer = (label: string, numbers: number, usage = STORAGE | COPY_SRC | COPY_DST) =>
      gpu.buffer(label, usage, 4 * Math.max(2, numbers));
    const kernels = { stage, control, probe };
    const uniforms = new IntegrateUniforms(shape, kernels, stride);
    const buffers: Buffers = {
      slots: buffer('slots', IntegrateRun.slots(plan, drift) * stride),
      columns: buffer('sigmas', capacity),
      status: buffer('status', 2 + capacity),
      operation: buffer('operations', uniforms.size / 4, UNIFORM | COPY_DST),
      places: buffer('places', capacity),
      trajectories: buffer('trajectories', FIELDS * capacity),
      divergences: buffer('divergences', stages * quantities * capacity),
      logDeterminants: buffer('log-determinants', 2 * quantities * capacity),
      counts: buffer('counts', 2),
    };
    const { logDeterminants, ...named } = buffers;
    const byName = { ...named, log_determinants: logDeterminants };
    return new IntegrateRun(gpu, shape, kernels, uniforms, buffers, drift.bind({ ...buffers, capacity }), {
      stage: stage.bind(byName),
      control: control.bind(byName),
      probe: probe.bind(byName),
    });
  }

  /** Begins a chunk: states [count, dim] of the trajectories from `first` on. */
  begin(first: number, states: Float32Array<ArrayBuffer>): void {
    const { queue } = this.gpu.device;
    const { plan, field, start, end } = this.shape;
    this.first = first;
    this.taken = 0;
    this.count = states.length / field.dim;
    this.running = this.count;
    const bytes = new ArrayBuffer(4 * FIELDS * this.count);
    const [floats, words] = [new Float32Array(bytes), new Uint32Array(bytes)];
    const step = plan.steps > 0 ? (end - start) / plan.steps : firstStep(start, end);
    for (let i = 0; i < this.count; i++) {
      const at = i * FIELDS;
      floats.set([start, step, 1, Math.abs(end - start)], at + AT.time);
      words[at + AT.evaluations] = plan.evaluations.first;
    }
    queue.writeBuffer(this.buffers.slots, 0, states);
    queue.writeBuffer(this.buffers.trajectories, 0, bytes);
    this.place(Uint32Array.from({ length: this.count }, (_, place) => place));
    const encoder = this.gpu.device.createCommandEncoder();
    encoder.clearBuffer(this.buffers.logDeterminants);
    const pass = encoder.beginComputePass();
    this.recordProbes(pass);
    if (plan.reuses) {
      // With no terms the stage is the state itself, and its slope the first one of the first step.
      this.recordStage(pass, 0);
      this.recordDrift(pass, 0);
    }
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Makes some attempts of all rows, and reads how many trajectories still run. */
  async advance(): Promise<void> {
    const { steps } = this.shape.plan;
    const attempts = steps > 0 ? Math.min(CADENCE, steps - this.taken) : CADENCE;
    this.taken += attempts;
    const encoder = this.gpu.device.createCommandEncoder();
    const record = (count: number) => {
      const pass = encoder.beginComputePass();
      for (let i = 0; i < count; i++) this.recordAttempt(pass);
      pass.end();
    };
    if (attempts > 1) record(attempts - 1);
    // Only the last attempt counts.
    encoder.clearBuffer(this.buffers.counts);
    record(1);
    this.gpu.device.queue.submit([encoder.finish()]);
    const [running] = new Uint32Array(await this.gpu.read(this.buffers.counts));
    if (running > 0 && running < this.rows.length) {
      const words = new Uint32Array(await this.gpu.read(this.buffers.trajectories, 4 * FIELDS * this.count));
      this.place(this.rows.filter((place) => words[place * FIELDS + AT.state] === 0));
      const again = this.gpu.device.createCommandEncoder();
      const pass = again.beginComputePass();
      this.recordProbes(pass);
      pass.end();
      this.gpu.device.queue.submit([again.finish()]);
    }
    this.running = running;
  }

  /** Copies the chunk's results into those of the whole batch, from row `first` on. */
  async collect(first: number, into: Integration<Float32Array>): Promise<Failure[]> {
    const { field, capacity } = this.shape;
    const { slots, trajectories, logDeterminants } = this.buffers;
    into.states.set(
      new Float32Array(await this.gpu.read(slots, 4 * this.count * field.dim)),
      first * field.dim,
    );
    const bytes = await this.gpu.read(trajectories, 4 * FIELDS * this.count);
    const [floats, words] = [new Float32Array(bytes), new Uint32Array(bytes)];
    const failures: Failure[] = [];
    for (let i = 0; i < this.count; i++) {
      const at = i * FIELDS;
      into.evaluations[first + i] = words[at + AT.evaluations];
      into.rejected[first + i] = words[at + AT.rejected];
      into.shortest[first + i] = floats[at + AT.shortest];
      const kind = STATES[words[at + AT.state]];
      if (kind === 'stuck' || kind === 'broken') {
        failures.push({ kind, sigma: Math.exp(floats[at + AT.time]) });
      }
    }
    if (into.logDeterminants.length > 0) {
      const parts = new Float32Array(await this.gpu.read(logDeterminants));
      for (const [quantity, values] of into.logDeterminants.entries()) {
        for (let i = 0; i < this.count; i++) {
          const at = 2 * (quantity * capacity + i);
          values[first + i] = parts[at] + parts[at + 1];
        }
      }
    }
    return failures;
  }

  destroy(): void {
    this.drift.destroy();
    for (const buffer of Object.values(this.buffers) as GPUBuffer[]) buffer.destroy();
  }

  /** Says which places the rows are, and writes all uniforms for so many rows. */
  private place(rows: Uint32Array<ArrayBuffer>): void {
    this.rows = rows;
    this.drift.tell?.(rows.map((place) => this.shape.conditions![this.first + place]));
    this.gpu.device.queue.writeBuffer(this.buffers.places, 0, rows);
    this.gpu.device.queue.writeBuffer(this.buffers.operation, 0, this.uniforms.pack(rows.length, this.first));
  }

  private recordAttempt(pass: GPUComputePassEncoder): void {
    const { tableau, reuses } = this.shape.plan;
    const stages = tableau.b.length;
    for (let stage = reuses ? 1 : 0; stage < stages; stage++) {
      this.recordStage(pass, stage);
      this.recordDrift(pass, stage);
    }
    // Otherwise the last stage is the end of the step already.
    if (!reuses) this.recordStage(pass, stages);
    pass.setPipeline(this.kernels.control.pipeline);
    pass.setBindGroup(0, this.groups.control, [this.uniforms.controlAt]);
    pass.dispatchWorkgroups(...folded(Math.ceil(this.rows.length / 64)));
  }

  private recordStage(pass: GPUComputePassEncoder, stage: number): void {
    pass.setPipeline(this.kernels.stage.pipeline);
    pass.setBindGroup(0, this.groups.stage, [this.uniforms.stageAt(stage)]);
    pass.dispatchWorkgroups(...folded(Math.ceil((this.rows.length * this.shape.field.dim) / 64)));
  }

  private recordDrift(pass: GPUComputePassEncoder, stage: number): void {
    this.drift.encode(pass, this.uniforms.driftAt(stage), this.rows.length);
  }

  /** Draws the probes of all rows; a row's are its trajectory's, whenever they are drawn. */
  private recordProbes(pass: GPUComputePassEncoder): void {
    const { divergence, field } = this.shape;
    if (divergence.kind !== 'hutchinson') return;
    pass.setPipeline(this.kernels.probe.pipeline);
    for (let probe = 0; probe < divergence.probes; probe++) {
      pass.setBindGroup(0, this.groups.probe, [this.uniforms.probeAt(probe)]);
      pass.dispatchWorkgroups(...folded(Math.ceil((this.rows.length * Math.ceil(field.dim / 128)) / 64)));
    }
  }
}
