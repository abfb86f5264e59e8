import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { defineProcess } from '../../src/process/process.js';

const inside = fc.double({ min: 0.02, max: 0.98, noNaN: true });

/** Times of a process, away from where f or g^2 has a pole. */
function timeIn(name: string, share: number): number {
  const { range } = parseProcess(name);
  return name === 've' ? 100 * share : range.min + (range.max - range.min) * share;
}

describe.each(processes.map(({ name }) => name))('%s', (name) => {
  const process = parseProcess(name);
  const { alphaBar, betaBar, range } = process;

  test('f and g^2 in closed form are what differentiation finds', () => {
    const differentiated = defineProcess({ name, range, alphaBar, betaBar });
    fc.assert(
      fc.property(inside, (share) => {
        const t = timeIn(name, share);
        expect(Math.abs(differentiated.f(t) - process.f(t))).toBeLessThan(
          1e-7 * (1 + Math.abs(process.f(t))),
        );
        expect(Math.abs(differentiated.g2(t) - process.g2(t))).toBeLessThan(1e-7 * (1 + process.g2(t)));
      }),
    );
  });

  test('they are at the ends of the range too, and as near to them as sigma_min is', () => {
    const differentiated = defineProcess({ name, range, alphaBar, betaBar });
    for (const share of [0, 1e-8, 1e-6, 4e-5, 1e-4, 1e-3, 0.999, 0.9999, 1 - 1e-6, 1]) {
      const t = range.min + (range.max - range.min) * share;
      const { f, g2 } = process;
      expect(Math.abs(differentiated.f(t) - f(t)), `f at ${t}`).toBeLessThan(1e-6 * (1 + Math.abs(f(t))));
      expect(Math.abs(differentiated.g2(t) - g2(t)), `g^2 at ${t}`).toBeLessThan(1e-8 * g2(t) + 1e-12);
    }
  });

  test('sigma is beta-bar / alpha-bar, and time its inverse', () => {
    const bisected = defineProcess({ name, range, alphaBar, betaBar });
    fc.assert(
      fc.property(inside, (share) => {
        const t = timeIn(name, share);
        const sigma = process.sigma(t);
        expect(Math.abs(betaBar(t) / alphaBar(t) / sigma - 1)).toBeLessThan(1e-12);
        expect(Math.abs(process.timeOf(sigma) - t)).toBeLessThan(1e-10 * (1 + t));
        expect(Math.abs(bisected.timeOf(sigma) - t)).toBeLessThan(1e-10 * (1 + t));
      }),
    );
  });
});

test('f and g^2 of the processes in the papers', () => {
  const t = 0.3;
  expect(parseProcess('ve').g2(t)).toBe(2 * t);
  expect(parseProcess('vp-exp').f(t)).toBeCloseTo(-10 * t, 12);
  expect(parseProcess('vp-exp').g2(t)).toBeCloseTo(20 * t, 12);
  const beta = 0.1 + 19.9 * t;
  expect(parseProcess('vp-linear').f(t)).toBeCloseTo(-beta / 2, 12);
  expect(parseProcess('vp-linear').g2(t)).toBeCloseTo(beta, 12);
  const integral = 0.1 * t + (19.9 * t * t) / 2;
  expect(parseProcess('sub-vp').g2(t)).toBeCloseTo(beta * (1 - Math.exp(-2 * integral)), 12);
  expect(Math.sqrt(parseProcess('ve-geometric:min=0.01,max=50').g2(t))).toBeCloseTo(
    0.01 * 5000 ** t * Math.sqrt(2 * Math.log(5000)),
    9,
  );
  expect(parseProcess('flow').f(t)).toBeCloseTo(-1 / (1 - t), 12);
});

test('beta-bar keeps its digits where alpha-bar is nearly 1', () => {
  for (const name of ['vp-linear', 'vp-cosine', 'vp-exp']) {
    const process = parseProcess(name);
    const t = process.timeOf(1e-6);
    expect(process.betaBar(t) / process.alphaBar(t) / 1e-6).toBeCloseTo(1, 8);
  }
});

test('a process is what its options say', () => {
  const process = parseProcess('vp-linear:beta_max=12,beta_min=0.1');
  expect(process.name).toBe('vp-linear:beta_max=12');
  expect(process.g2(1)).toBeCloseTo(12, 12);
});

test.each([
  ['vp-liner', /did you mean 'vp-linear'/],
  ['vp-linear:beta_mx=3', /did you mean 'beta_max'/],
  ['vp-linear:beta_max=-3', /positive number/],
  ['ve:', undefined],
])('%s', (text, remedy) => {
  if (!remedy) return expect(parseProcess(text).name).toBe('ve');
  expect(() => parseProcess(text)).toThrow(
    expect.objectContaining({ remedy: expect.stringMatching(remedy) }),
  );
});

test.each([
  ['falls', () => 1, (t: number) => 1 - t / 2, /does not rise/],
  ['breaks', (t: number) => 1 / (t - 0.5), (t: number) => t, /alpha-bar/],
  ['starves', () => 0, (t: number) => t, /alpha-bar 0/],
])('a process that %s is refused', (name, alphaBar, betaBar, message) => {
  expect(() => defineProcess({ name, range: { min: 0, max: 1 }, alphaBar, betaBar })).toThrow(message);
});

test('a sigma that a process never has is refused', () => {
  expect(() => parseProcess('vp-exp').timeOf(1000)).toThrow(/no time at which sigma is 1000/);
});
