import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explicit, logsnr, parseGrid, polynomial, timeUniform } from '../../src/grid/grid.js';
import { VpTime } from '../../src/grid/vp-time.js';

test.each([
  ['polynomial:7', 6, [80, 30.1832580549, 9.7232013553, 2.5152189761, 0.469979058, 0.0515323943, 0.002]],
  ['time_uniform:1', 3, [80, 6.9502354121, 1.2866689145, 0.002]],
  ['time_uniform:2', 5, [80, 6.2923395659, 1.5599652447, 0.5560024185, 0.1503426436, 0.002]],
])('%s with %i steps has its known times', (name, steps, known) => {
  const times = parseGrid(name).times(steps);
  expect(times).toHaveLength(known.length);
  // The known times have ten decimals.
  for (const [i, time] of times.entries()) expect(Math.abs(time - known[i])).toBeLessThan(6e-11);
});

test('the VP schedule of the default range has its known coefficients', () => {
  const vp = new VpTime(0.002, 80);
  expect(vp.betaD).toBeCloseTo(17.537956987, 9);
  expect(vp.betaMin).toBeCloseTo(-0.004768986, 9);
});

test('VP time and sigma are inverse to each other', () => {
  const range = fc.record({
    min: fc.double({ min: 1e-3, max: 0.05, noNaN: true }),
    u: fc.double({ min: 1e-3, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(range, ({ min, u }) => {
      const vp = new VpTime(min, 80);
      // As u falls to 1e-3, sigma^2 is a difference that cancels: a relative 1e-13 of beta u is left in it.
      expect(Math.abs(vp.time(vp.sigma(u)) - u)).toBeLessThan(1e-9);
    }),
  );
});

test('logsnr is geometric', () => {
  const times = logsnr().times(5, { sigmaMin: 0.1, sigmaMax: 10 });
  for (let i = 1; i < times.length; i++) expect(times[i] / times[i - 1]).toBeCloseTo(0.01 ** (1 / 5), 12);
});

test('every grid falls strictly from exactly sigma_max to exactly sigma_min', () => {
  const grid = fc.oneof(
    fc.double({ min: 0.5, max: 20, noNaN: true }).map(polynomial),
    fc.constant(logsnr()),
    fc.double({ min: 0.5, max: 5, noNaN: true }).map(timeUniform),
  );
  const range = fc.record({
    sigmaMin: fc.double({ min: 1e-3, max: 0.05, noNaN: true }),
    sigmaMax: fc.double({ min: 5, max: 200, noNaN: true }),
  });
  fc.assert(
    fc.property(grid, range, fc.integer({ min: 1, max: 200 }), (rule, ends, steps) => {
      const times = rule.times(steps, ends);
      expect(times).toHaveLength(steps + 1);
      expect([times[0], times[steps]]).toEqual([ends.sigmaMax, ends.sigmaMin]);
      expect(times.every((time, i) => i === 0 || time < times[i - 1])).toBe(true);
    }),
  );
});

test('a grid reads back from its name', () => {
  for (const grid of [polynomial(5.5), logsnr(), timeUniform(2), explicit([80, 5, 0.5, 0.002])]) {
    expect(parseGrid(grid.name).times(3)).toEqual(grid.times(3));
    expect(parseGrid(grid.name).name).toBe(grid.name);
  }
  expect(parseGrid('polynomial').name).toBe('polynomial:7');
  expect(parseGrid('time_uniform').name).toBe('time_uniform:1');
});

test('an explicit grid keeps its own list', () => {
  const list = [3, 2, 1];
  explicit(list).times(2)[0] = 99;
  expect(explicit(list).times(2)).toEqual([3, 2, 1]);
});
