import { FewstepError } from '../../errors.js';
import type { Field } from '../../field/field.js';
import { type MixtureSpec, mixtureMean, mixtureVariances } from '../../field/mixture.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { SigmaRange } from '../../grid/grid.js';
import type { SearchCost } from '../../search/gits.js';
import type { BespokeForm } from '../../solver/bespoke.js';
import { planFor } from '../../solver/plan-for.js';
import { dataFigures } from '../data-figures.js';
import { poolSeeds, runTeacher } from '../pool.js';

/** The mean and the standard deviation of a field's data, and what it took to find them where they had to be measured. */
export interface FieldFigures {
  /** Mean [dim], and one standard deviation over all numbers. */
  data: BespokeForm['data'];
  /** Only where they were measured. */
  search?: SearchCost;
}

/** What measures them: a few per cent are as good as exact, since a universal table knows no field better. */
const TEACHER = { solver: 'ipndm-3', nfe: 20 };
const TRAJECTORIES = 512;
/** In so many parts they are drawn where somebody watches. */
const SHOWN_PARTS = 8;

const measured = new WeakMap<Field, Map<string, Promise<FieldFigures>>>();

/**
 * The figures of a field: of a mixture or data set as they are, of others those of 512 samples by ipndm-3 at NFE 20,
 * drawn once for each range.
 * @param onProgress called now and then where they are measured, with how many samples are drawn, of how many
 * @throws FewstepError bad-field where they have to be measured and there is no GPU; else as `runTeacher`
 */
export async function fieldFigures(
  gpu: Gpu | undefined,
  field: Field,
  range?: Partial<SigmaRange>,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<FieldFigures> {
  if (field.mixture) return { data: mixtureFigures(field.mixture) };
  if (!gpu) {
    throw new FewstepError(
      'bad-field',
      `the mean and the spread of a ${field.kind} field's data are not known, and are measured on a GPU`,
      'use the stepwise executor, or distil a solver for this field',
    );
  }
  const key = `${range?.sigmaMax} ${range?.sigmaMin}`;
  const ofField = measured.get(field) ?? new Map<string, Promise<FieldFigures>>();
  measured.set(field, ofField);
  const figures = ofField.get(key) ?? measure(gpu, field, range, signal, onProgress);
  ofField.set(key, figures);
  figures.catch(() => ofField.delete(key));
  return figures;
}

async function measure(
  gpu: Gpu,
  field: Field,
  range?: Partial<SigmaRange>,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<FieldFigures> {
  const begin = performance.now();
  const plan = planFor({ ...TEACHER, range });
  const watched = onProgress && {
    chunk: TRAJECTORIES / SHOWN_PARTS,
    onProgress: (done: number) => onProgress(done, TRAJECTORIES),
  };
  const options = { count: TRAJECTORIES, seed: poolSeeds(0).training, ...watched, signal };
  onProgress?.(0, TRAJECTORIES);
  const { mean, std } = dataFigures(await runTeacher(gpu, field, plan, options));
  return {
    data: { mean: [...mean], std },
    search: {
      teacher: `${TEACHER.solver} at NFE ${TEACHER.nfe}, for the mean and the spread of the data`,
      evaluations: TEACHER.nfe,
      trajectories: TRAJECTORIES,
      seconds: (performance.now() - begin) / 1000,
    },
  };
}

/** The standard deviation is that over all numbers, each from its own dimension's mean. */
export function mixtureFigures(mixture: MixtureSpec): BespokeForm['data'] {
  const variance = mixtureVariances(mixture).reduce((sum, each) => sum + each / mixture.dim, 0);
  return { mean: [...mixtureMean(mixture)], std: Math.max(Math.sqrt(variance), 1e-6) };
}
