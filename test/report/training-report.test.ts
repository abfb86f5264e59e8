import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { renderTrainingReport, type TrainingReport } from '../../src/report/training-report.js';
import { random } from '../../src/rng/random.js';
import { errorSigmas } from '../../src/train/field-errors.js';
import { withoutImages } from './figures.js';

const draw = random(1);
const range = (value: number) => ({ median: value, low: value / 2, high: 2 * value });
const distances = { slicedWasserstein: range(0.125), energy: range(0.25) };

function report(dim: number, changes: Partial<TrainingReport> = {}): TrainingReport {
  const values = (rows: number) => Float32Array.from({ length: rows * dim }, () => draw.normal());
  return {
    name: 'm <b>&.safetensors',
    data: 'd.csv',
    config: mlpConfig({ dim, width: 32, layers: 2 }),
    training: { data: 'd.csv', loss: 'edm', steps: 1500, seed: 7, losses: { training: 1, validation: 2 } },
    history: [50, 100, 1500].map((step) => ({ step, training: 60 / step, validation: 70 / step })),
    adapter: { name: 'an adapter', software: true },
    assessment: {
      range: DEFAULT_RANGE,
      errors: {
        levels: errorSigmas(DEFAULT_RANGE).map((sigma) => ({
          sigma,
          relative: { low: 0.01, median: 0.02 * (sigma > 1 ? 2 : 1), high: 0.05 },
          denoising: { network: 0.1, exact: 0.2 },
        })),
        states: 100,
        exact: { kind: 'rows', rows: 500, of: 2000, bandwidth: 0.05 },
      },
      samples: values(120),
      heldOut: values(90),
      distances: {
        sets: 5,
        size: 24,
        rows: 90,
        model: { ...distances, frechet: range(0.5) },
        floor: { ...distances, frechet: range(0.375) },
      },
    },
    ...changes,
  };
}

const documentOf = (given: TrainingReport) => parseHTML(renderTrainingReport(given)).document;

test.each<[string, TrainingReport, panels: number, images: number]>([
  ['1 dimension', report(1), 1, 0],
  ['2 dimensions', report(2), 3, 0],
  ['1024 dimensions', report(1024), 3, 0],
  ['images', report(6, { imageShape: [3, 2] }), 0, 2],
])(
  'a report of %s has its plots, pictures and table, and needs nothing from outside',
  (_, given, panels, images) => {
    const page = renderTrainingReport(given);
    const { document } = parseHTML(page);
    expect(document.querySelectorAll('svg.plot')).toHaveLength(3);
    expect(document.querySelectorAll('.panel svg')).toHaveLength(panels);
    expect(document.querySelectorAll('img.grid')).toHaveLength(images);
    for (const image of document.querySelectorAll('img')) {
      expect(image.getAttribute('src')).toMatch(/^data:image\/png;base64,/);
    }
    const cells = [...document.querySelectorAll('tbody tr')].map((row) => row.textContent);
    expect(cells).toEqual([
      'samples0.125 [0.0625, 0.250]0.250 [0.125, 0.500]0.500 [0.250, 1.00]',
      'training rows0.125 [0.0625, 0.250]0.250 [0.125, 0.500]0.375 [0.188, 0.750]',
    ]);
    expect(document.querySelector('h1')!.textContent).toBe('m <b>&.safetensors: a denoiser of d.csv');
    expect(withoutImages(page)).not.toMatch(
      /(?:https?:)?\/\/[\w.-]+\.\w+|@import|url\(|NaN|undefined|Infinity/,
    );
  },
);

test('what the report says first is what its figures say', () => {
  const lead = documentOf(report(2)).querySelector('.lead')!.textContent!;
  expect(lead).toContain('From σ 1 on the field’s median relative error is at most 0.0400 (at σ 1.');
  expect(lead).toContain('Up to σ 80 it denoises held-out data better than the exact field');
  expect(lead).toContain('distance of 0.125 to held-out data; that of as many training rows is 0.125');
});

test('it says where the noise levels end, and its curves end there', () => {
  const facts = (given: TrainingReport) => documentOf(given).querySelector('#samples .facts')!.textContent!;
  expect(facts(report(2))).toBe('unipc-3 at NFE 48 on the usual grid, σ from 80 to 0.002');
  const { assessment } = report(2);
  const sigmas = { sigmaMin: 0.002, sigmaMax: 0.5 };
  const levels = assessment.errors.levels.map((level, i) => ({ ...level, sigma: errorSigmas(sigmas)[i] }));
  const short = report(2, {
    assessment: { ...assessment, range: sigmas, errors: { ...assessment.errors, levels } },
  });
  expect(facts(short)).toContain('σ from 0.5 to 0.002, where the model’s process ends');
  const axis = documentOf(short)
    .querySelectorAll('svg.plot')[1]
    .querySelector('[aria-label="x-axis tick label"]')!;
  expect([...axis.querySelectorAll('text')].map(({ textContent }) => textContent)).toEqual([
    '0.002',
    '0.01',
    '0.1',
    '0.5',
  ]);
  expect(documentOf(short).querySelector('.lead')!.textContent).toContain('From σ 0.002 on');
});

test('it says which field is exact, and that rows were left out', () => {
  const rows = documentOf(report(2)).querySelector('#field')!.textContent!;
  expect(rows).toContain('training rows (500 of the 2,000, to bound the time)');
  expect(rows).toContain('should not equal it');
  const { assessment } = report(2);
  const errors = { ...assessment.errors, exact: { kind: 'problem' as const } };
  const { textContent } = documentOf(report(2, { assessment: { ...assessment, errors } })).body;
  expect(textContent).toContain('the problem’s own distribution');
  expect(textContent).toContain('true draws');
  expect(textContent).not.toContain('should not equal it');
});

test('without losses, distances or a Fréchet distance these are left out', () => {
  const given = report(300, { history: [], training: undefined });
  const { distances: measured, ...rest } = given.assessment;
  const bare = documentOf({ ...given, assessment: rest });
  expect(bare.querySelectorAll('svg.plot')).toHaveLength(2);
  expect(bare.querySelector('#samples')!.textContent).toContain('Too few rows are held out');
  const plain = { ...measured!, model: distances, floor: distances };
  const table = documentOf({ ...given, assessment: { ...rest, distances: plain } });
  expect(table.querySelectorAll('td.none')).toHaveLength(2);
});
