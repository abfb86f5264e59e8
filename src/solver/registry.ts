import { isObject, shown } from '../arguments.js';
import { FewstepError, unknownName } from '../errors.js';
import { adamsBashforth } from './adams-bashforth.js';
import { amedSolvers } from './amed.js';
import type { Solver, SolverSettings } from './define.js';
import { deis } from './deis.js';
import { dpmSolver2 } from './dpm-solver-2.js';
import { dpmpp2m, dpmpp3m } from './dpmpp.js';
import { euler } from './euler.js';
import { heun } from './heun.js';
import { ipndm } from './ipndm.js';
import { ipndmV } from './ipndm-v.js';
import { midpoint, midpointGeometric } from './midpoint.js';
import { nfeOf } from './plan.js';
import { rk4 } from './rk4.js';
import { ancestral } from './sde/ancestral.js';
import { dpmpp2mSde } from './sde/dpmpp-2m-sde.js';
import { eulerMaruyama } from './sde/euler-maruyama.js';
import { predictorCorrector } from './sde/predictor-corrector.js';
import { reverseDiffusion } from './sde/reverse-diffusion.js';
import { stochasticHeun } from './sde/stochastic-heun.js';
import { unipc } from './unipc.js';

/**
 * Every deterministic solver that learned nothing, in the order in which tables show them. Tests of order, exactness
 * and NFE run over this list; `amedSolvers` are those that take a predictor.
 */
export const solvers: readonly Solver[] = [
  euler,
  heun,
  midpoint,
  midpointGeometric,
  dpmSolver2,
  rk4,
  ...ipndm,
  ...ipndmV,
  ...adamsBashforth,
  ...deis,
  dpmpp2m,
  dpmpp3m,
  ...unipc,
];

/**
 * Samplers of the reverse SDE: they draw noise in their steps, so that only the distribution of what they return is
 * comparable.
 */
export const sdeSolvers: readonly Solver[] = [
  eulerMaruyama,
  reverseDiffusion,
  ancestral,
  predictorCorrector,
  stochasticHeun,
  dpmpp2mSde,
];

/** Solvers that exist only as what was learned, and why there is no plan of theirs here. */
const BESPOKE: Readonly<Record<string, [what: string, remedy: string]>> = {
  bespoke: [
    'a bespoke solver is what was learned for a field, or a universal table placed on one: it has no plan without a field',
    'give a predictor of `fewstep distill --solver bespoke`; a universal table is what `fewstep sample --solver bespoke` takes',
  ],
  'bespoke-net': [
    'bespoke-net is a table and networks that were learned for one field, and runs by its predictor alone',
    'make one with `fewstep distill --solver bespoke-net` and give it as --predictor, also to `fewstep bench`, which by itself distils only `bespoke`',
  ],
};

/** What solvers are called elsewhere. */
const ALIASES: Readonly<Record<string, string>> = {
  ddim: 'euler',
  ddpm: 'ancestral',
  edm: 'heun',
  'dpm-solver++': 'dpmpp-2m',
  'dpm++': 'dpmpp-2m',
  plms: 'ipndm-4',
  pndm: 'ipndm-4',
};

/**
 * One of `solvers`, `sdeSolvers` or `amedSolvers`.
 * @param name without options; `parseSolver` reads those
 * @throws FewstepError unknown-name, with the nearest name, or that of a solver known by another; bad-argument for
 *   bespoke solvers, which exist only as what was learned
 */
export function solverByName(name: string): Solver {
  const all = [...solvers, ...sdeSolvers, ...amedSolvers];
  const solver = all.find((candidate) => candidate.name === name);
  if (solver) return solver;
  if (Object.hasOwn(BESPOKE, name)) throw new FewstepError('bad-argument', ...BESPOKE[name]);
  const known = [...all.map((candidate) => candidate.name), ...Object.keys(BESPOKE)];
  const alias = name.toLowerCase();
  throw unknownName('solver', name, known, Object.hasOwn(ALIASES, alias) ? ALIASES[alias] : undefined);
}

