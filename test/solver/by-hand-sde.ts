/**
 * Samplers of the reverse SDE of one number as loops, written from the papers and in their own x = alpha-bar x^ and t:
 * what plans are compared with. Nothing here comes from the samplers' own code.
 */
import type { Run } from './by-hand.js';

export interface NoisyRun extends Run {
  /** The next standard normal; none is drawn for what adds no noise. */
  z: () => number;
}

export type ByHandSde = (run: NoisyRun) => number;

/** alpha-bar, beta-bar, f and g^2 as Score-SDE (arXiv 2011.13456, appendix B) and rectified flow (2209.03003) have them. */
interface Reversed {
  A: (t: number) => number;
  B: (t: number) => number;
  f: (t: number) => number;
  g2: (t: number) => number;
  /** Where sigma = B / A is. */
  last: number;
}

const [BETA_MIN, BETA_MAX] = [0.1, 20];
const logA = (t: number) => (-t * t * (BETA_MAX - BETA_MIN)) / 4 - (t * BETA_MIN) / 2;
const beta = (t: number) => BETA_MIN + t * (BETA_MAX - BETA_MIN);

export const REVERSED = {
  ve: { A: () => 1, B: (t) => t, f: () => 0, g2: (t) => 2 * t, last: 1000 },
  've-geometric': {
    A: () => 1,
    B: (t) => 0.002 * 40000 ** t,
    f: () => 0,
    g2: (t) => 0.002 ** 2 * 40000 ** (2 * t) * 2 * Math.log(40000),
    last: 1,
  },
  'vp-linear': {
    A: (t) => Math.exp(logA(t)),
    B: (t) => Math.sqrt(-Math.expm1(2 * logA(t))),
    f: (t) => -beta(t) / 2,
    g2: beta,
    last: 1,
  },
  'sub-vp': {
    A: (t) => Math.exp(logA(t)),
    B: (t) => -Math.expm1(2 * logA(t)),
    f: (t) => -beta(t) / 2,
    g2: (t) => -beta(t) * Math.expm1(4 * logA(t)),
    last: 1,
  },
  flow: { A: (t) => 1 - t, B: (t) => t, f: (t) => -1 / (1 - t), g2: (t) => (2 * t) / (1 - t), last: 0.9999 },
} satisfies Record<string, Reversed>;

/** t of sigma, by halving. */
function timeOf({ A, B, last }: Reversed, sigma: number): number {
  let [low, high] = [0, last];
  for (let n = 0; n < 200; n++) {
    const middle = (low + high) / 2;
    if (B(middle) / A(middle) < sigma) low = middle;
    else high = middle;
  }
  return low;
}

/** score(x, t) of a process whose D is of x / alpha-bar: (alpha-bar D - x) / beta-bar^2. */
const scoreOf =
  ({ D }: NoisyRun, { A, B }: Reversed) =>
  (x: number, t: number) =>
    (A(t) * D(x / A(t), B(t) / A(t)) - x) / B(t) ** 2;

/** Euler and Maruyama on dx = [f x - g^2 score] dt + g dw, backwards; the last step returns its mean. */
export const eulerMaruyama =
  (name: keyof typeof REVERSED): ByHandSde =>
  (run) => {
    const process: Reversed = REVERSED[name];
    const t = run.times.map((sigma) => timeOf(process, sigma));
    const score = scoreOf(run, process);
    let x = process.A(t[0]) * run.x;
    for (let i = 0; i + 1 < t.length; i++) {
      const dt = t[i + 1] - t[i];
      x += (process.f(t[i]) * x - process.g2(t[i]) * score(x, t[i])) * dt;
      if (i + 2 < t.length) x += Math.sqrt(process.g2(t[i])) * Math.sqrt(-dt) * run.z();
    }
    return x / process.A(t[t.length - 1]);
  };

/**
 * Score-SDE's predictor, for VE algorithm 2 and for VP algorithm 3, after `corrections` of algorithm 4 or 5 with
 * |z| / |score| = beta-bar: what these norms are where noise prevails.
 */
export const reverseDiffusion =
  (name: 've' | 've-geometric' | 'vp-linear', corrections = 0, snr = 0): ByHandSde =>
  (run) => {
    const process: Reversed = REVERSED[name];
    const { A, B } = process;
    const t = run.times.map((sigma) => timeOf(process, sigma));
    const score = scoreOf(run, process);
    let x = A(t[0]) * run.x;
    for (let i = 0; i + 1 < t.length; i++) {
      // The chain's own: alpha_i = 1 - beta_i of VP, 1 of VE.
      const alpha = (A(t[i]) / A(t[i + 1])) ** 2;
      for (let n = 0; n < corrections; n++) {
        const epsilon = 2 * alpha * (snr * B(t[i])) ** 2;
        x += epsilon * score(x, t[i]) + Math.sqrt(2 * epsilon) * run.z();
      }
      const g2 = name === 'vp-linear' ? 1 - alpha : B(t[i]) ** 2 - B(t[i + 1]) ** 2;
      const drift = name === 'vp-linear' ? 2 - Math.sqrt(alpha) : 1;
      x = drift * x + g2 * score(x, t[i]);
      if (i + 2 < t.length) x += Math.sqrt(g2) * run.z();
    }
    return x / A(t[t.length - 1]);
  };

