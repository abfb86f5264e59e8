import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { deviationPlot, pathPlot } from '../../src/analysis/plots.js';
import type { Analysis } from '../../src/analysis/results.js';
import type { Html } from '../../src/report/html.js';
import { linePlot } from '../../src/report/line-plot.js';
import { tickText } from '../../src/report/number.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';

const labels = ({ html }: Html, axis: 'x' | 'y') => {
  const { document } = parseHTML(html);
  return [...document.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`)].map(
    ({ textContent }) => textContent!,
  );
};

describe('a logarithmic axis', () => {
  const ticks = (...ys: number[]) =>
    labels(
      linePlot(
        {
          ...{ description: 'd', yLabel: 'y', x: [1, 2] },
          lines: [{ name: 'a', points: ys.map((y) => ({ x: 1, y })) }],
        },
        { named: [], color: () => undefined },
      ),
      'y',
    );

  test.each<[number[], string[]]>([
    [
      [1.4, 1.7],
      ['1.4', '1.6', '1.8'],
    ],
    [
      [2.4, 5.7],
      ['3', '4', '5', '6'],
    ],
    [
      [16, 24],
      ['14', '16', '18', '20', '22', '24', '26'],
    ],
    [
      [3e-4, 3.2e-4],
      ['2.8e-4', '3e-4', '3.2e-4', '3.4e-4', '3.6e-4'],
    ],
    [
      [0.01, 20],
      ['0.01', '0.1', '1', '10'],
    ],
    [
      [1650, 1700],
      ['1.5k', '1.6k', '1.7k', '1.8k', '1.9k'],
    ],
  ])('over %j has ticks that tell its division', (ys, expected) => {
    expect(ticks(...ys)).toEqual(expected);
  });

  test('has three ticks or more whatever it is over, no two alike', () => {
    const draw = random(freshSeed());
    for (let i = 0; i < 200; i++) {
      const low = 10 ** (8 * draw.uniform() - 5);
      const found = ticks(low, low * 10 ** (3 * draw.uniform() ** 2));
      expect(found.length, `from ${low}`).toBeGreaterThan(2);
      expect(found.length, `from ${low}`).toBeLessThan(12);
      expect(new Set(found).size, `from ${low}: ${found}`).toBe(found.length);
    }
  });
});

test('an axis of small numbers has labels that find room beside it', () => {
  const times = [80, 1, 0.002];
  const at = (value: number) => ({ mean: value, median: value, p5: value / 2, p95: 2 * value });
  const analysis = {
    times,
    deviation: [at(0), at(4.3e-6), at(0)],
    paths: [
      [
        [0, 0],
        [0.5, 4.3e-6],
        [1, 0],
      ],
    ],
  } as unknown as Analysis;
  for (const plot of [deviationPlot(analysis), pathPlot(analysis)]) {
    const found = labels(plot, 'y');
    expect(found.length).toBeGreaterThan(2);
    expect(Math.max(...found.map((text) => text.length)), found.join(' ')).toBeLessThan(8);
  }
  // Between two powers of ten the ends are told.
  const narrow = { ...analysis, times: [8, 4, 2] };
  expect(labels(deviationPlot(narrow), 'x').sort()).toEqual(['2', '8']);
});

test.each([
  [0, '0'],
  [0.1 + 0.2, '0.3'],
  [0.001, '0.001'],
  [1.5e-4, '1.5e-4'],
  [-2e-7, '-2e-7'],
  [250, '250'],
])('%d stands at a tick as %s', (value, text) => expect(tickText(value)).toBe(text));
