import { FewstepError } from '../../src/errors.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { Scaling } from '../../src/io/scaling.js';
import type { Problem } from '../../src/problem/problem.js';

/** What a benchmark runs on: a field, and true draws of its data distribution where they can be had. */
export interface Subject {
  name: string;
  title: string;
  kind: Problem['kind'];
  imageShape?: readonly [number, number];
  field: Field;
  /** Exact draws [count * dim] in the field's units; without it the accurate solve's own samples stand in. */
  truth?: (count: number, seed: number) => Float64Array;
  /** Between the data's own units, in which errors are given, and the field's. */
  scaling?: Scaling;
}

export function subjectOfProblem(problem: Problem, scaling?: Scaling): Subject {
  const { name, title, kind, imageShape, mixture } = problem;
  return { name, title, kind, imageShape, field: gaussianMixture(mixture), truth: problem.sample, scaling };
}

/** @throws FewstepError bad-shape where `imageShape` is not that of a state */
export function subjectOfField(name: string, field: Field, imageShape?: readonly [number, number]): Subject {
  if (imageShape && imageShape[0] * imageShape[1] !== field.dim) {
    throw new FewstepError(
      'bad-shape',
      `${name}: a state of ${field.dim} numbers is no image of ${imageShape[0]} x ${imageShape[1]}`,
      'give a height and a width whose product is the dimension',
    );
  }
  const kind = imageShape ? 'image' : field.dim === 2 ? 'points-2d' : 'vector';
  return { name, title: name, kind, imageShape, field, scaling: field.scaling };
}
