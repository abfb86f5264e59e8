import { checkEntries, checkText, isObject, shown } from '../arguments.js';
import { FewstepError, unknownName } from '../errors.js';
import { parseProcess } from '../process/built-in.js';
import type { Process } from '../process/process.js';
import { VP_EPSILON, VpTime } from './vp-time.js';

/** Where a grid ends and begins: noise levels sigma in the field's units, 0 < sigmaMin < sigmaMax. */
export interface SigmaRange {
  sigmaMin: number;
  sigmaMax: number;
}

/** EDM's range (arXiv 2206.00364, table 1), for data of a size of about 0.5 to 1; in force wherever none is given. */
export const DEFAULT_RANGE: SigmaRange = { sigmaMin: 0.002, sigmaMax: 80 };

/** That of EDM (arXiv 2206.00364, equation 5), on which a solver runs where none is named. */
export const DEFAULT_GRID = 'polynomial:7';

/**
 * What is left out has its default.
 * @throws FewstepError bad-argument for what is no range, or has other entries
 */
export function rangeFrom(range: Partial<SigmaRange> = {}): SigmaRange {
  if (!isObject(range)) {
    throw new FewstepError(
      'bad-argument',
      `the range is ${shown(range)}`,
      'write { sigmaMin: 0.002, sigmaMax: 80 }, or one of the two',
    );
  }
  checkEntries<Partial<SigmaRange>>('the range', range, { sigmaMin: false, sigmaMax: false });
  const { sigmaMin = DEFAULT_RANGE.sigmaMin, sigmaMax = DEFAULT_RANGE.sigmaMax } = range;
  return { sigmaMin, sigmaMax };
}

/** A rule that gives the N times of a grid with N - 1 steps, from sigmaMax down to sigmaMin. */
export interface Grid {
  /** As one writes it: 'polynomial:7'. */
  readonly name: string;
  /** Set where the times are listed: the only number of steps there is. */
  readonly steps?: number;
  /**
   * Decreasing sigma, [steps + 1].
   * @param range DEFAULT_RANGE by default; a grid of listed or searched times does not read it
   * @throws FewstepError bad-grid for a number of steps or a range for which the rule has no decreasing times
   */
  times(steps: number, range?: SigmaRange): number[];
}

/**
 * t_i = (max^(1/rho) + i/(N-1) (min^(1/rho) - max^(1/rho)))^rho (EDM, arXiv 2206.00364, equation 5).
 * @param rho above 0; the higher, the more times are near sigmaMin
 * @throws FewstepError bad-grid for a rho that is not a positive number
 */
export function polynomial(rho = 7): Grid {
  return defineGrid(`polynomial:${positive('rho', rho)}`, (x, { sigmaMin, sigmaMax }) => {
    const [from, to] = [sigmaMax ** (1 / rho), sigmaMin ** (1 / rho)];
    return (from + x * (to - from)) ** rho;
  });
}

/**
 * Uniform in ln sigma, so geometric: the steps of log-SNR lambda = -ln sigma that DPM-Solver takes (arXiv 2206.00927).
 */
export function logsnr(): Grid {
  return defineGrid('logsnr', (x, { sigmaMin, sigmaMax }) => sigmaMax * (sigmaMin / sigmaMax) ** x);
}

/**
 * Uniform in VP time for rho = 1, denser near the data for more (DPM-Solver, arXiv 2206.00927; AMED's own choice,
 * 2312.00094). The VP schedule is the linear one that runs from sigmaMin at time 0.001 to sigmaMax at 1.
 * @param rho above 0
 * @throws FewstepError bad-grid for a rho that is not a positive number; its `times` for a range that no such schedule
 *   has
 */
export function timeUniform(rho = 1): Grid {
  return defineGrid(`time_uniform:${positive('rho', rho)}`, (x, { sigmaMin, sigmaMax }) => {
    const vp = new VpTime(sigmaMin, sigmaMax);
    if (!vp.rises) {
      throw new FewstepError(
        'bad-grid',
        `no linear VP schedule runs from sigma_min ${sigmaMin} to sigma_max ${sigmaMax}`,
        'for time_uniform use a smaller sigma_min (0.1 or less for sigma_max 80), or another grid',
      );
    }
    return vp.sigma((1 + x * (VP_EPSILON ** (1 / rho) - 1)) ** rho);
  });
}

/**
 * Uniform in the time of a process, a built-in or one's own, between those of the two ends.
 *
 * It throws nothing itself. Its `times` throw bad-argument where the process never has one of the ends, besides
 * bad-grid.
 */
export function processTime(process: Process): Grid {
  return defineGrid(`process_time:${process.name}`, (x, { sigmaMin, sigmaMax }) => {
    const [from, to] = [process.timeOf(sigmaMax), process.timeOf(sigmaMin)];
    return process.sigma(from + x * (to - from));
  });
}

/**
 * Listed times, sigma, of which there are at least two. Its `times` know no other number of steps, and no range.
 * @throws FewstepError bad-grid unless they are positive, finite and decreasing
 */
export function explicit(times: readonly number[]): Grid {
  checkTimes(times);
  return {
    name: `explicit:${times.join(',')}`,
    steps: times.length - 1,
    times(steps) {
      if (steps === times.length - 1) return [...times];
      throw new FewstepError(
        'bad-grid',
        `the grid lists ${times.length} times, so it has ${times.length - 1} steps; ${steps} are asked for`,
        `list ${steps + 1} times, or change the NFE`,
      );
    },
  };
}

