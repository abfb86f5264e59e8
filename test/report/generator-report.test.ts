import { expect, test } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import {
  type GeneratorReport,
  type GeneratorRun,
  lossLabel,
  renderGeneratorReport,
} from '../../src/report/generator-report.js';
import type { GeneratorDistances } from '../../src/sid/assess.js';
import { sidSettings } from '../../src/sid/settings.js';

const of = (median: number) => ({ median, low: median / 2, high: 2 * median });
const distances = (sliced: number, precision: number): GeneratorDistances => ({
  slicedWasserstein: of(sliced),
  energy: of(sliced ** 2),
  frechet: of(sliced ** 2),
  precision: { median: precision, low: precision - 0.1, high: precision },
  recall: { median: 0.5, low: 0.4, high: 0.6 },
});
const points = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));

function run(sliced: number, settings = sidSettings({ steps: 200 })): GeneratorRun {
  const history = [0, 100, 200].map((step) => ({
    step,
    ...(step > 0 && { losses: { generator: -2, fake: 3 } }),
    distances: { slicedWasserstein: sliced + 1 / (1 + step), energy: 0.1 },
  }));
  const assessment = {
    ...{ sets: 5, size: 20, reference: 4096 },
    ...{ generator: distances(sliced, 0.9), usual: distances(0.5, 0.8), floor: distances(0.1, 0.95) },
    ...{ samples: points, teacherSamples: points },
  };
  const memory = { teacher: 2 ** 20, fake: 2 ** 21, generator: 2 ** 21, batch: 2 ** 20, total: 6 * 2 ** 20 };
  return { label: lossLabel(settings), settings, history, step: 100, assessment, memory };
}

const report = (runs: GeneratorRun[]): GeneratorReport => ({
  name: 'one <step>.safetensors',
  teacher: 'moons.safetensors',
  config: mlpConfig({ dim: 2, width: 64 }),
  runs,
  adapter: { name: 'some adapter', software: true },
});

test('a generator is shown beside its teacher, with what it took', () => {
  const html = renderGeneratorReport(report([run(0.25)]));
  expect(html).toContain('<h1>one &#60;step&#62;.safetensors: one step in place of moons.safetensors</h1>');
  expect(html).toContain('distance of 0.250 to accurate samples of its teacher: 0.50 times that');
  expect(html).toContain('90% lie among accurate ones');
  expect(html).toContain('The state of step 100 was kept');
  expect(html).toContain('some adapter, a software adapter');
  expect(html).toContain('6.00 MiB on the device: teacher 1.00 MiB, fake score 2.00 MiB, generator 2.00 MiB');
  expect(html.match(/class="plot"/g)).toHaveLength(3);
  expect(html.match(/class="panel"/g)).toHaveLength(3);
  expect(html.match(/<tbody>\n(<tr>.*<\/tr>\n){3}<\/tbody>/g)).toHaveLength(1);
});

test('several losses are told apart in every plot and table', () => {
  const settings = [{}, { alpha: 1.2 }, { loss: 'l1', weighting: 'eps' } as const].map((given) =>
    sidSettings({ steps: 200, ...given }),
  );
  const runs = settings.map((each, i) => run(0.25 * (i + 1), each));
  const html = renderGeneratorReport(report(runs));
  expect(runs.map(({ label }) => label)).toEqual(['L2 − L1', 'L2 − 1.2 L1', 'L1, eps']);
  expect(html).toContain('L2 − L1 ends at 0.250, 0.50 times that, L2 − 1.2 L1 ends at 0.500');
  // Two plots for all, and one of the losses of each.
  expect(html.match(/class="plot"/g)).toHaveLength(5);
  for (const { label } of runs) expect(html).toContain(`<th scope="row">${label}</th><td>1</td>`);
});

test('a run too short for a curve says so', () => {
  const short = run(0.25);
  expect(renderGeneratorReport(report([{ ...short, history: short.history.slice(0, 1) }]))).toContain(
    'Too few steps to draw a curve',
  );
});
