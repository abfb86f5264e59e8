import * as Plot from '@observablehq/plot';
import { drawn } from '../report/drawn.js';
import type { Html } from '../report/html.js';
import { figure, tickText } from '../report/number.js';
import type { Analysis, Distribution, MeanValueOfStep } from './results.js';

const SIZE = { width: 460, height: 320, marginTop: 28, marginRight: 20, marginBottom: 40, marginLeft: 52 };
const WIDE = { ...SIZE, width: 940, height: 300 };
/** One colour a number of components, in this order. */
const COLORS = ['var(--c1)', 'var(--c0)', 'var(--c2)'];
/** Shares and errors below this are rounding of float32. */
const ROUNDING = 1e-7;

/** How much of the variance is left after the first components: median and 5 to 95% over trajectories. */
export function varianceLeft({ explained }: Analysis): Html {
  const rows = explained.map(({ components, share }) => ({
    components: String(components),
    color: COLORS[components - 1],
    // What is explained by more leaves less.
    median: shown(1 - share.median),
    low: shown(1 - share.p95),
    high: shown(1 - share.p5),
  }));
  const domain = decades(rows.flatMap(({ low, high }) => [low, high]));
  return drawn('Share of the variance that the first components leave', {
    ...SIZE,
    x: { type: 'log', domain },
    y: { type: 'band', label: 'components', domain: rows.map(({ components }) => components) },
    marks: [
      Plot.gridX(powersIn(domain), { stroke: 'var(--rule)', strokeOpacity: 1 }),
      Plot.ruleY(rows, { y: 'components', x1: 'low', x2: 'high', stroke: 'color', strokeWidth: 3 }),
      Plot.dot(rows, { y: 'components', x: 'median', fill: 'color', r: 6 }),
      Plot.axisX(powersIn(domain), {
        label: 'variance left, share of all',
        labelArrow: false,
        text: tickText,
      }),
      Plot.axisY({ label: 'components', labelArrow: false, tickSize: 0 }),
    ],
  });
}

/** Distance to the chord along the paths. */
export function deviationPlot({ times, deviation }: Analysis): Html {
  const rows = times.map((sigma, i) => ({ sigma, ...deviation[i] }));
  return drawn('Distance to the chord by noise level', {
    ...WIDE,
    x: alongSigma(times),
    y: { domain: [0, 1.1 * Math.max(ROUNDING, ...rows.map(({ p95 }) => p95))] },
    marks: [
      Plot.gridY({ stroke: 'var(--rule)', strokeOpacity: 1 }),
      ...band(rows, 'var(--c0)'),
      sigmaAxis(times),
      Plot.axisY({
        label: 'distance / length of the chord',
        labelArrow: false,
        tickSize: 0,
        tickFormat: tickText,
      }),
    ],
  });
}

/** What projections on the first components miss, along the paths. */
export function projectionPlot({ times, projection }: Analysis): Html {
  const lines = projection
    .map(({ components, error }) => ({
      color: COLORS[components - 1],
      rows: times.map((sigma, i) => ({ sigma, ...logarithmic(error[i]) })),
    }))
    .filter(({ rows }) => rows.some(({ p95 }) => p95 > ROUNDING));
  const domain = decades(lines.flatMap(({ rows }) => rows.flatMap(({ p5, p95 }) => [p5, p95])));
  return drawn('Relative error of the projection on the first components by noise level', {
    ...SIZE,
    x: alongSigma(times),
    y: { type: 'log', domain },
    marks: [
      Plot.gridY(powersIn(domain), { stroke: 'var(--rule)', strokeOpacity: 1 }),
      ...lines.flatMap(({ rows, color }) => band(rows, color)),
      sigmaAxis(times),
      Plot.axisY(powersIn(domain), {
        label: '|x − projection| / |x|',
        labelArrow: false,
        tickSize: 0,
        text: tickText,
      }),
    ],
  });
}

