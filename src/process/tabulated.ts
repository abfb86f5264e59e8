import * as v from 'valibot';
import { FewstepError } from '../errors.js';
import { parseProcess } from './built-in.js';
import { Curve } from './curve.js';
import { defineProcess, type Process } from './process.js';

/** Where tables of a process begin and end at the latest. */
const WIDEST = { sigmaMin: 1e-4, sigmaMax: 1e4 };
const POINTS = 1025;
/** What a table may be off between its points, of the range of times and of ln(alpha-bar). */
const ALLOWED_ERROR = 1e-6;

/** Even steps in ln sigma. */
export interface LogSigmas {
  first: number;
  step: number;
  count: number;
}

/** A process as plain numbers: its time and ln(alpha-bar) at even steps of ln sigma. */
export interface TabulatedProcess {
  name: string;
  /** ln sigma at the first point, and from one to the next. */
  first: number;
  step: number;
  /** At each of 1025 points, rising. */
  times: readonly number[];
  logAlphaBar: readonly number[];
}

/** A process as a file remembers it: a built-in by its name and options, one's own as a table. */
export type StoredProcess = string | TabulatedProcess;

const finite = v.pipe(v.number(), v.finite());
const points = v.pipe(v.array(finite), v.length(POINTS));

export const storedProcessSchema = v.union([
  v.string(),
  v.strictObject({
    name: v.string(),
    first: finite,
    step: v.pipe(finite, v.gtValue(0)),
    times: points,
    logAlphaBar: points,
  }),
]);

/** The points that tables of a process have: its noise levels from 0.0001 to 10000, as far as it has them. */
export function logSigmasOf(process: Process): LogSigmas {
  const { range } = process;
  const first = Math.log(Math.max(WIDEST.sigmaMin, process.sigma(range.min)));
  const last = Math.log(Math.min(WIDEST.sigmaMax, process.sigma(range.max)));
  if (last > first) return { first, step: (last - first) / (POINTS - 1), count: POINTS };
  throw new FewstepError(
    'bad-argument',
    `the process '${process.name}' has sigma from ${process.sigma(range.min)} to ${process.sigma(range.max)}`,
    `give a range in which sigma, beta-bar / alpha-bar, has values between ${WIDEST.sigmaMin} and ${WIDEST.sigmaMax}`,
  );
}

/** The noise level at point i, never a rounding beyond the process. */
export function sigmaAt(process: Process, { first, step }: LogSigmas, i: number): number {
  const { min, max } = process.range;
  return Math.min(process.sigma(max), Math.max(process.sigma(min), Math.exp(first + i * step)));
}

/**
 * A process as a table, which a file can hold.
 * @throws FewstepError bad-argument where alpha-bar and beta-bar are not smooth enough for one
 */
export function tabulate(process: Process): TabulatedProcess {
  const knots = logSigmasOf(process);
  const { first, step, count } = knots;
  const at = (i: number) => {
    const time = process.timeOf(sigmaAt(process, knots, i));
    return { time, logAlphaBar: Math.log(process.alphaBar(time)) };
  };
  const all = Array.from({ length: count }, (_, i) => at(i));
  const times = all.map(({ time }) => time);
  const logAlphaBar = all.map((point) => point.logAlphaBar);
  const curves = curvesOf({ first, step, times, logAlphaBar });
  const span = process.range.max - process.range.min;
  for (let i = 0.5; i < count - 1; i++) {
    const truth = at(i);
    const log = first + i * step;
    const off = Math.max(
      Math.abs(curves.time.value(log) - truth.time) / span,
      Math.abs(curves.logAlphaBar.value(log) - truth.logAlphaBar),
    );
    if (off < ALLOWED_ERROR) continue;
    throw new FewstepError(
      'bad-argument',
      `the process '${process.name}' is not smooth at time ${truth.time.toPrecision(4)}: a table misses it by ${off.toPrecision(2)}`,
      'give alpha-bar and beta-bar without steps or kinks',
    );
  }
  return { name: process.name, first, step, times, logAlphaBar };
}

/**
 * The process that a file remembers.
 * @throws FewstepError as `parseProcess` for a name, as `defineProcess` for a table; bad-data for one whose times do
 *   not rise
 */
export function processOf(stored: StoredProcess): Process {
  if (typeof stored === 'string') return parseProcess(stored);
  const { name, times } = stored;
  const { time, logAlphaBar } = curvesOf(stored);
  const [min, max] = [times[0], times[times.length - 1]];
  const rising = times.every((t, i) => i === 0 || t > times[i - 1]);
  if (!rising) {
    throw new FewstepError(
      'bad-data',
      `the table of the process '${name}' has times that do not rise`,
      'train again',
    );
  }
  const logSigma = (t: number) => logSigmaOf(time, t);
  const alphaBar = (t: number) => Math.exp(logAlphaBar.value(logSigma(t)));
  const sigma = (t: number) => Math.exp(logSigma(t));
  return defineProcess({
    name,
    range: { min, max },
    alphaBar,
    betaBar: (t) => sigma(t) * alphaBar(t),
    sigma,
    f: (t) => logAlphaBar.slope(logSigma(t)) / time.slope(logSigma(t)),
    g2: (t) => (2 * (sigma(t) * alphaBar(t)) ** 2) / time.slope(logSigma(t)),
    timeOf(wanted) {
      const log = Math.log(wanted);
      const slack = 1e-9;
      return log >= time.first - slack && log <= time.last + slack ? time.value(log) : Number.NaN;
    },
  });
}

function curvesOf({ first, step, times, logAlphaBar }: Omit<TabulatedProcess, 'name'>) {
  const curve = (values: readonly number[]) => new Curve(first, step, Float64Array.from(values));
  return { time: curve(times), logAlphaBar: curve(logAlphaBar) };
}

/** Where a curve of times, which rise, has a time. */
function logSigmaOf(times: Curve, wanted: number): number {
  let [low, high] = [times.first, times.last];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (times.value(middle) < wanted) low = middle;
    else high = middle;
  }
}
