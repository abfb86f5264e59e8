import { checkEntries, type Entries } from '../arguments.js';
import { checkGpu } from '../gpu/check.js';
import type { Gpu } from '../gpu/gpu.js';
import { precisionRecall } from '../metrics/precision-recall.js';
import {
  type AssessedDistances,
  affordableReference,
  distancesOfSets,
  range,
  SETS,
  type SetRange,
} from '../train/assess.js';
import { samplesInSet, samplesOf, TEACHER_SOLVE, USUAL_SOLVE } from './comparison.js';
import { type Generator, planOfGenerator } from './generator.js';

/** Samples of a set, at most. */
const SET_SIZE = 2048;
/** Latents of the sets, far from those that the generator was chosen by and from the seeds that people sample with. */
const SEEDS = {
  reference: 2 ** 42,
  generator: 2 ** 42 + 2 ** 20,
  usual: 2 ** 42 + 2 ** 21,
  floor: 2 ** 42 + 2 ** 22,
};

/** Samples on either side for precision and recall, whose work is their square. */
const NEIGHBOURHOOD = 1024;

/** How near five sets of samples are to accurate ones of the teacher, in the data's own units. */
export interface GeneratorDistances extends AssessedDistances {
  /** Shares of samples near accurate ones, and of accurate ones near samples (arXiv 1904.06991), 0 to 1. */
  precision: SetRange;
  recall: SetRange;
}

/** How near a generator is to its teacher, on latents that it was not chosen by. */
export interface GeneratorAssessment {
  /** Of the generator, of the usual solve and of the floor each. */
  sets: number;
  /** Samples in a set, and accurate samples of the teacher that all are compared with. */
  size: number;
  reference: number;
  /** Distances of the generator, of the solve that it replaces, and of as many accurate samples of the teacher. */
  generator: GeneratorDistances;
  usual: GeneratorDistances;
  floor: GeneratorDistances;
  /** Of the first set, [size, dim], in the data's units: the generator's, and accurate ones of the teacher. */
  samples: Float32Array;
  teacherSamples: Float32Array;
}

/** A generator, and what it is measured beside. */
export interface GeneratorAssessmentOptions {
  generator: Generator;
  /** Its teacher's parameters. */
  teacher: Float32Array;
  /** That all sets are compared with; by default as many as are quick to make. */
  reference?: number;
  /** Called with the teacher's samples made so far, and how many there will be. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

const ENTRIES: Entries<GeneratorAssessmentOptions> = {
  ...{ generator: true, teacher: true, reference: false, onProgress: false, signal: false },
};

/**
 * Measures a generator beside its teacher: sliced Wasserstein and energy distances, Frechet's in few dimensions,
 * precision and recall.
 * @throws FewstepError not-finite where samples are not; bad-shape for parameters that are not the configuration's;
 *   device-limit
 */
export async function assessGenerator(
  gpu: Gpu,
  options: GeneratorAssessmentOptions,
): Promise<GeneratorAssessment> {
  checkGpu(gpu);
  checkEntries("assessGenerator's options", options, ENTRIES);
  const { generator, teacher, onProgress, signal } = options;
  const { dim } = generator.config;
  const model = { ...generator, parameters: teacher };
  const reference = options.reference ?? samplesInSet(model);
  const size = Math.min(SET_SIZE, reference);
  const total = reference + 2 * SETS * size;
  let done = 0;
  const drawn = async (count: number, seed: number, how: Parameters<typeof samplesOf>[2], of = model) => {
    const watch = (part: number) => onProgress?.(done + part, total);
    // The generator's own samples cost next to nothing.
    const watched = of === model ? { onProgress: watch } : {};
    const samples = await samplesOf(gpu, of, how, { count, seed, signal, ...watched });
    if (of === model) done += count;
    return samples;
  };
  const sets = async (seed: number, how: Parameters<typeof samplesOf>[2], of = model) => {
    const all: Float32Array[] = [];
    // Labels take seeds that follow each other.
    for (let set = 0; set < SETS; set++) all.push(await drawn(size, seed + 2 ** 17 * set, how, of));
    return all;
  };
  const real = await drawn(reference, SEEDS.reference, TEACHER_SOLVE);
  const compared = affordableReference(real, dim);
  const near = real.subarray(0, NEIGHBOURHOOD * dim);
  const measured = (each: Float32Array[]): GeneratorDistances => {
    const shares = each.map((set) => precisionRecall(set.subarray(0, NEIGHBOURHOOD * dim), near, dim));
    return {
      ...distancesOfSets(compared, each),
      precision: range(shares.map(({ precision }) => precision)),
      recall: range(shares.map(({ recall }) => recall)),
    };
  };
  const own = await sets(SEEDS.generator, { plan: planOfGenerator(generator) }, generator);
  const usual = await sets(SEEDS.usual, USUAL_SOLVE);
  const accurate = await sets(SEEDS.floor, TEACHER_SOLVE);
  return {
    sets: SETS,
    size,
    reference,
    generator: measured(own),
    usual: measured(usual),
    floor: measured(accurate),
    samples: own[0],
    teacherSamples: accurate[0],
  };
}
