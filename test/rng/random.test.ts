import { describe, expect, it } from 'vitest';
import { FewstepError } from '../../src/errors.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';

const COUNT = 200_000;
const seed = freshSeed();

function moments(draw: () => number) {
  let [first, second, fourth] = [0, 0, 0];
  for (let i = 0; i < COUNT; i++) {
    const value = draw();
    first += value / COUNT;
    second += value ** 2 / COUNT;
    fourth += value ** 4 / COUNT;
  }
  return { first, second, fourth };
}

describe('random numbers on the host', () => {
  // Six standard errors, from the variances of x, x^2 and x^4.
  const within = (variance: number) => 6 * Math.sqrt(variance / COUNT);

  it('normal() has the moments of the standard normal', () => {
    const source = random(seed);
    const { first, second, fourth } = moments(() => source.normal());
    expect(Math.abs(first)).toBeLessThan(within(1));
    expect(Math.abs(second - 1)).toBeLessThan(within(2));
    expect(Math.abs(fourth - 3)).toBeLessThan(within(96));
  });

  it('uniform() and between() have the moments of the uniform distribution', () => {
    const source = random(seed);
    const { first, second } = moments(() => source.uniform());
    expect(Math.abs(first - 1 / 2)).toBeLessThan(within(1 / 12));
    expect(Math.abs(second - 1 / 3)).toBeLessThan(within(4 / 45));
    const shifted = moments(() => source.between(2, 4));
    expect(Math.abs(shifted.first - 3)).toBeLessThan(within(1 / 3));
  });

  it('normals of one pair, of neighbouring seeds and of neighbouring streams are uncorrelated', () => {
    const source = random(seed);
    const pairs: [string, () => [number, number]][] = [
      ['pair', () => [source.normal(), source.normal()]],
      ['seeds', twoSources(random(seed), random(seed + 1))],
      ['streams', twoSources(random(seed, 0), random(seed, 1))],
    ];
    for (const [what, draw] of pairs) {
      let sum = 0;
      for (let i = 0; i < COUNT; i++) {
        const [a, b] = draw();
        sum += (a * b) / COUNT;
      }
      expect(Math.abs(sum), what).toBeLessThan(within(1));
    }
  });

  it('repeats itself for the same seed and stream, and for no other', () => {
    const first = (...key: [number, number?]) => random(...key).bits();
    expect(first(seed, 3)).toBe(first(seed, 3));
    const others = [
      first(seed),
      first(seed + 1),
      first(seed + 2 ** 32),
      first(seed, 1),
      first(seed, 2 ** 32),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the seed %d', (bad) => {
    expect(() => random(bad)).toThrow(FewstepError);
  });
});

function twoSources(a: { normal(): number }, b: { normal(): number }) {
  return (): [number, number] => [a.normal(), b.normal()];
}
