import { expect, test } from 'vitest';
import { uniformStride } from '../../src/execute/plan-pass.js';
import { REPEATED_KERNELS, UPDATE_KERNELS, updateKernel } from '../../src/execute/update.js';
import { random } from '../../src/rng/random.js';
import { type Combine, type EulerAt, perTrajectory, type Scalar } from '../../src/solver/plan.js';
import { scalarStruct } from '../../src/solver/scalar-struct.js';
import { gpu } from '../device.js';
import { runKernel } from '../gpu/run-kernel.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const COLUMNS = 3;

/** Both kinds of scalar; columns 0 to 2 hold other numbers for each trajectory. */
const scalars: { kind: string; scalar: (column: number) => Scalar }[] = [
  { kind: 'a number', scalar: (column) => [0.7, -1.3, 2.1][column] },
  { kind: 'a column', scalar: (column) => perTrajectory(column) },
  { kind: 'a scaled column', scalar: (column) => perTrajectory(column, -0.5, 0.25) },
];

function operations(scalar: (column: number) => Scalar): Record<string, Combine | EulerAt> {
  const term = (coefficient: Scalar, slot: number) => ({ coefficient, slot });
  return {
    'update/euler': { kind: 'combine', terms: [term(1, 0), term(scalar(0), 1)], out: 3 },
    'update/heun': { kind: 'combine', terms: [term(1, 0), term(scalar(1), 1), term(scalar(1), 2)], out: 3 },
    'update/combine': {
      kind: 'combine',
      terms: [term(scalar(2), 0), term(scalar(0), 1), term(0.5, 2)],
      out: 3,
    },
    'update/euler_at': {
      kind: 'euler-at',
      state: 0,
      velocity: 1,
      start: scalar(0),
      at: scalar(1),
      scale: scalar(2),
      out: 3,
    },
  };
}

/** The operation on one number in float64. */
function updated(operation: Combine | EulerAt, slots: number[], value: (scalar: Scalar) => number): number {
  if (operation.kind === 'combine') {
    return operation.terms.reduce((sum, term) => sum + value(term.coefficient) * slots[term.slot], 0);
  }
  const span = value(operation.at) - value(operation.start);
  return slots[operation.state] + value(operation.scale) * span * slots[operation.velocity];
}

const cases = scalars.flatMap(({ kind, scalar }) =>
  Object.entries(operations(scalar)).map(([name, operation]) => ({ name, kind, operation })),
);

test.each(cases)('$name with $kind is itself in float64', async ({ name, operation }) => {
  const source = random(seed);
  for (const [dim, trajectories] of [
    [1, 7],
    [2, 65],
    [3, 5],
    [4, 33],
    [5, 301],
    [7, 1],
    [64, 9],
  ]) {
    const count = Math.ceil((dim * trajectories) / 4);
    const stride = 4 * count;
    const slots = Float32Array.from({ length: 4 * stride }, () => source.normal());
    const columns = Float32Array.from({ length: COLUMNS * trajectories }, () => source.between(-2, 2));
    const { kernel: chosen, uniform } = updateKernel(operation, (slot) => slot * count);
    expect(chosen).toBe(name);
    const kernel = await gpu.kernel(chosen);
    const status = new Uint32Array(2 + trajectories);
    // Fewer groups than needed in x, more than needed in all: the second dimension must carry on.
    const groups = [1, Math.ceil(count / 64) + 1] as const;
    const common = { dim, trajectories, step: 0, count };
    const bytes = await runKernel(
      kernel,
      { slots, columns, status },
      { ...uniform, ...common },
      groups,
      'slots',
    );
    const result = new Float32Array(bytes);
    for (let i = 0; i < dim * trajectories; i++) {
      const row = Math.floor(i / dim);
      const value = (scalar: Scalar) =>
        typeof scalar === 'number'
          ? scalar
          : scalar.offset + scalar.scale * columns[scalar.column * trajectories + row];
      const inputs = [0, 1, 2].map((slot) => slots[slot * stride + i]);
      // Coefficients up to 4, inputs up to 6, at most five roundings of what they sum to.
      const rounding = 5 * 2 ** -24 * (16 + 4 * inputs.reduce((sum, input) => sum + 4 * Math.abs(input), 0));
      const expected = updated(operation, inputs, value);
      expect(Math.abs(result[3 * stride + i] - expected), `dim ${dim}, number ${i}`).toBeLessThan(rounding);
    }
    expect([...result.subarray(0, 3 * stride)]).toEqual([...slots.subarray(0, 3 * stride)]);
  }
});

