import { basename } from 'node:path';
import { type Row, rowOfGenerator } from '../../bench/solvers/rows.js';
import type { Subject } from '../../bench/solvers/subject.js';
import { FewstepError } from '../errors.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import { sameField } from '../field/fingerprint.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpFieldOptions } from '../mlp/field.js';
import { type GeneratorSource, generatorSource } from './sample-generator.js';

/** Generators from files as rows of a benchmark, at NFE 1. */
export async function generatorRows(
  files: readonly string[],
  { label }: Pick<MlpFieldOptions, 'label'>,
): Promise<{ rows: Row[]; loaded: LoadedGenerator[] }> {
  const loaded = await Promise.all(
    files.map(async (file) => ({ file, ...(await generatorSource(file, { label })) })),
  );
  const rows = loaded.map(({ file, field, plan }) =>
    rowOfGenerator(field, plan, basename(file, '.safetensors')),
  );
  return { rows, loaded };
}

/** A generator and its file. */
export interface LoadedGenerator extends GeneratorSource {
  file: string;
}

/**
 * Says where a subject is a network that is not a generator's teacher. A subject that is data or a problem may be what
 * the teacher learned, which the file does not tell; nor does it tell what the teacher is with a class.
 */
export async function noteTeachers(
  gpu: Gpu,
  subjects: readonly Subject[],
  loaded: readonly LoadedGenerator[],
): Promise<void> {
  const plain = loaded.filter(({ classes }) => classes === 0);
  const networks = subjects.filter(({ field }) => field.kind === 'mlp');
  for (const { name, field } of plain.length > 0 ? networks : []) {
    const fingerprint = await fingerprintOf(field, gpu);
    for (const { file, teacher, teacherName } of plain) {
      if (sameField(teacher, fingerprint)) continue;
      const other = teacherName === undefined ? 'another model' : `another model, ${teacherName}`;
      process.stderr.write(`note: ${name}: ${file} was distilled from ${other}\n`);
    }
  }
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
