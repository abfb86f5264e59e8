import type { Results } from '../../src/report/results.js';
import { cell, fixtureResults } from './fixture.js';

/** Small results with a problem of each kind and pictures of both kinds, made once per test file. */
export function smallResults(): Results {
  const nfe = [4, 5, 6];
  const solvers = ['euler', 'heun', 'rk4', 'ipndm-4', 'dpmpp-2m'];
  const [plane, rest] = [
    fixtureResults({ problems: ['ring'], nfe, batch: 20, shown: 40, seeds: [0, 1, 2] }),
    fixtureResults({ problems: ['mixture-64'], nfe, solvers, batch: 4, shown: 4, seeds: [0, 1, 2] }),
  ];
  const images = fixtureResults({
    problems: ['glyphs'],
    nfe: [4],
    solvers: ['euler'],
    batch: 2,
    shown: 2,
    seeds: [0],
  });
  return {
    ...plane,
    problems: [plane, rest, images].flatMap((results) => results.problems),
    cells: [plane, rest, images].flatMap((results) => results.cells),
  };
}

/**
 * Results of one problem 'case' with NFE 4 and 5 whose errors are exactly those given, each list a seed's.
 * @param errors 'solver', 'solver + AFS' at each NFE
 */
export function resultsWith(errors: Record<string, Record<number, number[]>>): Results {
  const base = fixtureResults({ problems: [], nfe: [4, 5], batch: 1, shown: 1, seeds: [0] });
  const distances = { slicedWasserstein: 0.1, energy: 0.1, frechet: 0.1 };
  return {
    ...base,
    problems: [
      {
        name: 'case',
        title: 'A case <&"',
        dim: 3,
        kind: 'vector',
        batch: 1,
        exact: { solver: 'ipndm-4', nfe: 100, halved: { median: 0, p95: 0, max: 0 } },
        floor: distances,
        exactDistances: distances,
        pictures: [],
        truth: [],
      },
    ],
    cells: Object.entries(errors).flatMap(([row, byNfe]) =>
      Object.entries(byNfe).flatMap(([nfe, seeds]) =>
        seeds.map((error, seed) => {
          const [solver, afs] = row.split(' + ');
          return cell('case', { solver, grid: 'polynomial:7', afs: afs === 'AFS', nfe: Number(nfe), seed }, [
            error,
          ]);
        }),
      ),
    ),
  };
}

/** `learnedResults` with a bespoke solver besides, which is the best. */
export function bespokeResults(): Results {
  const results = learnedResults({
    euler: { 4: [0.4] },
    'amed (learned)': { 4: [0.1] },
    bespoke: { 4: [0.02] },
  });
  const cell = results.cells.find(({ solver }) => solver === 'bespoke')!;
  Object.assign(cell, { answers: 'learned', grid: 'search', times: [80, 3, 1, 0.002] });
  const score = { mean: 0.9, median: 0.8 };
  results.problems[0].learning!.students.push({
    ...{ solver: 'bespoke', grid: 'search', afs: false, nfe: 4 },
    chosenGrid: 'ipndm-2 after gaussian, logsnr from 3.5',
    answers: [],
    table: {
      sigmaMin: 0.002,
      times: [3, 1.25],
      rows: [
        [0.04, 0.96],
        [0.02, -0.03, 0.99],
        [0.005, 0.25, -1.5, 2.25],
      ],
    },
    seconds: { search: 0.5, candidates: 1.5, training: 3 },
    training: {
      ...{ iterations: 40, batch: 64, losses: [0.5, 0.25, 0.1] },
      ...{ base: score, start: score, best: { mean: 0.02, median: 0.01 } },
    },
  });
  return results;
}

/** `resultsWith`, of which solvers named '(learned)' are learned, with the students behind their cells. */
export function learnedResults(errors: Record<string, Record<number, number[]>>): Results {
  const results = resultsWith(errors);
  const score = { mean: 0.9, median: 0.8 };
  for (const cell of results.cells) {
    if (!cell.solver.endsWith('(learned)')) continue;
    Object.assign(cell, { answers: 'learned', grid: 'search', times: [80, 1, 0.002] });
  }
  results.problems[0].learning = {
    teacher: { solver: 'ipndm-4', nfe: 60, grid: 'polynomial:7' },
    trajectories: 700,
    validation: 100,
    evaluations: 48_000,
    seconds: 1.5,
    students: results.cells
      .filter(({ answers }) => answers)
      .map(({ solver, grid, afs, nfe }) => ({
        ...{ solver, grid, afs, nfe },
        chosenGrid: 'logsnr',
        answers: [
          { r: 0.25, direction: 1.1, time: 0.9 },
          { r: 0.75, direction: 0.95, time: 1 },
        ],
        seconds: { search: 0.5, training: 2 },
        training: {
          iterations: 3,
          batch: 64,
          losses: [0.5, Number.NaN, 0.1],
          base: score,
          start: score,
          best: score,
        },
      })),
  };
  return results;
}