/** Some paths in the plane of their first two components, laid over each other; heights are magnified. */
export function pathPlot({ paths }: Analysis): Html {
  const lines = paths.flatMap((path, i) => path.map(([x, y]) => ({ x, y, i })));
  return drawn('Paths in the plane of their first two components', {
    ...WIDE,
    x: { domain: [Math.min(0, ...lines.map(({ x }) => x)), Math.max(1, ...lines.map(({ x }) => x))] },
    y: {
      domain: [Math.min(0, ...lines.map(({ y }) => y)), 1.05 * Math.max(1e-6, ...lines.map(({ y }) => y))],
    },
    marks: [
      Plot.gridY({ stroke: 'var(--rule)', strokeOpacity: 1 }),
      Plot.ruleY([0], { stroke: 'var(--muted)' }),
      Plot.line(lines, { x: 'x', y: 'y', z: 'i', stroke: 'var(--c1)', strokeOpacity: 0.45, strokeWidth: 1 }),
      Plot.axisX({ label: 'along the chord, from noise to data', labelArrow: false, ticks: 6 }),
      Plot.axisY({
        label: 'across, in lengths of the chord',
        labelArrow: false,
        tickSize: 0,
        ticks: 6,
        tickFormat: tickText,
      }),
    ],
  });
}

/** How well one direction carries a coarse step: the best on the path, and the one at its beginning. */
export function meanValuePlot({ meanValue }: Analysis): Html {
  const points = meanValue.flatMap((step) => [
    point(step, step.eulerError, 'var(--baseline)'),
    point(step, step.error, 'var(--c0)'),
  ]);
  const steps = [...new Set(meanValue.map((step) => step.steps))];
  const domain = decades(points.flatMap(({ low, high }) => [low, high]));
  return drawn('Error of one direction by step', {
    ...WIDE,
    fx: { label: null, domain: steps, tickFormat: (count: number) => `${count} steps` },
    x: { type: 'band', label: null },
    y: { type: 'log', domain },
    marks: [
      Plot.gridY(powersIn(domain), { stroke: 'var(--rule)', strokeOpacity: 1 }),
      Plot.ruleX(points, { fx: 'steps', x: 'step', y1: 'low', y2: 'high', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(points, { fx: 'steps', x: 'step', y: 'median', fill: 'color', r: 4 }),
      Plot.axisX({ label: 'step', labelArrow: false, tickSize: 0 }),
      Plot.axisY(powersIn(domain), {
        label: 'relative error',
        labelArrow: false,
        tickSize: 0,
        text: tickText,
      }),
    ],
  });
}

function point({ steps, step }: MeanValueOfStep, values: Distribution, color: string) {
  const { median, p5, p95 } = logarithmic(values);
  return { steps, step: step + 1, median, low: p5, high: p95, color };
}

/** A median line in its 5 to 95% band. */
function band(rows: ({ sigma: number } & Distribution)[], color: string) {
  return [
    Plot.areaY(rows, { x: 'sigma', y1: 'p5', y2: 'p95', fill: color, fillOpacity: 0.16 }),
    Plot.lineY(rows, {
      x: 'sigma',
      y: 'median',
      stroke: color,
      strokeWidth: 1.75,
      title: ({ sigma, median }: { sigma: number; median: number }) =>
        `σ ${figure(sigma)}: ${figure(median)}`,
    }),
  ];
}

function alongSigma(times: readonly number[]): Plot.ScaleOptions {
  return { type: 'log', domain: [times[0], times[times.length - 1]] };
}

function sigmaAxis(times: readonly number[]) {
  const ends: [number, number] = [times[times.length - 1], times[0]];
  const powers = powersIn(ends);
  const ticks = powers.length > 1 ? powers : ends.map((sigma) => Number(sigma.toPrecision(3)));
  return Plot.axisX(ticks, { label: 'σ', labelArrow: false, text: tickText });
}

/** Powers of ten between two numbers, both included. */
function powersIn([low, high]: readonly [number, number]): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const count = Math.floor(Math.log10(high) + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(`1e${first + i}`));
}

/** For a logarithmic axis, where what is zero but for rounding has no place. */
function logarithmic(values: Distribution): Distribution {
  const { mean, median, p5, p95 } = values;
  return { mean: shown(mean), median: shown(median), p5: shown(p5), p95: shown(p95) };
}

function shown(value: number): number {
  return Math.max(ROUNDING, value);
}

/** From the power of ten below all values to that above; the lowest decade where there are none. */
function decades(values: readonly number[]): [number, number] {
  if (values.length === 0) return [ROUNDING, 10 * ROUNDING];
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  return [10 ** first, 10 ** Math.max(first + 1, last)];
}
