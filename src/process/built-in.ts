import * as v from 'valibot';
import { checkText } from '../arguments.js';
import { FewstepError, nearestName, unknownName } from '../errors.js';
import { defineProcess, type Process, type ProcessDefinition } from './process.js';

/** A kind of process, with numbers that one may change. */
export interface ProcessKind {
  name: string;
  /** One line for people, with the paper. */
  summary: string;
  /** For people. */
  formulas: { alphaBar: string; betaBar: string };
  /** Numbers with their defaults. */
  options: Readonly<Record<string, number>>;
  /** The process with these numbers, all of them. */
  define(options: Record<string, number>): Omit<ProcessDefinition, 'name'>;
}

/** Half the integral of Score-SDE's linear beta, -ln(alpha-bar), and its inverse. */
function linearBeta(low: number, high: number) {
  const slope = high - low;
  return {
    beta: (t: number) => low + slope * t,
    integral: (t: number) => (slope * t * t) / 4 + (low * t) / 2,
    timeOf: (integral: number) => (2 * integral) / (low / 2 + Math.sqrt((low * low) / 4 + slope * integral)),
  };
}

/** sigma of a process that keeps alpha-bar^2 + beta-bar^2 = 1, and -ln(alpha-bar) of sigma. */
const preserving = {
  betaBar: (integral: number) => Math.sqrt(-Math.expm1(-2 * integral)),
  sigma: (integral: number) => Math.sqrt(Math.expm1(2 * integral)),
  integral: (sigma: number) => Math.log1p(sigma * sigma) / 2,
};

const LINEAR = 'exp(-(beta_max - beta_min) * t^2 / 4 - beta_min * t / 2)';

const kinds: readonly ProcessKind[] = [
  {
    name: 've',
    summary: 'variance exploding, sigma = t (EDM, arXiv 2206.00364)',
    formulas: { alphaBar: '1', betaBar: 't' },
    options: { max: 1000 },
    define: ({ max }) => ({
      range: { min: 0, max },
      alphaBar: () => 1,
      betaBar: (t) => t,
      f: () => 0,
      g2: (t) => 2 * t,
      sigma: (t) => t,
      timeOf: (sigma) => sigma,
    }),
  },
  {
    name: 've-geometric',
    summary: 'variance exploding, sigma = min (max / min)^t (Score-SDE, arXiv 2011.13456)',
    formulas: { alphaBar: '1', betaBar: 'min * (max / min)^t' },
    options: { min: 0.002, max: 80 },
    define: ({ min, max }) => {
      const rate = Math.log(max / min);
      const sigma = (t: number) => min * Math.exp(rate * t);
      return {
        range: { min: 0, max: 1 },
        alphaBar: () => 1,
        betaBar: sigma,
        f: () => 0,
        g2: (t) => 2 * rate * sigma(t) ** 2,
        sigma,
        timeOf: (wanted) => Math.log(wanted / min) / rate,
      };
    },
  },
  {
    name: 'vp-linear',
    summary: 'variance preserving, beta linear in t (DDPM, arXiv 2006.11239; Score-SDE)',
    formulas: { alphaBar: LINEAR, betaBar: 'sqrt(1 - alpha-bar^2)' },
    options: { beta_min: 0.1, beta_max: 20 },
    define: ({ beta_min, beta_max }) => {
      const { beta, integral, timeOf } = linearBeta(beta_min, beta_max);
      return {
        range: { min: 0, max: 1 },
        alphaBar: (t) => Math.exp(-integral(t)),
        betaBar: (t) => preserving.betaBar(integral(t)),
        f: (t) => -beta(t) / 2,
        g2: beta,
        sigma: (t) => preserving.sigma(integral(t)),
        timeOf: (sigma) => timeOf(preserving.integral(sigma)),
      };
    },
  },
  {
    name: 'vp-cosine',
    summary: 'variance preserving, alpha-bar a cosine of t (arXiv 2102.09672)',
    formulas: {
      alphaBar: 'cos(w * (t + s)) / cos(w * s), w = pi / 2 / (1 + s)',
      betaBar: 'sqrt(1 - alpha-bar^2)',
    },
    // At t = 1 alpha-bar is 0; sigma at `end` is about 700.
    options: { s: 0.008, end: 0.999 },
    define: ({ s, end }) => {
      const rate = Math.PI / 2 / (1 + s);
      const first = rate * s;
      const alphaBar = (t: number) => Math.cos(first + rate * t) / Math.cos(first);
      // 1 - alpha-bar^2 = sin(rate t) sin(rate t + 2 first) / cos(first)^2, without cancellation
      const betaBar = (t: number) =>
        Math.sqrt(Math.sin(rate * t) * Math.sin(rate * t + 2 * first)) / Math.cos(first);
      return {
        range: { min: 0, max: end },
        alphaBar,
        betaBar,
        f: (t) => -rate * Math.tan(first + rate * t),
        g2: (t) => 2 * rate * Math.tan(first + rate * t),
        // The tangent of (first + rate t) less that of first, as a quotient that does not cancel at small sigma.
        timeOf: (sigma) => {
          const root = Math.hypot(Math.sin(first), sigma);
          const rise = (sigma * sigma) / (Math.cos(first) * (root + Math.sin(first)));
          const tangent = rise / (1 + (Math.tan(first) * root) / Math.cos(first));
          return Math.atan(tangent) / rate;
        },
      };
    },
  },
  {
    name: 'vp-exp',
    summary: 'variance preserving, alpha-bar = exp(-rate t^2)',
    formulas: { alphaBar: 'exp(-rate * t^2)', betaBar: 'sqrt(1 - alpha-bar^2)' },
    options: { rate: 5 },
    define: ({ rate }) => ({
      range: { min: 0, max: 1 },
      alphaBar: (t) => Math.exp(-rate * t * t),
      betaBar: (t) => preserving.betaBar(rate * t * t),
      f: (t) => -2 * rate * t,
      g2: (t) => 4 * rate * t,
      sigma: (t) => preserving.sigma(rate * t * t),
      timeOf: (sigma) => Math.sqrt(preserving.integral(sigma) / rate),
    }),
  },
  {
    name: 'sub-vp',
    summary: 'sub-VP: alpha-bar of vp-linear, beta-bar = 1 - alpha-bar^2 (Score-SDE)',
    formulas: { alphaBar: LINEAR, betaBar: '1 - alpha-bar^2' },
    options: { beta_min: 0.1, beta_max: 20 },
    define: ({ beta_min, beta_max }) => {
      const { beta, integral, timeOf } = linearBeta(beta_min, beta_max);
      return {
        range: { min: 0, max: 1 },
        alphaBar: (t) => Math.exp(-integral(t)),
        betaBar: (t) => -Math.expm1(-2 * integral(t)),
        f: (t) => -beta(t) / 2,
        g2: (t) => -beta(t) * Math.expm1(-4 * integral(t)),
        // beta-bar / alpha-bar = 1 / alpha-bar - alpha-bar
        sigma: (t) => 2 * Math.sinh(integral(t)),
        timeOf: (sigma) => timeOf(Math.asinh(sigma / 2)),
      };
    },
  },
  {
    name: 'flow',
    summary: 'flow matching, rectified flow: alpha-bar = 1 - t, beta-bar = t (arXiv 2210.02747, 2209.03003)',
    formulas: { alphaBar: '1 - t', betaBar: 't' },
    // At t = 1 alpha-bar is 0; sigma at `end` is 9,999.
    options: { end: 0.9999 },
    define: ({ end }) => ({
      range: { min: 0, max: end },
      alphaBar: (t) => 1 - t,
      betaBar: (t) => t,
      f: (t) => -1 / (1 - t),
      g2: (t) => (2 * t) / (1 - t),
      timeOf: (sigma) => sigma / (1 + sigma),
    }),
  },
];

