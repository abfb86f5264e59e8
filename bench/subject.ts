import type { Field } from '../src/field/field.js';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
import type { Scaling } from '../src/io/scaling.js';
import type { Problem } from '../src/problem/problem.js';

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

export function subjectOfField(name: string, field: Field): Subject {
  const kind = field.dim === 2 ? 'points-2d' : 'vector';
  return { name, title: name, kind, field, scaling: field.scaling };
}
