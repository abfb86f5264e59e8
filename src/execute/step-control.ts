import { checkEntries, isObject, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { classicRungeKutta, dormandPrince, reusesLast, type Tableau } from '../solver/tableau.js';

/** How long the steps of an integration in ln sigma are. */
export type StepChoice =
  /** Each trajectory's own, so that a step's error stays within atol + rtol |x|, and atol + rtol of a log-determinant. */
  | { rtol: number; atol: number }
  /** Of equal length, with exactly so many evaluations in all: a multiple of 4. */
  | { nfe: number };

/** The usual tolerance: log-densities of the built-in mixtures come out to 3e-4 nats, with 1e-5 to 3e-3 (docs/results.md). */
export const DEFAULT_TOLERANCE = { rtol: 1e-6, atol: 1e-6 };
const LEAST_TOLERANCE = 1e-15;

/**
 * The PI controller's numbers (Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, II.4): a step of
 * error err after one of error before is followed by one SAFETY err^-PROPORTIONAL before^INTEGRAL
 * times as long, within SHRINK and GROW; after a rejection by one SAFETY err^-EXPONENT times. Their DOPRI5 has the same
 * gains, and differs in four numbers: it lets a step grow tenfold, shrinks after a rejection by err^-0.17, takes 1e-4 for
 * the error before the first step, and bounds the error before by 1e-4, not the error itself.
 */
export const CONTROL = {
  SAFETY: 0.9,
  PROPORTIONAL: 0.2 - 0.75 * 0.04,
  INTEGRAL: 0.04,
  EXPONENT: 0.2,
  SHRINK: 0.2,
  GROW: 5,
  /** Errors below are as good as this: float32 cannot tell them from none. */
  LEAST_ERROR: 1e-4,
  /** A trajectory that takes more attempts is as good as stuck. */
  MOST_ATTEMPTS: 1024,
} as const;

/** Far below the scale of any field at either end, and soon grown. */
const FIRST_STEP = 0.05;

/** The first step from one ln sigma towards another, not beyond it: a field may end there. */
export function firstStep(start: number, end: number): number {
  return Math.sign(end - start) * Math.min(FIRST_STEP, Math.abs(end - start));
}

/** No step is shorter in ln sigma: float32 tells no times near ln 80 apart that are nearer than 5e-7. */
export const SMALLEST_STEP = 1e-5;

/** A step choice as executors take it. */
export interface StepPlan {
  tableau: Tableau;
  /** Slopes of b less those of the embedded solution, [stages]. */
  errors: number[];
  reuses: boolean;
  /** 0 where steps are chosen by tolerance. */
  steps: number;
  rtol: number;
  atol: number;
  /** Evaluations before the first step, and of each attempt. */
  evaluations: { first: number; attempt: number };
}

/** @throws FewstepError bad-argument, unreachable-nfe naming what can be had */
export function stepPlan(choice: StepChoice): StepPlan {
  if (!isObject(choice)) {
    throw new FewstepError(
      'bad-argument',
      `the steps are ${shown(choice)}`,
      'write { rtol: 1e-6, atol: 1e-6 }, or { nfe: 100 }',
    );
  }
  if ('nfe' in choice) {
    checkEntries<{ nfe: number }>('the steps', choice, { nfe: true });
    const stages = classicRungeKutta.b.length;
    const { nfe } = choice;
    if (!(Number.isSafeInteger(nfe) && nfe >= stages && nfe % stages === 0)) {
      const below = Math.floor(nfe / stages) * stages;
      const reachable = below >= stages ? `${below} or ${below + stages}` : String(stages);
      throw new FewstepError(
        'unreachable-nfe',
        `${classicRungeKutta.name} cannot make exactly ${nfe} evaluations`,
        `ask for ${reachable}, or for a tolerance`,
      );
    }
    return {
      tableau: classicRungeKutta,
      errors: classicRungeKutta.b.map(() => 0),
      reuses: false,
      steps: nfe / stages,
      rtol: 1,
      atol: 1,
      evaluations: { first: 0, attempt: stages },
    };
  }
  checkEntries('the steps', choice, { rtol: true, atol: true });
  for (const [name, value] of Object.entries(choice)) {
    // Errors are measured in it, and float32 has to hold their squares.
    if (value >= LEAST_TOLERANCE && value < 1) continue;
    throw new FewstepError(
      'bad-argument',
      `${name} is ${value}`,
      `give a number between 0 and 1, such as 1e-5, and not below ${LEAST_TOLERANCE}`,
    );
  }
  const { b, embedded } = dormandPrince;
  const reuses = reusesLast(dormandPrince);
  return {
    tableau: dormandPrince,
    errors: b.map((value, j) => value - embedded![j]),
    reuses,
    steps: 0,
    ...choice,
    evaluations: { first: reuses ? 1 : 0, attempt: b.length - (reuses ? 1 : 0) },
  };
}

/** How an integration may fail, and where a trajectory then is. */
export type Failure = { kind: 'stuck' | 'broken'; sigma: number };

/** The error of an integration that failed in these of the first `trajectories`. */
export function integrationError(failures: readonly Failure[], trajectories: number): FewstepError {
  const broken = failures.filter(({ kind }) => kind === 'broken');
  const shown = broken.length > 0 ? broken : failures;
  const sigmas = shown.map(({ sigma }) => sigma).sort((a, b) => a - b);
  const [low, high] = [sigmas[0], sigmas[sigmas.length - 1]].map((sigma) => sigma.toPrecision(3));
  const where = `${shown.length} of ${trajectories} trajectories, at sigma ${low === high ? low : `${low} to ${high}`}`;
  if (broken.length > 0) {
    return new FewstepError(
      'not-finite',
      `NaN or infinity in ${where}`,
      'check the field there: D must be finite at every state and noise level',
    );
  }
  return new FewstepError(
    'unreachable-tolerance',
    `steps below ${SMALLEST_STEP} in ln sigma, or more than ${CONTROL.MOST_ATTEMPTS}, would be needed in ${where}`,
    'allow a larger error (rtol, atol): float32 reaches some 1e-7; or check the field there: D must be smooth',
  );
}
