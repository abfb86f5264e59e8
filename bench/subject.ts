import type { Field } from '../src/field/field.js';
import { gaussianMixture } from '../src/field/gaussian-mixture.js';
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
}

export function subjectOfProblem(problem: Problem): Subject {
  const { name, title, kind, imageShape, mixture } = problem;
  return { name, title, kind, imageShape, field: gaussianMixture(mixture), truth: problem.sample };
}

export function subjectOfField(name: string, field: Field): Subject {
  return { name, title: name, kind: field.dim === 2 ? 'points-2d' : 'vector', field };
}
