import { describe, expect, test } from 'vitest';
import { reflectLayout } from '../../src/gpu/layout.js';
import { linkShader } from '../../src/gpu/link.js';
import type { ShaderName } from '../../src/gpu/shaders.js';
import user from '../field/custom/two-gaussians.wgsl';

const scalar = (start: number) => ({ offset: start, scale: start + 1, column: -start });

/** Where each member must lie by WGSL's rules, worked out by hand; a Scalar takes 16 bytes, of which 12 are used. */
type Expected = [
  member: string,
  value: unknown,
  bytes: [at: number, kind: 'f32' | 'u32' | 'i32', value: number][],
];
const at = (offset: number, value: number): Expected[2] => [[offset, 'u32', value]];
const scalarAt = (offset: number, start: number): Expected[2] => [
  [offset, 'f32', start],
  [offset + 4, 'f32', start + 1],
  [offset + 8, 'i32', -start],
];

const structs: Record<string, { variant?: object; size: number; members: Expected[] }> = {
  'rng/normal': {
    size: 48,
    members: [
      ['output', 3, at(0, 3)],
      ['dim', 5, at(4, 5)],
      ['trajectories', 7, at(8, 7)],
      ['scale', 1.5, [[12, 'f32', 1.5]]],
      [
        'draw',
        { first_trajectory: 9, seed_low: 0xffffffff, seed_high: 13, step: 15, stream: 17 },
        [at(16, 9), at(20, 0xffffffff), at(24, 13), at(28, 15), at(32, 17)].flat(),
      ],
    ],
  },
  'update/euler': {
    size: 48,
    members: [
      ['state', 1, at(0, 1)],
      ['velocity', 2, at(4, 2)],
      ['output', 3, at(8, 3)],
      ['count', 4, at(12, 4)],
      ['dim', 5, at(16, 5)],
      ['trajectories', 6, at(20, 6)],
      ['step', 7, at(24, 7)],
      ['dt', scalar(8), scalarAt(32, 8)],
    ],
  },
  'update/heun': {
    size: 48,
    members: [
      ['state', 1, at(0, 1)],
      ['velocity', 2, at(4, 2)],
      ['predicted_velocity', 3, at(8, 3)],
      ['output', 4, at(12, 4)],
      ['count', 5, at(16, 5)],
      ['dim', 6, at(20, 6)],
      ['trajectories', 7, at(24, 7)],
      ['step', 8, at(28, 8)],
      ['dt', scalar(9), scalarAt(32, 9)],
    ],
  },
  'update/euler_at': {
    size: 80,
    members: [
      ['state', 1, at(0, 1)],
      ['velocity', 2, at(4, 2)],
      ['output', 3, at(8, 3)],
      ['count', 4, at(12, 4)],
      ['dim', 5, at(16, 5)],
      ['trajectories', 6, at(20, 6)],
      ['step', 7, at(24, 7)],
      ['at', scalar(8), scalarAt(32, 8)],
      ['start', scalar(18), scalarAt(48, 18)],
      ['scale', scalar(28), scalarAt(64, 28)],
    ],
  },
  'update/combine': {
    size: 32 + 30 * 32,
    members: [
      ['output', 1, at(0, 1)],
      ['count', 2, at(4, 2)],
      ['dim', 3, at(8, 3)],
      ['trajectories', 4, at(12, 4)],
      ['step', 5, at(16, 5)],
      ['terms', 6, at(20, 6)],
      ['columned', 7, at(24, 7)],
      [
        'term',
        [0, 1, 2].map((i) => ({ coefficient: scalar(10 * i + 10), slot: 100 + i })),
        [0, 1, 2].flatMap((i) => [...scalarAt(32 + 32 * i, 10 * i + 10), ...at(48 + 32 * i, 100 + i)]),
      ],
    ],
  },
  'field/custom': {
    variant: { constants: { DIM: 2 }, modules: { user } },
    size: 48,
    members: [
      ['state', 1, at(0, 1)],
      ['output', 2, at(4, 2)],
      ['trajectories', 3, at(8, 3)],
      ['velocity', 1, at(12, 1)],
      ['sigma', scalar(4), scalarAt(16, 4)],
      ['divisor', scalar(14), scalarAt(32, 14)],
    ],
  },
};

describe.each(Object.entries(structs))('%s', (name, { variant, size, members }) => {
  const layout = linkShader(name as ShaderName, variant).then(({ code }) => reflectLayout(code));
  const value = Object.fromEntries(members.map(([member, content]) => [member, content])) as never;

  test('packs its uniform where WGSL expects it', async () => {
    const { bindings, pack } = await layout;
    expect(bindings.find((binding) => binding.name === 'operation')).toMatchObject({ type: 'uniform', size });
    const base = 256;
    const bytes = pack('operation', value, new ArrayBuffer(base + size), base);
    const view = new DataView(bytes);
    const read = { f32: view.getFloat32, u32: view.getUint32, i32: view.getInt32 };
    const placed = members.flatMap(([, , places]) => places);
    for (const [offset, kind, expected] of placed) {
      expect(read[kind].call(view, base + offset, true), `${kind} at ${offset}`).toBe(expected);
    }
    // Nothing else is written.
    const used = new Set(placed.flatMap(([offset]) => [0, 1, 2, 3].map((byte) => base + offset + byte)));
    expect([...new Uint8Array(bytes).entries()].filter(([i, byte]) => byte !== 0 && !used.has(i))).toEqual(
      [],
    );
  });

  test('refuses a member too many and a member too few', async () => {
    const { pack } = await layout;
    expect(() => pack('operation', { ...(value as object), extra: 1 })).toThrow("no member 'extra'");
    for (const [member] of members) {
      const { [member]: _, ...rest } = value as Record<string, number>;
      expect(() => pack('operation', rest)).toThrow(`operation.${member} is missing`);
    }
  });
});

test('arrays that are too long, and bindings that do not exist, are refused', async () => {
  const { pack } = reflectLayout((await linkShader('update/combine')).code);
  const term = Array.from({ length: 31 }, () => ({ coefficient: scalar(0), slot: 0 }));
  const value = { output: 0, count: 0, dim: 0, trajectories: 0, step: 0, terms: 31, columned: 0, term };
  expect(() => pack('operation', value)).toThrow('operation.term holds 30, got 31');
  expect(() => pack('nothing', {})).toThrow("no binding 'nothing'");
});

test('bindings carry the names, kinds and numbers of the shader', async () => {
  const conditions = { shared_variance: true, per_component: false, per_dimension: false };
  const variant = { conditions, constants: { DIM: 5, STAGE: 8 } };
  const { bindings, entryPoint } = reflectLayout((await linkShader('field/mixture_tiled', variant)).code);
  expect(entryPoint).toBe('mixture_tiled');
  expect(Object.fromEntries(bindings.map(({ name, index, type }) => [name, [index, type]]))).toEqual({
    slots: [0, 'storage'],
    columns: [1, 'read-only-storage'],
    operation: [3, 'uniform'],
    means: [4, 'read-only-storage'],
    log_weights: [5, 'read-only-storage'],
    variances: [6, 'read-only-storage'],
    carry: [7, 'storage'],
    shard: [8, 'uniform'],
  });
});
