import { FewstepError } from '../../errors.js';
import { customField } from '../../field/custom.js';
import type { Field } from '../../field/field.js';
import type { UserDenoise } from '../../field/user-denoise.js';
import { readBytes } from '../files.js';
import { importModule } from '../module.js';
import { inFile, named } from './place.js';

/**
 * A field that the user wrote in WGSL.
 *
 * @param path file with `fn denoise(x: array<f32, D>, sigma: f32) -> array<f32, D>`
 * @param reference module whose default export is the same in float64; see `UserDenoise`
 */
export async function loadShaderField(path: string, dim: number, reference?: string): Promise<Field> {
  const wgsl = new TextDecoder().decode(await readBytes(path));
  const denoise = reference === undefined ? undefined : await loadDenoise(reference);
  const field = inFile(path, () => customField({ dim, wgsl, denoise }));
  const { prepareGradient, prepareFused } = field;
  return {
    ...field,
    prepare: (gpu) => naming(path, field.prepare(gpu)),
    ...(prepareGradient && { prepareGradient: (gpu) => naming(path, prepareGradient(gpu)) }),
    ...(prepareFused && {
      async prepareFused(gpu) {
        const fused = await prepareFused(gpu);
        return fused && { ...fused, kernel: (variant) => naming(path, fused.kernel(variant)) };
      },
    }),
  };
}

/** What compiles the user's WGSL: its errors know the line, but not the file. */
async function naming<T>(path: string, compiling: Promise<T>): Promise<T> {
  try {
    return await compiling;
  } catch (error) {
    throw named(path, error);
  }
}

async function loadDenoise(path: string): Promise<UserDenoise> {
  const remedy = 'write: export default (x, sigma) => [...], D of the Float64Array x, as many numbers';
  const module = await importModule(path, 'bad-field', remedy);
  if (typeof module.default === 'function') return module.default as UserDenoise;
  throw new FewstepError('bad-field', `${path} has no function as its default export`, remedy);
}
