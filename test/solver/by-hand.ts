/**
 * Solvers of one number as loops, written from the papers and in their terms: what plans are compared with. Nothing
 * here comes from the solvers' own code.
 */
export interface Run {
  /** Decreasing sigma. */
  times: readonly number[];
  /** D(x, sigma). */
  D: (x: number, sigma: number) => number;
  /** At the first time. */
  x: number;
  /** What the field contributes to update i is multiplied by it, as AMED's plugins do; 1 by default. */
  scale?: (i: number) => number;
}

export type ByHand = (run: Run) => number;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** x of a x = b, by Gauss and Jordan with pivots. */
function linear(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]]);
  for (let c = 0; c < rows.length; c++) {
    const pivot = rows.reduce(
      (best, row, i) => (i > c && Math.abs(row[c]) > Math.abs(rows[best][c]) ? i : best),
      c,
    );
    [rows[c], rows[pivot]] = [rows[pivot], rows[c]];
    for (const [i, row] of rows.entries()) {
      if (i === c) continue;
      const factor = row[c] / rows[c][c];
      for (let k = c; k < row.length; k++) row[k] -= factor * rows[c][k];
    }
  }
  return rows.map((row, i) => row[rows.length] / row[i]);
}

function simpson(from: number, to: number, f: (x: number) => number, intervals = 2000): number {
  const h = (to - from) / intervals;
  const inner = Array.from(
    { length: intervals - 1 },
    (_, i) => (i % 2 === 0 ? 4 : 2) * f(from + (i + 1) * h),
  );
  return (h / 3) * (f(from) + sum(inner) + f(to));
}

const lagrange = (nodes: readonly number[], j: number, x: number) =>
  nodes.reduce((product, node, k) => (k === j ? product : (product * (x - node)) / (nodes[j] - node)), 1);

/** A loop of steps that know nothing of each other; v is dx/dsigma = (x - D) / sigma. */
const singleStep =
  (step: (x: number, t: number, next: number, v: (x: number, t: number) => number) => number): ByHand =>
  ({ times, D, x }) =>
    times.slice(1).reduce((state, next, i) => step(state, times[i], next, (y, t) => (y - D(y, t)) / t), x);

/** EDM (arXiv 2206.00364), algorithm 1 without the correction; in these terms DDIM (2010.02502), equation 12. */
export const euler: ByHand = ({ times, D, x, scale = () => 1 }) => {
  let state = x;
  for (let i = 0; i + 1 < times.length; i++) {
    const d = (state - D(state, times[i])) / times[i];
    state += scale(i) * (times[i + 1] - times[i]) * d;
  }
  return state;
};

/** EDM, algorithm 1. */
export const heun = singleStep((x, t, next, v) => {
  const d = v(x, t);
  const dNext = v(x + (next - t) * d, next);
  return x + (next - t) * (0.5 * d + 0.5 * dNext);
});

/** EDM, algorithm 1, whose last step goes from sigma_min to 0: x + (0 - t) (x - D) / t. */
export const heunToZero: ByHand = (run) => run.D(heun(run), run.times[run.times.length - 1]);

/** The explicit midpoint rule, its middle where one says. */
const midpoint = (middle: (t: number, next: number) => number) =>
  singleStep((x, t, next, v) => {
    const m = middle(t, next);
    return x + (next - t) * v(x + (m - t) * v(x, t), m);
  });
export const midpointArithmetic = midpoint((t, next) => t + (next - t) / 2);
export const midpointGeometric = midpoint((t, next) => Math.exp((Math.log(t) + Math.log(next)) / 2));

/** DPM-Solver-2 with any r (arXiv 2206.00927, appendix) for alpha = 1, sigma = exp(-lambda), eps = dx/dsigma. */
export const dpmSolver2 = (r: number) =>
  singleStep((x, t, next, eps) => {
    const [lambda, h] = [-Math.log(t), Math.log(t) - Math.log(next)];
    const s = Math.exp(-(lambda + r * h));
    const first = eps(x, t);
    const u = x - s * Math.expm1(r * h) * first;
    return x - next * Math.expm1(h) * first - (next / (2 * r)) * Math.expm1(h) * (eps(u, s) - first);
  });

/** Kutta, 1901. */
export const rk4 = singleStep((x, t, next, v) => {
  const h = next - t;
  const k1 = v(x, t);
  const k2 = v(x + (h * k1) / 2, t + h / 2);
  const k3 = v(x + (h * k2) / 2, t + h / 2);
  const k4 = v(x + h * k3, next);
  return x + (h * (k1 + 2 * k2 + 2 * k3 + k4)) / 6;
});