/**
 * Reads a solver as one writes it, with its options: `dpm-solver-2:r=0.4`, `unipc-3:variant=bh1`.
 * Whether the solver takes them shows when its plan is made.
 * @throws FewstepError as `solverByName`, or bad-argument for a malformed option, and for what is no text
 */
export function parseSolver(text: string): { solver: Solver; options: Record<string, unknown> } {
  if (typeof text !== 'string') {
    const given: unknown = text;
    const name = isObject(given) && typeof given.name === 'string' ? given.name : undefined;
    throw new FewstepError(
      'bad-argument',
      `the solver is ${shown(given)}, not a text`,
      `give its name${name === undefined ? ", such as 'ipndm-3'" : `: '${name}'`}`,
    );
  }
  const [name, ...rest] = text.split(':');
  const options = rest
    .join(':')
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const [key, value] = [pair.slice(0, at), pair.slice(at + 1)];
      // A value may have options of its own: process=vp-linear:beta_max=12.
      if (at < 1 || value === '' || (value.includes('=') && !value.includes(':'))) {
        throw new FewstepError(
          'bad-argument',
          `solver '${text}': cannot read option '${pair}'`,
          'write options as name:key=value,key=value',
        );
      }
      if (value === 'learned' && ['times', 'r'].includes(key)) throw onlyInBenchmarks(text, name, pair);
      return [key, optionValue(value)];
    });
  const keys = options.map(([key]) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) < i);
  if (twice !== undefined) {
    throw new FewstepError('bad-argument', `solver '${text}' has ${twice} twice`, 'give it once');
  }
  return { solver: solverByName(name), options: Object.fromEntries(options) };
}

/** The benchmark has read these options before, and distils. */
function onlyInBenchmarks(text: string, name: string, option: string): FewstepError {
  return new FewstepError(
    'bad-argument',
    `solver '${text}': ${option} is for the benchmark alone, which distils before it measures`,
    `run \`fewstep distill --solver ${name}\` and give what it writes as --predictor, or write this in \`fewstep bench --solvers\``,
  );
}

/** An option's value from its text. */
export function optionValue(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return Number.isNaN(Number(value)) ? value : Number(value);
}

/** More steps than anyone asks of a few-step solver; it bounds the search for an NFE. */
const MAX_STEPS = 4096;

/**
 * The number of steps with which a solver makes exactly `nfe` evaluations per trajectory.
 * @throws FewstepError unreachable-nfe, naming the nearest that it can make, or beyond 4096; bad-argument for an option
 *   that the solver does not take
 */
export function stepsForNfe(solver: Solver, nfe: number, settings: SolverSettings = {}): number {
  if (!Number.isInteger(nfe) || nfe < 1 || nfe > MAX_STEPS) {
    throw new FewstepError(
      'unreachable-nfe',
      `NFE must be a whole number from 1 to ${MAX_STEPS}, not ${shown(nfe)}`,
      'give such a number',
    );
  }
  // Evaluations grow linearly with the steps, so two plans tell them all.
  const one = evaluations(solver, 1, settings);
  const perStep = evaluations(solver, 2, settings) - one;
  const steps = 1 + (nfe - one) / perStep;
  if (Number.isInteger(steps) && steps >= 1) return steps;
  const below = one + Math.floor((nfe - one) / perStep) * perStep;
  const near = [below, below + perStep].filter((reachable) => reachable >= Math.max(one, 1));
  throw new FewstepError(
    'unreachable-nfe',
    `${solver.name}${settings.afs ? ' with AFS' : ''} cannot make exactly ${nfe} evaluations`,
    `nearest that it can: ${near.join(' or ')}`,
  );
}

/** Whether a solver can make exactly `nfe` evaluations per trajectory. */
export function reachesNfe(solver: Solver, nfe: number, settings: SolverSettings = {}): boolean {
  try {
    stepsForNfe(solver, nfe, settings);
    return true;
  } catch (error) {
    if (error instanceof FewstepError && error.code === 'unreachable-nfe') return false;
    throw error;
  }
}

function evaluations(solver: Solver, steps: number, settings: SolverSettings): number {
  // Any decreasing times do: the count does not depend on them.
  const times = Array.from({ length: steps + 1 }, (_, i) => 2 ** -i);
  return nfeOf(solver.plan(times, settings));
}
