import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, html, raw } from './html.js';
import { figure, tickText } from './number.js';
import type { Palette } from './palette.js';

export interface Line {
  name: string;
  points: { x: number; y: number }[];
}

/** A range around a line, drawn faintly in its colour. */
export interface Band {
  /** The line's. */
  name: string;
  points: { x: number; low: number; high: number }[];
}

export interface Level {
  label: string;
  y: number;
}

export interface LinePlot {
  /** What the plot shows, for those who cannot see it. */
  description: string;
  /** What stands on the y axis. */
  yLabel: string;
  /** What stands on the x axis; 'NFE' by default. */
  xLabel?: string;
  /** Its ticks, first and last the ends of the axis. */
  x: number[];
  lines: Line[];
  bands?: Band[];
  /** Horizontal lines that the others are seen against. */
  levels?: Level[];
}

const WIDTH = 460;
const HEIGHT = 320;
const MARGIN = { top: 28, right: 152, bottom: 38, left: 46 };
const LABEL_HEIGHT = 13;
const LABEL_X = WIDTH - MARGIN.right + 12;

/**
 * Lines against NFE, or something else, on logarithmic axes. Solvers with a colour get it and a label at their end, the
 * others are faint; each line tells its name on hover.
 */
export function linePlot(plot: LinePlot, palette: Palette): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const lines = plot.lines
    .map((line) => ({ ...line, points: line.points.filter(({ y }) => Number.isFinite(y) && y > 0) }))
    .filter((line) => line.points.length > 0);
  const levels = (plot.levels ?? []).filter(({ y }) => Number.isFinite(y) && y > 0);
  const bands = (plot.bands ?? []).map((band) => ({
    ...band,
    points: band.points.filter(({ low }) => low > 0),
  }));
  const ys = [
    ...lines.flatMap((line) => line.points.map(({ y }) => y)),
    ...bands.flatMap((band) => band.points.flatMap(({ low, high }) => [low, high])),
    ...levels.map(({ y }) => y),
  ];
  if (ys.length === 0) return raw('');
  const { xLabel = 'NFE' } = plot;
  const scale = logScale(ys);
  const named = lines.filter((line) => palette.color(line.name));
  const faint = lines.filter((line) => !palette.color(line.name));
  const svg = Plot.plot({
    document,
    className: 'plot',
    width: WIDTH,
    height: HEIGHT,
    marginTop: MARGIN.top,
    marginRight: MARGIN.right,
    marginBottom: MARGIN.bottom,
    marginLeft: MARGIN.left,
    style: { fontSize: '12px' },
    x: { type: 'log', domain: [plot.x[0], Math.max(plot.x[plot.x.length - 1], plot.x[0] * 1.01)] },
    y: { type: 'log', domain: scale.domain },
    marks: [
      Plot.gridY(scale.ticks, { stroke: 'var(--rule)', strokeOpacity: 1 }),
      Plot.axisY(scale.ticks, { label: plot.yLabel, labelArrow: false, tickSize: 0, text: tick }),
      Plot.axisX(plot.x, {
        label: xLabel,
        labelArrow: false,
        tickSize: 4,
        text: tick,
        labelOffset: 34,
      }),
      ...levels.map(({ y }) => Plot.ruleY([y], { stroke: 'var(--muted)', strokeDasharray: '1,3' })),
      ...bands.map(({ name, points }) =>
        Plot.areaY(points, { x: 'x', y1: 'low', y2: 'high', fill: palette.color(name), fillOpacity: 0.14 }),
      ),
      ...faint.map((line) =>
        Plot.lineY(line.points, { ...style(line.name), stroke: 'var(--faint)', strokeWidth: 1 }),
      ),
      ...named.toReversed().flatMap((line) => {
        const color = palette.color(line.name);
        return [
          Plot.lineY(line.points, { ...style(line.name), stroke: color, strokeWidth: 1.75 }),
          Plot.dot(line.points, {
            x: 'x',
            y: 'y',
            fill: color,
            r: 2.2,
            title: pointTitle(line.name, xLabel),
          }),
        ];
      }),
    ],
  });
  const ends = [
    ...named.map(({ name, points }) => ({ name, color: palette.color(name)!, ...points[points.length - 1] })),
    ...levels.map(({ label, y }) => ({
      name: label,
      color: 'var(--muted)',
      x: plot.x[plot.x.length - 1],
      y,
    })),
  ];
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', plot.description);
  svg.querySelector('style')?.remove();
  return raw(withLabels(compact(svg.outerHTML), endLabels(ends, plot.x, scale.position)));
}

