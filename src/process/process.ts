import { isObject, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { derivative } from './derivative.js';

/**
 * The forward process that turns data into noise, p(x_t | x_0) = N(alpha-bar x_0, beta-bar^2 I), and the stochastic
 * differential equation that has these marginals, dx = f(t) x dt + g(t) dw (Score-SDE, arXiv 2011.13456).
 */
export interface Process {
  /** As one writes it: 'vp-linear:beta_max=12'. */
  readonly name: string;
  /** Times that make sense: alpha-bar and beta-bar are positive and their ratio rises within. */
  readonly range: TimeRange;
  /** Factor of the data at a time. */
  alphaBar(t: number): number;
  /** Standard deviation of the noise at a time. */
  betaBar(t: number): number;
  /** Drift, per unit of time: d(ln alpha-bar)/dt. */
  f(t: number): number;
  /** Squared diffusion, per unit of time: alpha-bar^2 d(beta-bar^2 / alpha-bar^2)/dt. */
  g2(t: number): number;
  /** Noise-to-signal ratio beta-bar / alpha-bar: the time of every solver, on x / alpha-bar. */
  sigma(t: number): number;
  /**
   * The time at which the noise-to-signal ratio is sigma, the inverse of `sigma`.
   * @throws FewstepError bad-argument where the process never has it
   */
  timeOf(sigma: number): number;
}

/** Whether it is a process, as `defineProcess` makes it. */
export function isProcess(given: unknown): given is Process {
  return isObject(given) && typeof given.timeOf === 'function' && typeof given.g2 === 'function';
}

/**
 * @param who takes it
 * @param remedy what it might be given, besides what `defineProcess` makes
 * @throws FewstepError bad-argument unless it is a `Process`
 */
export function checkProcess(who: string, given: unknown, remedy: string): asserts given is Process {
  if (isProcess(given)) return;
  throw new FewstepError(
    'bad-argument',
    `${who} has ${shown(given)} for process, not a Process`,
    `${remedy}, or what defineProcess makes of { name, range, alphaBar, betaBar }`,
  );
}

/** The first and the last time of a process. */
export interface TimeRange {
  min: number;
  max: number;
}

/** What defines a process; what is left out follows from alpha-bar and beta-bar. */
export interface ProcessDefinition {
  name: string;
  /**
   * Times with 0 <= min < max over which alpha-bar is above 0, beta-bar too (it may be 0 at min), and their ratio
   * rises.
   */
  range: TimeRange;
  alphaBar(t: number): number;
  betaBar(t: number): number;
  /** These four as `Process` has them, where there is a closed form. */
  f?(t: number): number;
  g2?(t: number): number;
  sigma?(t: number): number;
  timeOf?(sigma: number): number;
}

/**
 * A process from its alpha-bar and beta-bar alone: f and g^2 by numerical differentiation, times by bisection, unless
 * the definition has them in closed form.
 * @throws FewstepError bad-argument unless over its range both are finite and positive and their ratio rises
 */
export function defineProcess(definition: ProcessDefinition): Process {
  const { name, range, alphaBar, betaBar } = definition;
  const sigma = definition.sigma ?? ((t: number) => betaBar(t) / alphaBar(t));
  check(definition, sigma);
  return {
    name,
    range,
    alphaBar,
    betaBar,
    sigma,
    f: definition.f ?? ((t) => derivative((s) => Math.log(alphaBar(s)), t, range)),
    // Not 2 B^2 (ln sigma)', which is the same: that has a pole where the noise begins.
    g2: definition.g2 ?? ((t) => alphaBar(t) ** 2 * derivative((s) => sigma(s) ** 2, t, range)),
    timeOf(wanted) {
      const t = definition.timeOf?.(wanted) ?? bisect(sigma, wanted, range);
      // A closed form may end a rounding beyond the range.
      const slack = 1e-9 * (range.max - range.min);
      if (t >= range.min - slack && t <= range.max + slack)
        return Math.min(range.max, Math.max(range.min, t));
      throw new FewstepError(
        'bad-argument',
        `the process '${name}' has no time at which sigma is ${wanted}`,
        `give sigma from ${sigma(range.min).toPrecision(3)} to ${sigma(range.max).toPrecision(6)}`,
      );
    },
  };
}

/** Times at which a definition is looked at before anyone uses it. */
const LOOKS = 257;

function check({ name, range, alphaBar, betaBar }: ProcessDefinition, sigma: (t: number) => number): void {
  const { min, max } = range;
  if (!(Number.isFinite(min) && Number.isFinite(max) && min >= 0 && max > min)) {
    throw new FewstepError(
      'bad-argument',
      `the process '${name}' runs from time ${min} to ${max}`,
      'give a range with 0 <= min < max',
    );
  }
  let before = -1;
  for (let i = 0; i < LOOKS; i++) {
    const t = min + ((max - min) * i) / (LOOKS - 1);
    for (const [what, value] of Object.entries({ 'alpha-bar': alphaBar(t), 'beta-bar': betaBar(t) })) {
      if (Number.isFinite(value) && (value > 0 || (what === 'beta-bar' && value === 0 && i === 0))) continue;
      throw new FewstepError(
        'bad-argument',
        `the process '${name}' has ${what} ${value} at time ${t}`,
        'over its whole range both have to be finite and positive',
      );
    }
    const now = sigma(t);
    if (!(now > before)) {
      throw new FewstepError(
        'bad-argument',
        `beta-bar / alpha-bar of the process '${name}' does not rise at time ${t}: ${before}, then ${now}`,
        'the noise-to-signal ratio has to rise with time; give another range or other functions',
      );
    }
    before = now;
  }
}

/** The time at which a rising function has a value; NaN where it never has it. */
function bisect(rising: (t: number) => number, wanted: number, { min, max }: TimeRange): number {
  if (!(wanted >= rising(min) && wanted <= rising(max))) return Number.NaN;
  let [low, high] = [min, max];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (rising(middle) < wanted) low = middle;
    else high = middle;
  }
}
