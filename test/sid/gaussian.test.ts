import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, test } from 'vitest';
import { random } from '../../src/rng/random.js';
import { sidLevels } from '../../src/sid/draws.js';
import { type Objective, objectiveOf } from '../../src/sid/objective.js';
import { generatorLoss, lossWeight } from '../../src/sid/reference.js';
import { sidSettings } from '../../src/sid/settings.js';
import { freshSeed } from '../seed.js';

// A teacher of N(0, s^2) and a generator y = a z of variance v: both best denoisers are linear, with slopes
// s^2 / (s^2 + sigma^2) and v / (v + sigma^2), and losses and gradients are closed forms.

const seed = freshSeed();
const S = 0.7;
const slope = (variance: number, sigma: number) => variance / (variance + sigma ** 2);

/** Expectations of the losses over noise and latents, divided by sigma^2, and of the fake score's slope k_psi. */
const CLOSED = {
  l1: (v: number, sigma: number, kPsi: number) =>
    ((slope(S ** 2, sigma) - kPsi) ** 2 * (v + sigma ** 2)) / sigma ** 2,
  l2: (v: number, sigma: number, kPsi: number) => {
    const kPhi = slope(S ** 2, sigma);
    return ((kPhi - kPsi) * (kPhi * (v + sigma ** 2) - v)) / sigma ** 2;
  },
  l3: (v: number, sigma: number, kPsi: number) => {
    const kPhi = slope(S ** 2, sigma);
    const cross = kPhi ** 2 * (v + sigma ** 2) - 2 * kPhi * v + v;
    return (cross + (1 - kPsi) ** 2 * (v + sigma ** 2)) / sigma ** 2;
  },
};
type Form = keyof typeof CLOSED;

