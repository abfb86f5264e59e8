import { basename } from 'node:path';
import { type Row, rowOfGenerator } from '../../bench/solvers/rows.js';
import type { Subject } from '../../bench/solvers/subject.js';
import { FewstepError } from '../errors.js';
import type { MlpFieldOptions } from '../mlp/field.js';
import { generatorSource } from './sample-generator.js';

/** Generators from files as rows of a benchmark, at NFE 1. */
export async function generatorRows(
  files: readonly string[],
  { label }: Pick<MlpFieldOptions, 'label'>,
): Promise<Row[]> {
  return Promise.all(
    files.map(async (file) => {
      const { field, plan } = await generatorSource(file, { label });
      return rowOfGenerator(field, plan, basename(file, '.safetensors'));
    }),
  );
}

/**
 * Refuses generators whose samples cannot be compared with a subject's.
 * @throws FewstepError bad-shape, or bad-data where the data were scaled otherwise
 */
export function checkGenerators(subjects: readonly Subject[], rows: readonly Row[]): void {
  for (const { name, field, scaling } of subjects) {
    for (const { field: own, name: generator } of rows) {
      if (!own) continue;
      if (own.dim !== field.dim) {
        throw new FewstepError(
          'bad-shape',
          `${generator} makes samples of ${own.dim} numbers, and ${name} has ${field.dim}`,
          'compare it where its teacher was trained',
        );
      }
      if (own.scaling?.offset === scaling?.offset && own.scaling?.scale === scaling?.scale) continue;
      throw new FewstepError(
        'bad-data',
        `${generator} has the scaling of its teacher's data, which is not that of ${name}`,
        'give its teacher as --field, or the data that this was trained on, with --scale',
      );
    }
  }
}
