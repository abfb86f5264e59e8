import { expect, test } from 'vitest';
import { reflectLayout } from '../../src/gpu/layout.js';
import { linkShader } from '../../src/gpu/link.js';

// On adapters without matrix units as well: that the linker and the reflection get over WGSL that they do not know.
test('a kernel on matrix units links without the stand-ins for their names, and its bindings are known', async () => {
  const constants = { UNIT_M: 16, UNIT_N: 8, UNIT_K: 16, SUBGROUP: 32 };
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
