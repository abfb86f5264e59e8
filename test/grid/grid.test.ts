import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  explicit,
  logsnr,
  parseGrid,
  polynomial,
  processTime,
  timesIfAny,
  timeUniform,
} from '../../src/grid/grid.js';
import { VpTime } from '../../src/grid/vp-time.js';
import { parseProcess, processes } from '../../src/process/built-in.js';

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

test.each(processes.map(({ name }) => name))('process_time:%s is even in its time', (name) => {
  const process = parseProcess(name);
  const grid = parseGrid(`process_time:${name}`);
  expect(grid.name).toBe(`process_time:${name}`);
  const times = grid.times(7, { sigmaMin: 0.01, sigmaMax: 60 }).map(process.timeOf);
  const step = (times[7] - times[0]) / 7;
  for (let i = 1; i < times.length; i++) {
    expect(Math.abs(times[i] - times[i - 1] - step)).toBeLessThan(1e-9 * Math.abs(step));
  }
});

test('known grids are those in the time of a process', () => {
  const range = { sigmaMin: 0.01, sigmaMax: 60 };
  const same = (grid: string, known: number[]) => {
    for (const [i, time] of parseGrid(grid).times(5, range).entries()) {
      expect(Math.abs(time / known[i] - 1)).toBeLessThan(1e-12);
    }
  };
  same('process_time:ve-geometric', logsnr().times(5, range));
  same('process_time:ve', polynomial(1).times(5, range));
  // t = sigma / (1 + sigma) of flow.
  const [from, to] = [60 / 61, 0.01 / 1.01];
  const even = [0, 1, 2, 3, 4, 5].map((i) => from + (i / 5) * (to - from));
  same(
    'process_time:flow',
    even.map((t) => t / (1 - t)),
  );
  expect(parseGrid('process_time:vp-linear:beta_max=12').name).toBe('process_time:vp-linear:beta_max=12');
});

test('a process that has not all of the range is refused', () => {
  const grid = processTime(parseProcess('ve-geometric:max=50'));
  expect(() => grid.times(4)).toThrow(/no time at which sigma is 80/);
  expect(() => parseGrid('process_time:flo')).toThrow(/unknown process 'flo'/);
});

test('timesIfAny is undefined only where a process does not span the range', () => {
  const wide = { sigmaMin: 0.002, sigmaMax: 2e4 };
  expect(timesIfAny('process_time:flow', 3, wide)).toBeUndefined();
  expect(timesIfAny('process_time:flow', 3, { ...wide, sigmaMax: 80 })).toHaveLength(4);
  expect(timesIfAny('logsnr', 3, wide)).toHaveLength(4);
  expect(() => timesIfAny('process_time:flo', 3, wide)).toThrow(/unknown process 'flo'/);
});

test('every grid falls strictly from exactly sigma_max to exactly sigma_min', () => {
  const grid = fc.oneof(
    fc.double({ min: 0.5, max: 20, noNaN: true }).map(polynomial),
    fc.constant(logsnr()),
    fc.double({ min: 0.5, max: 5, noNaN: true }).map(timeUniform),
    // These two reach sigma 200.
    fc.constantFrom('vp-cosine', 'flow').map((name) => processTime(parseProcess(name))),
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