/** x' = x + sum_j w_j d_j over the last velocities, newest first. */
const onVelocities =
  (most: number, weights: (times: readonly number[], i: number, count: number) => number[]): ByHand =>
  ({ times, D, x, scale = () => 1 }) => {
    let state = x;
    let d: number[] = [];
    for (let i = 0; i + 1 < times.length; i++) {
      d = [(state - D(state, times[i])) / times[i], ...d].slice(0, most);
      const w = weights(times, i, d.length);
      state += scale(i) * sum(d.map((value, j) => w[j] * value));
    }
    return state;
  };

/** PNDM's linear multistep method (arXiv 2202.09778) and its shorter kin, as iPNDM starts with them (DEIS, 2204.13902). */
export const ipndm = (most: number) =>
  onVelocities(most, (times, i, count) => {
    const h = times[i + 1] - times[i];
    const table = [[h], [3 * h, -h], [23 * h, -16 * h, 5 * h], [55 * h, -59 * h, 37 * h, -9 * h]];
    return table[count - 1].map((value) => value / [1, 2, 12, 24][count - 1]);
  });

/**
 * iPNDM_v as the code of DEIS (arXiv 2204.13902) and AMED (2312.00094) has it, line by line with its misplaced
 * parentheses; h_n is the step to come, h_n_1 and on those before.
 */
export const ipndmV = (most: number) =>
  onVelocities(most, (t, i, count) => {
    const [hn, hn1, hn2, hn3] = Array.from({ length: count }, (_, j) => t[i + 1 - j] - t[i - j]);
    if (count === 1) return [hn];
    if (count === 2) return [(hn * (2 + hn / hn1)) / 2, (hn * -(hn / hn1)) / 2];
    const temp1 = (1 - ((hn / (3 * (hn + hn1))) * (hn * (hn + hn1))) / (hn1 * (hn1 + hn2))) / 2;
    if (count === 3) {
      const [c1, c2] = [(2 + hn / hn1) / 2 + temp1, -(hn / hn1) / 2 - (1 + hn1 / hn2) * temp1];
      return [hn * c1, hn * c2, (hn * temp1 * hn1) / hn2];
    }
    const temp2 =
      (((1 - hn / (3 * (hn + hn1))) / 2 + ((1 - hn / (2 * (hn + hn1))) * hn) / (6 * (hn + hn1 + hn2))) *
        (hn * (hn + hn1) * (hn + hn1 + hn2))) /
      (hn1 * (hn1 + hn2) * (hn1 + hn2 + hn3));
    const q = (hn1 * (hn1 + hn2)) / (hn2 * (hn2 + hn3));
    return [
      hn * ((2 + hn / hn1) / 2 + temp1 + temp2),
      hn * (-(hn / hn1) / 2 - (1 + hn1 / hn2) * temp1 - (1 + hn1 / hn2 + q) * temp2),
      hn * ((temp1 * hn1) / hn2 + (hn1 / hn2 + q * (1 + hn2 / hn3)) * temp2),
      (hn * -temp2 * q * hn1) / hn2,
    ];
  });

/** Adams and Bashforth on any grid: the weights that integrate 1, t, t^2 .. over the step exactly. */
export const adamsBashforth = (most: number) =>
  onVelocities(most, (t, i, count) => {
    const h = t[i + 1] - t[i];
    const nodes = Array.from({ length: count }, (_, j) => (t[i - j] - t[i]) / h);
    const powers = nodes.map((_, p) => nodes.map((node) => node ** p));
    return linear(
      powers,
      nodes.map((_, p) => 1 / (p + 1)),
    ).map((weight) => h * weight);
  });

/**
 * DEIS-tAB (arXiv 2204.13902, equation 15): Lagrange polynomials in the time u of the VP process (EDM, table 1 and
 * appendix C.1.1, on the grid's own range), integrated over sigma by Simpson's rule in ln sigma.
 */
export const deis = (most: number) =>
  onVelocities(most, (t, i, count) => {
    const [low, high] = [Math.log1p(t[t.length - 1] ** 2), Math.log1p(t[0] ** 2)];
    const betaD = (2 * (low / 1e-3 - high)) / (1e-3 - 1);
    const betaMin = high - betaD / 2;
    // The root of betaD u^2 / 2 + betaMin u = ln(1 + sigma^2).
    const u = (sigma: number) =>
      (Math.sqrt(betaMin ** 2 + 2 * betaD * Math.log(1 + sigma ** 2)) - betaMin) / betaD;
    const nodes = Array.from({ length: count }, (_, j) => u(t[i - j]));
    return nodes.map((_, j) =>
      simpson(Math.log(t[i]), Math.log(t[i + 1]), (y) => Math.exp(y) * lagrange(nodes, j, u(Math.exp(y)))),
    );
  });

/** The order of step i, from 1, of a method of `most` steps: it rises, and on request falls (DPM-Solver's code). */
const orderOf = (i: number, steps: number, most: number, falls: boolean) =>
  i < most ? i : Math.min(most, falls ? steps + 1 - i : most);

