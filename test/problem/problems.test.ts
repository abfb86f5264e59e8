import { describe, expect, it } from 'vitest';
import { mixtureCovariance, mixtureMean } from '../../src/field/mixture.js';
import { problemFromData } from '../../src/problem/problem.js';
import { problemByName, problems } from '../../src/problem/registry.js';
import { freshSeed } from '../seed.js';

const built = Object.entries(problems).map(([name, build]) => [name, build()] as const);

describe('the registry', () => {
  it('has the problems of the benchmark', () => {
    expect(Object.keys(problems)).toEqual([
      'ring',
      'two-moons',
      'checkerboard',
      'swiss-roll',
      'pinwheel',
      'mixture-64',
      'glyphs',
    ]);
    expect(problemByName('two-moons').mixture.weights.length).toBe(500);
  });

  it('suggests the nearest name for an unknown one', () => {
    expect(() => problemByName('two-moon')).toThrow("unknown problem 'two-moon'");
    expect(() => problemByName('toString')).toThrow("unknown problem 'toString'");
  });
});

describe.each(built)('%s', (name, problem) => {
  const { dim, mixture } = problem;

  it('is a mixture of consistent shape, about one unit in size', () => {
    expect(problem.name).toBe(name);
    expect(mixture.dim).toBe(dim);
    expect(mixture.means.length).toBe(mixture.weights.length * dim);
    expect(problem.kind).toBe(dim === 2 ? 'points-2d' : problem.imageShape ? 'image' : 'vector');
    if (problem.imageShape) expect(problem.imageShape[0] * problem.imageShape[1]).toBe(dim);
    expect(mixture.weights.every((weight) => weight > 0)).toBe(true);
    expect(mixture.stds.every((std) => std > 0 && std <= 0.25)).toBe(true);
    const covariance = mixtureCovariance(mixture);
    let trace = 0;
    for (let d = 0; d < dim; d++) trace += covariance[d * dim + d];
    const std = Math.sqrt(trace / dim);
    expect(std).toBeGreaterThan(0.4);
    expect(std).toBeLessThan(1);
  });

  it('is the same whenever it is built', () => {
    expect(problemByName(name).mixture).toEqual(mixture);
  });

  it('gives the same draws for the same seed, the first ones whatever the count', () => {
    const draws = problem.sample(20, 5);
    expect(draws.length).toBe(20 * dim);
    expect(problem.sample(10, 5)).toEqual(draws.subarray(0, 10 * dim));
    expect(problem.sample(20, 6)).not.toEqual(draws);
  });

  it('draws with the mean and covariance of the closed form', () => {
    const seed = freshSeed();
    // The image set has too many entries, and too rarely inked ones, for all pairs: there it is neighbours.
    const count = dim > 64 ? 8000 : 20_000;
    const reach = dim > 64 ? 2 : dim;
    const draws = problem.sample(count, seed);
    const mean = mixtureMean(mixture);
    const covariance = mixtureCovariance(mixture);
    for (let p = 0; p < dim; p++) {
      const centred = (i: number, d: number) => draws[i * dim + d] - mean[d];
      expectMean(`mean ${p}`, count, 0, (i) => centred(i, p));
      for (let q = p; q < Math.min(dim, p + reach); q++) {
        const expected = covariance[p * dim + q];
        expectMean(`covariance ${p} ${q}`, count, expected, (i) => centred(i, p) * centred(i, q));
      }
    }
  });
});

/** The mean of values is within seven of its own standard errors: thousands of means, fresh at every run. */
function expectMean(what: string, count: number, expected: number, value: (i: number) => number): void {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < count; i++) {
    const deviation = value(i) - expected;
    sum += deviation;
    squares += deviation ** 2;
  }
  const standardErrors = sum / Math.sqrt(squares);
  if (Math.abs(standardErrors) > 7) expect.fail(`${what}: ${standardErrors} standard errors off`);
}

describe('problems from data', () => {
  const values = [0, 1, 2, 3, 4, 5];

  it('are equal kernels around the rows', () => {
    const problem = problemFromData('mine', values, 3, 2, 0.5);
    expect(problem.kind).toBe('points-2d');
    expect([...problem.mixture.weights]).toEqual([1, 1, 1]);
    expect([...problem.mixture.means]).toEqual(values);
    expect([...mixtureMean(problem.mixture)]).toEqual([2, 3]);
    expect(problem.sample(4, 1).length).toBe(8);
    expect(problemFromData('mine', values, 2, 3, 0.5).kind).toBe('vector');
    const image = problemFromData('mine', new Float32Array(8), 2, 4, 0.5, [2, 2]);
    expect([image.kind, image.imageShape]).toEqual(['image', [2, 2]]);
  });

  it.each([
    ['a wrong number of values', () => problemFromData('mine', values, 4, 2, 0.5), 'not 4 rows of 2 columns'],
    ['no rows', () => problemFromData('mine', [], 0, 2, 0.5), 'not 0 rows'],
    [
      'a wrong image shape',
      () => problemFromData('mine', values, 1, 6, 0.5, [2, 2]),
      '2 x 2 does not have 6',
    ],
    ['no bandwidth', () => problemFromData('mine', values, 3, 2, 0), 'bandwidth is 0'],
    ['an infinite bandwidth', () => problemFromData('mine', values, 3, 2, Infinity), 'bandwidth is Infinity'],
    ['a NaN', () => problemFromData('mine', [1, 2, 3, Number.NaN], 2, 2, 1), 'row 1, column 1 is NaN'],
  ])('refuse %s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