const KINDS = ['polynomial', 'logsnr', 'time_uniform', 'process_time', 'explicit', 'gits'];
/** What other libraries call them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  karras: 'polynomial',
  edm: 'polynomial',
  exponential: 'logsnr',
};

/**
 * A grid in either of its forms.
 * @throws FewstepError as `parseGrid`, bad-argument for what is neither
 */
export function gridFrom(grid: string | Grid): Grid {
  if (typeof grid === 'string') return parseGrid(grid);
  if (isObject(grid) && typeof grid.times === 'function') return grid;
  const listed: unknown = grid;
  throw new FewstepError(
    'bad-argument',
    `the grid is ${shown(listed)}`,
    Array.isArray(listed)
      ? `write 'explicit:${listed.join(',')}', or explicit([${listed.join(', ')}])`
      : "give its name, such as 'polynomial:7', or what polynomial, logsnr, timeUniform, processTime or explicit makes",
  );
}

/**
 * Reads a grid as one writes it: `polynomial`, `polynomial:5`, `logsnr`, `time_uniform:2`, `explicit:80,5,.5,.002`,
 * `process_time:flow`.
 * @throws FewstepError unknown-name for a kind or a process that does not exist, with the nearest; bad-grid for a value
 *   that the kind cannot have, and for 'gits', which only a field can be searched for; bad-argument for an option of
 *   the process, and for what is no text
 */
export function parseGrid(text: string): Grid {
  checkText('the grid', text, "write its name, such as 'polynomial:7'");
  const [kind, ...rest] = text.split(':');
  const argument = rest.join(':');
  switch (kind) {
    case 'polynomial':
      return polynomial(argument === '' ? undefined : Number(argument));
    case 'time_uniform':
      return timeUniform(argument === '' ? undefined : Number(argument));
    case 'process_time':
      return processTime(parseProcess(argument));
    case 'logsnr':
      if (argument !== '')
        throw new FewstepError(
          'bad-grid',
          `grid 'logsnr' takes no value, got '${argument}'`,
          "write 'logsnr'",
        );
      return logsnr();
    case 'gits':
      throw new FewstepError(
        'bad-grid',
        "grid 'gits' is searched on the field with a GPU, which does not happen here",
        'take gitsGrid of what searchGits found, or the times that `fewstep sample --grid gits --json` prints: explicit:80,..',
      );
    case 'explicit':
      return explicit(argument.split(',').map((time) => (time.trim() === '' ? Number.NaN : Number(time))));
    default:
      throw unknownName('grid', kind, KINDS, Object.hasOwn(ELSEWHERE, kind) ? ELSEWHERE[kind] : undefined);
  }
}

/** @throws FewstepError bad-grid unless there are at least two times and they are positive, finite and decreasing */
export function checkTimes(times: readonly number[]): void {
  const remedy = 'list at least two decreasing times (sigma), such as 80,10,1,0.002';
  if (times.length < 2)
    throw new FewstepError('bad-grid', `a grid needs at least two times, got ${times.length}`, remedy);
  for (const [i, time] of times.entries()) {
    if (!Number.isFinite(time) || time <= 0) {
      throw new FewstepError(
        'bad-grid',
        `time ${i} of the grid is ${time}; times are positive numbers`,
        remedy,
      );
    }
    if (i > 0 && time >= times[i - 1]) {
      throw new FewstepError(
        'bad-grid',
        `time ${i} of the grid (${time}) is not below the one before (${times[i - 1]})`,
        remedy,
      );
    }
  }
}

/** @throws FewstepError bad-argument, or what else it is said to be, unless 0 < sigma_min < sigma_max */
export function checkSpan(
  { sigmaMin, sigmaMax }: SigmaRange,
  code: 'bad-argument' | 'bad-grid' = 'bad-argument',
): void {
  if (sigmaMin > 0 && sigmaMax > sigmaMin && Number.isFinite(sigmaMax)) return;
  throw new FewstepError(
    code,
    `sigma_min ${sigmaMin} and sigma_max ${sigmaMax} span no range`,
    'give 0 < sigma_min < sigma_max',
  );
}

function defineGrid(name: string, sigma: (x: number, range: SigmaRange) => number): Grid {
  return {
    name,
    times(steps, range = DEFAULT_RANGE) {
      checkSpan(range, 'bad-grid');
      const { sigmaMin, sigmaMax } = range;
      if (!Number.isInteger(steps) || steps < 1) {
        throw new FewstepError(
          'bad-grid',
          `a grid has a whole number of steps from 1 on, not ${steps}`,
          'give such a number',
        );
      }
      const times = Array.from({ length: steps + 1 }, (_, i) => sigma(i / steps, range));
      // The ends are what was asked for, to the last bit.
      [times[0], times[steps]] = [sigmaMax, sigmaMin];
      checkTimes(times);
      return times;
    },
  };
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new FewstepError(
    'bad-grid',
    `${name} must be a positive number, not ${value}`,
    `give ${name} > 0, such as 7`,
  );
}

/**
 * Whether a grid, by its name, is one of a process's times, which not every range has: those of VP need a small sigma_min,
 * those of `process_time:flow` a sigma_max that it comes to.
 */
export function isProcessTime(name: string): boolean {
  return /^(time_uniform|process_time):/.test(name);
}

/** The times of a grid by its name, undefined where its process does not span the range. @throws FewstepError as `parseGrid` */
export function timesIfAny(name: string, steps: number, range: SigmaRange): number[] | undefined {
  const grid = parseGrid(name);
  try {
    return grid.times(steps, range);
  } catch (error) {
    if (isProcessTime(name) && error instanceof FewstepError) return undefined;
    throw error;
  }
}