/** Nodes and weights of Gauss and Hermite's quadrature for N(0, 1), exact for polynomials up to degree 2 count - 1. */
function normalNodes(count: number): { z: number; weight: number }[] {
  // Of the Jacobi matrix of the polynomials (Golub and Welsch, 1969).
  const jacobi = Matrix.zeros(count, count);
  for (let k = 1; k < count; k++) {
    jacobi.set(k - 1, k, Math.sqrt(k));
    jacobi.set(k, k - 1, Math.sqrt(k));
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(jacobi);
  return realEigenvalues.map((z, i) => ({ z, weight: eigenvectorMatrix.get(0, i) ** 2 }));
}
const NODES = normalNodes(6);

/** The mean of a loss and its gradient to a over latents and noise. */
function measured(objective: Objective, a: number, sigma: number, kPsi: number) {
  const kPhi = slope(S ** 2, sigma);
  let [loss, gradient] = [0, 0];
  for (const { z, weight } of NODES) {
    for (const { z: n, weight: share } of NODES) {
      const y = a * z;
      const noisy = y + sigma * n;
      const terms = {
        generated: Float64Array.of(y),
        noisy: Float64Array.of(noisy),
        real: Float64Array.of(kPhi * noisy),
        fake: Float64Array.of(kPsi * noisy),
        sigma,
      };
      const made = generatorLoss(objective, terms);
      const slopeToY = made.toGenerated[0] + kPhi * made.toReal[0] + kPsi * made.toFake[0];
      loss += weight * share * made.loss;
      gradient += weight * share * z * slopeToY;
    }
  }
  return { loss, gradient };
}

const objective = (loss: Form) => objectiveOf(sidSettings({ loss, weighting: 'eps' }));

describe('of Gaussians', () => {
  const draw = random(seed);
  const cases = Array.from({ length: 20 }, () => ({
    v: Math.exp(draw.between(-4, 3)),
    sigma: Math.exp(draw.between(-3, 3)),
  }));

  test.each(Object.keys(CLOSED) as Form[])(
    '%s and its gradient, the fake score held, are the closed forms',
    (form) => {
      for (const { v, sigma } of cases) {
        const kPsi = slope(v, sigma);
        const { loss, gradient } = measured(objective(form), Math.sqrt(v), sigma, kPsi);
        expect(loss / CLOSED[form](v, sigma, kPsi)).toBeCloseTo(1, 8);
        const step = 1e-4 * v;
        const toV = (CLOSED[form](v + step, sigma, kPsi) - CLOSED[form](v - step, sigma, kPsi)) / (2 * step);
        // d/da of what depends on v = a^2; the forms are linear in v, so that differences are exact.
        expect(gradient / (toV * 2 * Math.sqrt(v))).toBeCloseTo(1, 4);
      }
    },
  );

  test('L1 = L2 = L3 - 1 where the fake score is exact', () => {
    for (const { v, sigma } of cases) {
      const kPsi = slope(v, sigma);
      const l1 = CLOSED.l1(v, sigma, kPsi);
      expect(Math.abs(CLOSED.l2(v, sigma, kPsi) - l1)).toBeLessThan(1e-9 * (1 + l1));
      expect(Math.abs(CLOSED.l3(v, sigma, kPsi) - 1 - l1)).toBeLessThan(1e-9 * (1 + v / sigma ** 2));
    }
  });
});

/** Where the variance goes in Adam-like steps of ln a under an exact fake score, all levels of a batch at once. */
function fixedPoint(given: Parameters<typeof sidSettings>[0], from: number): number {
  const settings = sidSettings(given);
  const chosen = objectiveOf(settings);
  const { level_a, level_b } = sidLevels(settings, S, 'generator');
  const sigmas = Array.from({ length: 12 }, (_, i) => (level_a + (level_b * (i + 0.5)) / 12) ** 7);
  let a = Math.sqrt(from);
  for (let step = 0; step < 400; step++) {
    let gradient = 0;
    for (const sigma of sigmas) gradient += measured(chosen, a, sigma, slope(a * a, sigma)).gradient;
    // A signed step of a falling size, which neither stops early nor depends on the loss's scale.
    a *= Math.exp((-Math.sign(gradient) * 2) / (20 + step));
  }
  return a * a;
}

describe('the variance', () => {
  const start = { small: 0.01, large: 20 };
  const alpha = 1.2;
  // (k_phi - k_psi) (k_phi - 1 - alpha (k_phi - k_psi)) changes its sign here besides, as sigma goes to 0.
  const turningPoint = (alpha * S ** 2) / (alpha - 1);

  test.each([
    ['L2, eps', { loss: 'l2', weighting: 'eps' }],
    ['L2, x0', { loss: 'l2' }],
    ['L2 - L1, x0', { loss: 'l2-alpha-l1' }],
    ['L2 - L1, eps', { loss: 'l2-alpha-l1', weighting: 'eps' }],
  ] as [string, Parameters<typeof sidSettings>[0]][])('goes to the teacher’s with %s', (_, given) => {
    for (const from of Object.values(start)) expect(fixedPoint(given, from) / S ** 2).toBeCloseTo(1, 1);
  });

  test('goes there with L2 - 1.2 L1 from up to 6 times the teacher’s, and away from far more', () => {
    const published = { loss: 'l2-alpha-l1', alpha } as const;
    expect(fixedPoint(published, start.small) / S ** 2).toBeCloseTo(1, 1);
    const given = { ...published, weighting: 'eps', sigmaMax: 1 } as const;
    expect(fixedPoint(given, 0.8 * turningPoint) / S ** 2).toBeCloseTo(1, 1);
    expect(fixedPoint(given, 10 * turningPoint)).toBeGreaterThan(20 * turningPoint);
  });

  test.each(['l1', 'l3'] as const)('falls without end with %s, as far as the steps go', (loss) => {
    for (const weighting of ['eps', 'x0'] as const) {
      for (const from of Object.values(start)) {
        expect(fixedPoint({ loss, weighting }, from) / S ** 2).toBeLessThan(1e-3);
      }
    }
  });
});

test('the weight is 1 / sigma^2, or normalises, and is bounded', () => {
  const terms = {
    generated: Float64Array.of(1, -1),
    noisy: Float64Array.of(0, 0),
    real: Float64Array.of(1.5, 0),
    fake: Float64Array.of(0, 0),
    sigma: 4,
  };
  expect(lossWeight({ ...objective('l2'), normalised: false }, terms)).toBe(1 / 16);
  expect(lossWeight({ ...objective('l2'), normalised: true }, terms)).toBeCloseTo(100 / 0.75, 10);
  const equal = { ...terms, real: terms.generated };
  expect(lossWeight({ ...objective('l2'), normalised: true }, equal)).toBe(1e7);
});
