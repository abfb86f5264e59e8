import * as v from 'valibot';
import { expect, test } from 'vitest';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { defineProcess } from '../../src/process/process.js';
import { processOf, storedProcessSchema, tabulate } from '../../src/process/tabulated.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

test.each(processes.map(({ name }) => name))('the table of %s is that process, also through JSON', (name) => {
  const { alphaBar, betaBar, range, ...exact } = parseProcess(name);
  // As a user's own, by its two functions alone.
  const stored = tabulate(defineProcess({ name, range, alphaBar, betaBar }));
  const again = processOf(v.parse(storedProcessSchema, JSON.parse(JSON.stringify(stored))));
  const draw = random(seed);
  for (let i = 0; i < 100; i++) {
    const sigma = Math.exp(draw.between(Math.log(0.0021), Math.log(79)));
    const t = exact.timeOf(sigma);
    const span = range.max - range.min;
    expect(Math.abs(again.timeOf(sigma) - t) / span).toBeLessThan(1e-7);
    expect(Math.abs(again.sigma(t) / sigma - 1)).toBeLessThan(1e-6);
    expect(Math.abs(again.alphaBar(t) / alphaBar(t) - 1)).toBeLessThan(1e-6);
    expect(Math.abs(again.betaBar(t) / betaBar(t) - 1)).toBeLessThan(1e-6);
    expect(Math.abs(again.f(t) - exact.f(t))).toBeLessThan(1e-5 * (1 + Math.abs(exact.f(t))));
    expect(Math.abs(again.g2(t) / exact.g2(t) - 1)).toBeLessThan(1e-5);
  }
});

test('a process with a kink is refused, with the time', () => {
  const betaBar = (t: number) => (t < 0.3 ? t : 0.3 + 3 * (t - 0.3));
  const process = defineProcess({ name: 'bent', range: { min: 0, max: 1 }, alphaBar: () => 1, betaBar });
  expect(() => tabulate(process)).toThrow(/'bent' is not smooth at time 0\.[23]/);
});

test('a process without noise levels that are of use is refused', () => {
  const process = defineProcess({
    name: 'faint',
    range: { min: 0, max: 1e-5 },
    alphaBar: () => 1,
    betaBar: (t) => t,
  });
  expect(() => tabulate(process)).toThrow(/'faint' has sigma from 0 to 0\.00001/);
});

test('a table whose times do not rise is refused', () => {
  const stored = tabulate(parseProcess('flow'));
  const times = [...stored.times];
  times[7] = times[6];
  expect(() => processOf({ ...stored, times })).toThrow(/times that do not rise/);
});