test.each(
  cases.flatMap((one) => [
    { ...one, dim: 3, quads: 1 },
    { ...one, dim: 8, quads: 4 },
  ]),
)(
  'where trajectories repeat, what $name does with $kind reads those of a slot with few rows again, $quads vec4 at a time',
  async ({ operation, dim, quads }) => {
    const source = random(seed, 1);
    const [period, trajectories, written] = [4, 20, 16];
    const rows = [trajectories, period, 2 * period];
    const vectors = (count: number) => (count * dim) / 4;
    const stride = trajectories * dim;
    const slots = new Float32Array(4 * stride).fill(Number.NaN);
    for (const [slot, count] of rows.entries()) {
      for (let i = 0; i < count * dim; i++) slots[slot * stride + i] = source.normal();
    }
    const variants = trajectories / period;
    const columns = Float32Array.from({ length: COLUMNS * variants }, () => source.between(-2, 2));
    const { kernel, uniform } = updateKernel(operation, (slot) => slot * vectors(trajectories), {
      period: vectors(period),
      variants,
      rowsOf: (slot) => vectors(rows[slot]),
    });
    const common = { dim, trajectories, step: 0, count: vectors(written) };
    const bytes = await runKernel(
      await gpu.kernel(kernel, { constants: { QUADS: quads } }),
      { slots, columns, status: new Uint32Array(2 + trajectories) },
      { ...uniform, ...common },
      [1, 1],
      'slots',
    );
    const result = new Float32Array(bytes).subarray(3 * stride);
    for (let i = 0; i < written * dim; i++) {
      const row = Math.floor(i / dim);
      const value = (scalar: Scalar) =>
        typeof scalar === 'number'
          ? scalar
          : scalar.offset + scalar.scale * columns[scalar.column * variants + Math.floor(row / period)];
      const inputs = rows.map((count, slot) => {
        const from = row < count ? row : row % period;
        return slots[slot * stride + from * dim + (i % dim)];
      });
      expect(result[i]).toBeCloseTo(updated(operation, inputs, value), 4);
    }
    expect(result.subarray(written * dim).every(Number.isNaN)).toBe(true);
  },
);

test('a combination takes thirty terms, and refuses more', async () => {
  const terms = Array.from({ length: 30 }, (_, slot) => ({ coefficient: 1, slot }));
  const { kernel: name, uniform } = updateKernel({ kind: 'combine', terms, out: 30 }, (slot) => slot);
  const slots = Float32Array.from({ length: 31 * 4 }, (_, i) => (i < 120 ? Math.floor(i / 4) : 0));
  const buffers = { slots, columns: new Float32Array(1), status: new Uint32Array(6) };
  const common = { dim: 1, trajectories: 4, step: 0, count: 1 };
  const bytes = await runKernel(await gpu.kernel(name), buffers, { ...uniform, ...common }, [1, 1], 'slots');
  expect([...new Float32Array(bytes).subarray(120)]).toEqual([435, 435, 435, 435]);
  const more: Combine = { kind: 'combine', terms: [...terms, { coefficient: 1, slot: 0 }], out: 31 };
  expect(() => updateKernel(more, (slot) => slot)).toThrow('31 terms');
});

test.each([...UPDATE_KERNELS, ...REPEATED_KERNELS, 'update/constant'] as const)(
  'the uniform of %s ends before the next one',
  async (name) => {
    const { layout } = await gpu.kernel(name, { constants: { QUADS: 1 } });
    const { size } = layout.bindings.find((binding) => binding.name === 'operation')!;
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(uniformStride(0));
  },
);

test('a combination of nothing is zero', async () => {
  const { kernel: name, uniform } = updateKernel({ kind: 'combine', terms: [], out: 0 }, (slot) => slot);
  const buffers = {
    slots: new Float32Array(4).fill(9),
    columns: new Float32Array(1),
    status: new Uint32Array(6),
  };
  const common = { dim: 1, trajectories: 4, step: 0, count: 1 };
  const bytes = await runKernel(await gpu.kernel(name), buffers, { ...uniform, ...common }, [1, 1], 'slots');
  expect([...new Float32Array(bytes)]).toEqual([0, 0, 0, 0]);
});

test('an update flags the first step and each broken trajectory once', async () => {
  // dim 3: rows 0 and 2 are broken, row 2 in two numbers; the padding past row 3 is not a trajectory.
  const slots = new Float32Array(2 * 12).fill(1);
  slots[1] = Number.NaN;
  slots[6] = Number.POSITIVE_INFINITY;
  slots[8] = Number.NEGATIVE_INFINITY;
  slots[9] = Number.NaN;
  const kernel = await gpu.kernel('update/combine');
  const operation = {
    output: 3,
    count: 3,
    dim: 3,
    trajectories: 3,
    step: 5,
    terms: 1,
    columned: 0,
    term: [{ coefficient: scalarStruct(1), slot: 0 }],
  };
  const buffers = { slots, columns: new Float32Array(1), status: new Uint32Array(5) };
  const status = new Uint32Array(await runKernel(kernel, buffers, operation, [1, 1], 'status'));
  expect([~status[0] >>> 0, status[1]]).toEqual([5, 2]);
  expect([...status.subarray(2)]).toEqual([~5 >>> 0, 0, ~5 >>> 0]);
});
