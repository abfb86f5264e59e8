import { FewstepError } from '../../errors.js';
import type { Field } from '../../field/field.js';
import { type MixtureSpec, mixtureMean, mixtureVariances } from '../../field/mixture.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { SigmaRange } from '../../grid/grid.js';
import { rangeWithin } from '../../sample-range.js';
import type { SearchCost } from '../../search/gits.js';
import type { BespokeForm } from '../../solver/bespoke.js';
import { planFor } from '../../solver/plan-for.js';
import { dataFigures } from '../data-figures.js';
import { runTeacherOnHost } from '../on-host.js';
import { partOf, poolSeeds, runTeacher, type TeacherPool } from '../pool.js';

/** The mean and the standard deviation of a field's data, and what it took to find them where they had to be measured. */
export interface FieldFigures {
  /** Mean [dim], and one standard deviation over all numbers. */
  data: BespokeForm['data'];
  /** Only where they were measured. */
  search?: SearchCost;
}

/**
 * What measures them. Of the figures a few per cent are as good as exact, since a universal table knows no field better; but
 * tables of up to 10 evaluations are compared by where these trajectories end. On the networks of two moons, pinwheel and
 * digits they end 0.002 to 0.004 from where they should, where ipndm-3 at NFE 20 has 0.009 to 0.04 and the best plain
 * solvers of 10 have 0.008 to 0.07.
 */
const TEACHER = { solver: 'unipc-3', grid: 'logsnr', nfe: 32 };
const TRAJECTORIES = 320;
/** Tables are compared on so many. */
const COMPARED = 128;
/** In so many parts they are drawn where somebody watches. */
const SHOWN_PARTS = 8;

/** The figures, and trajectories to compare tables on. */
export interface FiguresAndPool extends FieldFigures {
  pool: TeacherPool;
  search: SearchCost;
}

const measured = new WeakMap<Field, Map<string, FiguresAndPool>>();

/**
 * The figures of a field: of a mixture or data set as they are, of others those of 320 samples by unipc-3 at NFE 32, drawn
 * once for each range.
 * @param range 0.002 to 80 by default, or what of it the field's process has
 * @param onProgress called now and then where they are measured, with how many samples are drawn, of how many
 * @throws FewstepError bad-field where they have to be measured and there is no GPU; bad-argument for noise levels that the
 *   field does not know; else as `runTeacher`
 */
export async function fieldFigures(
  gpu: Gpu | undefined,
  field: Field,
  range?: Partial<SigmaRange>,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<FieldFigures> {
  if (field.mixture) return { data: mixtureFigures(field.mixture) };
  const { data, search } = await figuresAndPool(gpu, field, range, signal, onProgress);
  return { data, search };
}

/**
 * The same, and 128 of the trajectories. Those of a mixture or data set are drawn for it, without a GPU in float64 on the
 * host.
 */
export async function figuresAndPool(
  gpu: Gpu | undefined,
  field: Field,
  given?: Partial<SigmaRange>,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<FiguresAndPool> {
  if (!gpu && !field.mixture) {
    throw new FewstepError(
      'bad-field',
      `the mean and the spread of a ${field.kind} field's data are not known, and are measured on a GPU`,
      'use the stepwise executor, or distil a solver for this field',
    );
  }
  const range = rangeWithin(field, given);
  const key = `${range.sigmaMax} ${range.sigmaMin}`;
  const known = measured.get(field)?.get(key);
  if (known) return known;
  const figures = await measure(gpu, field, range, signal, onProgress);
  measured.set(field, (measured.get(field) ?? new Map<string, FiguresAndPool>()).set(key, figures));
  return figures;
}

async function measure(
  gpu: Gpu | undefined,
  field: Field,
  range: SigmaRange,
  signal?: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): Promise<FiguresAndPool> {
  const begin = performance.now();
  const plan = planFor({ ...TEACHER, range });
  const count = field.mixture ? COMPARED : TRAJECTORIES;
  const watched = onProgress && {
    chunk: Math.ceil(count / SHOWN_PARTS),
    onProgress: (done: number) => onProgress(done, count),
  };
  const options = { count, seed: poolSeeds(0).training, ...watched, signal };
  onProgress?.(0, count);
  const pool = gpu
    ? await runTeacher(gpu, field, plan, options)
    : await runTeacherOnHost(field, plan, options);
  const kept = partOf(pool, 0, COMPARED);
  const { mean, std } = dataFigures(pool);
  return {
    data: field.mixture ? mixtureFigures(field.mixture) : { mean: [...mean], std },
    search: {
      teacher: `${TEACHER.solver} at NFE ${TEACHER.nfe}${field.mixture ? '' : ', for the mean and the spread of the data'}`,
      evaluations: TEACHER.nfe,
      trajectories: count,
      seconds: (performance.now() - begin) / 1000,
    },
    // A part shares its numbers with the whole, which would be kept too.
    pool: { ...kept, latents: kept.latents.slice(), states: kept.states.map((states) => states.slice()) },
  };
}

/** The standard deviation is that over all numbers, each from its own dimension's mean. */
export function mixtureFigures(mixture: MixtureSpec): BespokeForm['data'] {
  const variance = mixtureVariances(mixture).reduce((sum, each) => sum + each / mixture.dim, 0);
  return { mean: [...mixtureMean(mixture)], std: Math.max(Math.sqrt(variance), 1e-6) };
}