/** x' = (t' / t) x + what the last D contribute; lambda = -ln t. m is newest first, as are the steps h before it. */
const onDenoised =
  (most: number, falls: boolean, pull: (h: number, m: number[], before: number[]) => number): ByHand =>
  ({ times, D, x, scale = () => 1 }) => {
    const steps = times.length - 1;
    const lambda = times.map((t) => -Math.log(t));
    const m: number[] = [];
    let state = x;
    for (let i = 1; i <= steps; i++) {
      m.unshift(D(state, times[i - 1]));
      const order = orderOf(i, steps, most, falls);
      const before = Array.from({ length: order - 1 }, (_, j) => lambda[i - 1 - j] - lambda[i - 2 - j]);
      const contribution = pull(lambda[i] - lambda[i - 1], m.slice(0, order), before);
      state = (times[i] / times[i - 1]) * state + scale(i - 1) * contribution;
    }
    return state;
  };

/** DPM-Solver++(2M) (arXiv 2211.01095), algorithm 2. */
function secondOrder(h: number, [m0, m1]: number[], [h1]: number[]): number {
  const r = h1 / h;
  return (1 - Math.exp(-h)) * ((1 + 1 / (2 * r)) * m0 - (1 / (2 * r)) * m1);
}

export const dpmpp2m = (falls: boolean) =>
  onDenoised(2, falls, (h, m, before) =>
    m.length === 1 ? (1 - Math.exp(-h)) * m[0] : secondOrder(h, m, before),
  );

/** DPM-Solver++(3M) as its code and k-diffusion's sample_dpmpp_3m_sde with eta = 0 have it. */
function thirdOrder(h: number, [m0, m1, m2]: number[], [h1, h2]: number[]): number {
  const [r0, r1] = [h1 / h, h2 / h];
  const [d10, d11] = [(m0 - m1) / r0, (m1 - m2) / r1];
  const d1 = d10 + ((d10 - d11) * r0) / (r0 + r1);
  const d2 = (d10 - d11) / (r0 + r1);
  const phi2 = Math.expm1(-h) / h + 1;
  const phi3 = phi2 / h - 0.5;
  return -Math.expm1(-h) * m0 + phi2 * d1 - phi3 * d2;
}

/** The third-order step exactly: the parabola through the last three D, integrated with exp(lambda - lambda'). */
function parabola(h: number, m: number[], [h1, h2]: number[]): number {
  const nodes = [0, -h1, -h1 - h2];
  return simpson(0, h, (at) => Math.exp(at - h) * sum(m.map((value, j) => value * lagrange(nodes, j, at))));
}

export const dpmpp3m = (falls: boolean, exact = false) =>
  onDenoised(3, falls, (h, m, before) => {
    if (m.length === 1) return (1 - Math.exp(-h)) * m[0];
    if (m.length === 2) return secondOrder(h, m, before);
    return exact ? parabola(h, m, before) : thirdOrder(h, m, before);
  });

/** Multistep UniPC, data prediction (arXiv 2302.04867, appendix), as its code's multistep_uni_pc_bh_update. */
export const unipc =
  (most: number, variant: 'bh1' | 'bh2', falls: boolean): ByHand =>
  ({ times, D, x, scale = () => 1 }) => {
    const steps = times.length - 1;
    const lambda = times.map((t) => -Math.log(t));
    const m = [D(x, times[0])];
    let state = x;
    for (let i = 1; i <= steps; i++) {
      const order = orderOf(i, steps, most, falls);
      const hh = lambda[i - 1] - lambda[i];
      const B = variant === 'bh1' ? hh : Math.expm1(hh);
      const m0 = m[i - 1];
      const rk = Array.from({ length: order - 1 }, (_, q) => (lambda[i - 2 - q] - lambda[i - 1]) / -hh);
      const D1 = rk.map((r, q) => (m[i - 2 - q] - m0) / r);
      rk.push(1);
      const phi1 = Math.expm1(hh);
      const phi2 = phi1 / hh - 1;
      const phi3 = phi2 / hh - 1 / 2;
      const phi4 = phi3 / hh - 1 / 6;
      const b = [phi2 / B, (phi3 * 2) / B, (phi4 * 6) / B];
      const R = [rk.map(() => 1), rk, rk.map((r) => r * r)];
      const solved = (size: number) =>
        linear(
          R.slice(0, size).map((row) => row.slice(0, size)),
          b.slice(0, size),
        );
      const reach = (residual: number) =>
        (times[i] / times[i - 1]) * state - scale(i - 1) * (phi1 * m0 + B * residual);
      const rhoP = order === 1 ? [] : order === 2 ? [0.5] : solved(order - 1);
      const predicted = reach(sum(D1.map((value, q) => rhoP[q] * value)));
      if (i === steps) return predicted;
      const rhoC = order === 1 ? [0.5] : solved(order);
      m[i] = D(predicted, times[i]);
      state = reach(sum(D1.map((value, q) => rhoC[q] * value)) + rhoC[order - 1] * (m[i] - m0));
    }
    return state;
  };