/** DDIM (arXiv 2010.02502), equations 12 and 16, in its own x = sqrt(alpha) x^ with alpha = 1 / (1 + sigma^2). */
export const ddim =
  (eta: number): ByHandSde =>
  ({ times, D, x, z }) => {
    const alpha = times.map((sigma) => 1 / (1 + sigma * sigma));
    let state = Math.sqrt(alpha[0]) * x;
    for (let i = 0; i + 1 < times.length; i++) {
      const [a, before] = [alpha[i], alpha[i + 1]];
      const x0 = D(state / Math.sqrt(a), times[i]);
      const epsilon = (state - Math.sqrt(a) * x0) / Math.sqrt(1 - a);
      const sigma = eta * Math.sqrt((1 - before) / (1 - a)) * Math.sqrt(1 - a / before);
      state = Math.sqrt(before) * x0 + Math.sqrt(1 - before - sigma ** 2) * epsilon;
      if (sigma > 0) state += sigma * z();
    }
    return state / Math.sqrt(alpha[alpha.length - 1]);
  };

/** EDM (arXiv 2206.00364), algorithm 2. */
export const edm =
  ({ churn, sMin, sMax, sNoise }: { churn: number; sMin: number; sMax: number; sNoise: number }): ByHandSde =>
  ({ times, D, x, z }) => {
    const N = times.length - 1;
    let state = x;
    for (let i = 0; i < N; i++) {
      const [t, next] = [times[i], times[i + 1]];
      const churned = sMin <= t && t <= sMax;
      const gamma = churned ? Math.min(churn / N, Math.sqrt(2) - 1) : 0;
      const hat = t + gamma * t;
      const noise = gamma > 0 && sNoise > 0 ? sNoise * z() : 0;
      const xHat = state + Math.sqrt(hat ** 2 - t ** 2) * noise;
      const d = (xHat - D(xHat, hat)) / hat;
      const end = xHat + (next - hat) * d;
      const dEnd = (end - D(end, next)) / next;
      state = xHat + (next - hat) * ((1 / 2) * d + (1 / 2) * dEnd);
    }
    return state;
  };

/**
 * SDE-DPM-Solver++(2M): for eta = 1 the 'midpoint' is that of the paper (arXiv 2211.01095, section 6), all else that of
 * k-diffusion's sample_dpmpp_2m_sde. 'heun' is the straight line through the last two D, integrated exactly.
 */
export const dpmpp2mSde =
  (variant: 'midpoint' | 'heun', eta: number, sNoise: number): ByHandSde =>
  ({ times, D, x, z }) => {
    let state = x;
    let [old, hLast] = [0, 0];
    for (let i = 0; i + 1 < times.length; i++) {
      const [t, s] = [-Math.log(times[i]), -Math.log(times[i + 1])];
      const h = s - t;
      const [etaH, H] = [eta * h, h + eta * h];
      const denoised = D(state, times[i]);
      state = (times[i + 1] / times[i]) * Math.exp(-etaH) * state + (1 - Math.exp(-H)) * denoised;
      if (i > 0) {
        const r = hLast / h;
        const factor = variant === 'heun' ? (1 - Math.exp(-H)) / -H + 1 : 0.5 * (1 - Math.exp(-H));
        state += (factor / r) * (denoised - old);
      }
      if (eta > 0 && sNoise > 0) state += sNoise * times[i + 1] * Math.sqrt(1 - Math.exp(-2 * etaH)) * z();
      [old, hLast] = [denoised, h];
    }
    return state;
  };

/** Mean and variance of where a loop ends that is linear in its state, its latents being N(0, sigma_max^2). */
export function momentsByHand(
  byHand: ByHandSde,
  run: Pick<Run, 'times' | 'D'>,
): { mean: number; variance: number } {
  let draws = 0;
  /** Where it ends if the latents are x and draw `which` alone is 1. */
  const end = (x: number, which: number) => {
    draws = 0;
    return byHand({ ...run, x, z: () => (draws++ === which ? 1 : 0) });
  };
  const mean = end(0, -1);
  const factors = [end(run.times[0], -1), ...Array.from({ length: draws }, (_, which) => end(0, which))];
  return { mean, variance: factors.reduce((sum, factor) => sum + (factor - mean) ** 2, 0) };
}