/** Names, one line each, formulas and the options of the built-in processes, for help pages. */
export const processes: readonly Pick<ProcessKind, 'name' | 'summary' | 'formulas' | 'options'>[] = kinds;

const value = v.pipe(v.number(), v.finite(), v.gtValue(0));

/**
 * Reads a process as one writes it: `ve`, `vp-linear:beta_min=0.1,beta_max=12`, `flow`. Within the options of a solver,
 * which have commas between them, its own have colons: `vp-linear:beta_min=0.1:beta_max=12`.
 * @throws FewstepError unknown-name, with the nearest; bad-argument for an unknown or impossible option, and for what is
 *   no text
 */
export function parseProcess(text: string): Process {
  checkText('the process', text, "write its name, such as 'vp-linear'");
  const [name, ...rest] = text.split(':');
  const kind = kinds.find((candidate) => candidate.name === name);
  if (!kind) {
    throw unknownName(
      'process',
      name,
      kinds.map((candidate) => candidate.name),
    );
  }
  const given: Record<string, number> = {};
  for (const pair of rest.flatMap((part) => part.split(',')).filter((part) => part !== '')) {
    const [key, number] = pair.split('=');
    const known = Object.keys(kind.options);
    if (!known.includes(key)) {
      const nearest = nearestName(key, known);
      throw new FewstepError(
        'bad-argument',
        `process '${name}' has no option '${key}'`,
        `${nearest ? `did you mean '${nearest}'? ` : ''}it takes: ${known.join(', ')}`,
      );
    }
    if (Object.hasOwn(given, key)) {
      throw new FewstepError('bad-argument', `process '${text}' has ${key} twice`, 'give it once');
    }
    if (!v.is(value, Number(number))) {
      throw new FewstepError(
        'bad-argument',
        `process '${name}': ${key} is '${number}'`,
        'give a positive number, as in vp-linear:beta_max=12',
      );
    }
    given[key] = Number(number);
  }
  const changed = Object.entries(given).filter(([key, number]) => number !== kind.options[key]);
  const spelt = changed.map(([key, number]) => `${key}=${number}`).join(',');
  return defineProcess({
    name: spelt === '' ? name : `${name}:${spelt}`,
    ...kind.define({ ...kind.options, ...given }),
  });
}
