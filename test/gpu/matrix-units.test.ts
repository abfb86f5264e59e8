import { expect, test } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import { reflectLayout } from '../../src/gpu/layout.js';
import { linkShader } from '../../src/gpu/link.js';
import { matrixUnits, SUBGROUP_MATRIX, SUBGROUP_SIZE } from '../../src/gpu/matrix-units.js';

const constants = { UNIT_M: 16, UNIT_N: 8, UNIT_K: 16, SUBGROUP: 32 };

// On adapters without matrix units as well: that the linker and the reflection get over WGSL that they do not know.
test('a kernel on matrix units links without the stand-ins for their names, and its bindings are known', async () => {
  const { code, locate } = await linkShader('bench/matrix_multiply_add', { constants });
  expect(code).toContain('alias Sum = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;');
  expect(code).not.toMatch(/const (subgroup|row_major)/);
  const { entryPoint, bindings } = reflectLayout(code);
  expect(entryPoint).toBe('matrix_multiply_add');
  expect(bindings.map(({ name, type }) => [name, type])).toEqual([
    ['load', 'uniform'],
    ['results', 'storage'],
  ]);
  const place = locate(code.indexOf('fn matrix_multiply_add'));
  expect(place.module).toBe('bench/matrix_multiply_add');
});

test('a kernel that asks for the size of its subgroups is the same otherwise, place by place', async () => {
  const [plain, sized] = await Promise.all(
    [false, true].map((sized) =>
      linkShader('bench/matrix_multiply_add', { constants, conditions: { sized } }),
    ),
  );
  expect(sized.code).toContain('@compute @subgroup_size(32) @workgroup_size');
  expect(sized.code).toContain('enable subgroup_size_control;');
  expect(plain.code).not.toContain('subgroup_size');
  expect(reflectLayout(sized.code).bindings).toEqual(reflectLayout(plain.code).bindings);
  for (const text of ['alias Sum', 'fn matrix_multiply_add', 'subgroupMatrixStore'])
    expect(sized.locate(sized.code.indexOf(text))).toEqual(plain.locate(plain.code.indexOf(text)));
});

test('the units of an adapter, by what Dawn says of it', () => {
  const config = (componentType: string, M: number) => ({
    ...{ componentType, resultComponentType: 'f32', M, N: 16, K: 16 },
  });
  const units = (least: number, most: number, features: string[]) =>
    matrixUnits({
      device: {
        adapterInfo: {
          ...{ subgroupMinSize: least, subgroupMaxSize: most },
          subgroupMatrixConfigs: [config('f16', 8), config('f16', 16), config('i8', 64)],
        },
      },
      features: new Set(features),
    } as unknown as Gpu);
  const blocks = { m: 16, n: 16, k: 16 };
  expect(units(32, 32, [SUBGROUP_MATRIX])).toEqual({ ...blocks, subgroup: 32, sized: false });
  expect(units(32, 64, [SUBGROUP_MATRIX, SUBGROUP_SIZE])).toEqual({ ...blocks, subgroup: 32, sized: true });
  expect(units(32, 64, [SUBGROUP_MATRIX])).toBeUndefined();
  expect(units(32, 32, [SUBGROUP_SIZE])).toBeUndefined();
});
