import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { PREDICTIONS, type Prediction, parsePrediction, translation } from '../../src/process/prediction.js';
import type { Process } from '../../src/process/process.js';

/** What a perfect network of one pair (x_0, eps) would predict: the definitions, with slopes by differences. */
function predicted(process: Process, prediction: Prediction, t: number, clean: number, eps: number): number {
  const [alpha, beta] = [process.alphaBar(t), process.betaBar(t)];
  const h = 1e-6 * Math.min(1, t);
  const slope = (value: (t: number) => number) => (value(t + h) - value(t - h)) / (2 * h);
  return {
    eps,
    x0: clean,
    v: alpha * eps - beta * clean,
    score: -eps / beta,
    velocity: slope(process.alphaBar) * clean + slope(process.betaBar) * eps,
  }[prediction];
}

describe.each(processes.map(({ name }) => name))('%s', (name) => {
  test.each(PREDICTIONS)('D comes out of %s', (prediction) => {
    const process = parseProcess(name);
    const number = fc.double({ min: -2, max: 2, noNaN: true });
    const logSigma = fc.double({ min: Math.log(0.01), max: Math.log(50), noNaN: true });
    fc.assert(
      fc.property(number, number, logSigma, (clean, eps, log) => {
        const sigma = Math.exp(log);
        const { skip, out, input, time } = translation(process, prediction, sigma);
        const x = clean + sigma * eps;
        expect(input).toBeCloseTo(process.alphaBar(time), 14);
        const denoised = skip * x + out * predicted(process, prediction, time, clean, eps);
        // At sigma 50 and by differences, 1e-9 of the slopes are left.
        expect(Math.abs(denoised - clean)).toBeLessThan(1e-6 * (1 + sigma));
      }),
    );
  });
});

test('an unknown prediction is refused', () => {
  expect(() => parsePrediction('epsilon')).toThrow(
    expect.objectContaining({ remedy: expect.stringContaining('eps') }),
  );
});