function style(name: string) {
  return { x: 'x', y: 'y', title: () => name, strokeLinejoin: 'round' as const };
}

function pointTitle(name: string, xLabel: string) {
  return (point: { x: number; y: number }) => `${name}, ${xLabel} ${point.x}: ${figure(point.y)}`;
}

interface End {
  name: string;
  color: string;
  x: number;
  y: number;
}

/** Names at the ends of the lines, moved apart where they would overlap, each with a thin line to its end. */
function endLabels(ends: End[], x: number[], position: (y: number) => number): string {
  const [first, last] = [Math.log(x[0]), Math.log(Math.max(x[x.length - 1], x[0] * 1.01))];
  const labels = ends
    .map((end) => {
      const share = (Math.log(end.x) - first) / (last - first);
      const endX = MARGIN.left + share * (WIDTH - MARGIN.left - MARGIN.right);
      return { name: end.name, color: end.color, endX, endY: position(end.y), y: position(end.y) };
    })
    .sort((a, b) => a.y - b.y);
  spread(labels);
  return labels
    .map(({ name, color, endX, endY, y }) => {
      const leader = `M${endX + 4},${endY}L${LABEL_X - 2},${y}`;
      const label = html`<path d="${leader}" stroke="${color}" stroke-width=".75" stroke-opacity=".5" fill="none"/><text x="${LABEL_X}" y="${y}" dy=".32em" fill="${color}" text-anchor="start">${name}</text>`;
      return compact(label.html);
    })
    .join('');
}

/** Pushes sorted labels down until none overlap, then back up from the bottom of the frame. */
function spread(labels: { y: number }[]): void {
  for (let i = 1; i < labels.length; i++) {
    labels[i].y = Math.max(labels[i].y, labels[i - 1].y + LABEL_HEIGHT);
  }
  let floor = HEIGHT - MARGIN.bottom - 5;
  for (const label of labels.toReversed()) {
    label.y = Math.min(label.y, floor);
    floor = label.y - LABEL_HEIGHT;
  }
}

function withLabels(svg: string, labels: string): string {
  return svg.replace(/<\/svg>$/, `${labels}</svg>`);
}

/** What stands in each decade of an axis, from few ticks to many. */
const STEPS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]];
/** Fewer ticks than this do not tell how an axis is divided. */
const FEWEST_TICKS = 3;

/** A domain a little wider than the values, and its ticks: decades, with more between where there are few. */
function logScale(values: number[]) {
  const [low, high] = [Math.min(...values) / 1.15, Math.max(...values) * 1.15];
  const decades = Math.log10(high / low);
  const coarsest = [2.5, 1.2, 0.5, 0].findIndex((least) => decades > least);
  const within = STEPS.slice(coarsest).map((steps) => ticksOf(steps, low, high));
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  return {
    domain: [low, high],
    ticks: within.find((ticks) => ticks.length >= FEWEST_TICKS) ?? evenTicks(low, high),
    position: (y: number) => MARGIN.top + (height * Math.log(high / y)) / Math.log(high / low),
  };
}

function ticksOf(steps: readonly number[], low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of steps) ticks.push(Number(`${step}e${power}`));
  }
  return ticks.filter((value) => value >= low && value <= high);
}

/** Multiples of 1, 2 or 5 times a power of ten, at least three and at most seven: for a part of a decade. */
function evenTicks(low: number, high: number): number[] {
  const widest = (high - low) / FEWEST_TICKS;
  const power = Math.floor(Math.log10(widest));
  const step = Math.max(...[1, 2, 5].map((n) => Number(`${n}e${power}`)).filter((each) => each <= widest));
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

function tick(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(4))}k`;
  return tickText(Number(value.toPrecision(3)));
}

/** A hundredth of a pixel is enough; most of the file's size would be digits otherwise. */
export function compact(svg: string): string {
  return svg.replace(/="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))),
  );
}
