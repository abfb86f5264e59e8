import { expect, test } from 'vitest';
import { rowOfPredictor, rowsOf, solverOf } from '../../bench/solvers/rows.js';
import { subjectOfProblem } from '../../bench/solvers/subject.js';
import { suiteByName } from '../../bench/solvers/suites.js';
import { mixtureFigures } from '../../src/distill/bespoke/field-figures.js';
import { type UniversalCandidate, universalCandidates } from '../../src/distill/bespoke/universal-choice.js';
import { DEFAULT_RANGE, parseGrid } from '../../src/grid/grid.js';
import type { TablePredictor } from '../../src/predictor/predictor.js';
import { problemByName } from '../../src/problem/registry.js';
import { type Results, rowLabel } from '../../src/report/results.js';
import { freshSeed } from '../seed.js';
import { measure, SMALL } from './suite.js';

const ring = subjectOfProblem(problemByName('ring'));
const BOTH = [false, true];

test('a learned row makes exactly its NFE, and its error on fresh latents is below that of its untrained form', async () => {
  const seeds = [freshSeed(), freshSeed()];
  const { cells, problems, failures } = await measure([ring], {
    rows: [
      ...rowsOf(['amed-euler', 'amed-ipndm'], ['polynomial:7'], BOTH),
      ...rowsOf(['amed-euler:r=learned', 'amed-ipndm:r=learned'], ['search'], BOTH),
    ],
    nfe: [3, 4],
    seeds,
  });
  expect(failures).toEqual([]);
  for (const cell of cells) expect(cell.evaluations).toBe(cell.nfe);
  for (const seed of seeds) {
    for (const solver of ['amed-euler', 'amed-ipndm']) {
      for (const nfe of [3, 4]) {
        const of = (name: string) =>
          cells.find((cell) => cell.solver === name && cell.nfe === nfe && cell.seed === seed)!;
        const [learned, untrained] = [of(`${solver} (learned)`), of(solver)];
        expect(learned).toMatchObject({ answers: 'learned', grid: 'search', afs: nfe === 3 });
        expect(learned.error!.mean).toBeLessThan(0.7 * untrained.error!.mean);
      }
    }
  }
  // One distillation serves all seeds, one run of the teacher all distillations.
  const { students, evaluations, ...teaching } = problems[0].learning!;
  expect(teaching).toMatchObject({ trajectories: 256, validation: 128, teacher: SMALL.learning.teacher });
  expect(evaluations).toBe(100 * (256 + 128));
  expect(students.map(({ solver, nfe }) => `${solver} ${nfe}`)).toEqual([
    'amed-euler (learned) 4',
    'amed-euler (learned) 3',
    'amed-ipndm (learned) 4',
    'amed-ipndm (learned) 3',
  ]);
  for (const { answers, training, nfe, solver, chosenGrid, seconds } of students) {
    expect(answers).toHaveLength(2);
    expect(training!.losses).toHaveLength(30);
    expect(training!.best.mean).toBeLessThan(training!.base.mean);
    expect(seconds.training).toBeGreaterThan(0);
    const { times } = cells.find((cell) => cell.solver === solver && cell.nfe === nfe)!;
    expect(times).toEqual(parseGrid(chosenGrid).times(2));
  }
  // Where it learned to look is what the picture shows, whatever time the field is told there.
  const shown = problems[0].pictures.find(({ row }) => row === 'amed-ipndm (learned)')!;
  const [{ r }] = students[2].answers;
  const [first, next] = parseGrid(students[2].chosenGrid).times(2);
  expect(shown.evaluationTimes).toHaveLength(4);
  expect(shown.evaluationTimes![1]).toBeCloseTo(next ** r * first ** (1 - r), 9);
});

test('a bespoke row is distilled once for all seeds, makes exactly its NFE, and has its table and its cost in the results', async () => {
  const seeds = [freshSeed(), freshSeed()];
  const plain = ['euler', 'ipndm-2', 'ipndm-3', 'dpmpp-2m'];
  const { cells, problems, failures } = await measure([ring], {
    rows: [...rowsOf(plain, ['polynomial:7'], [false]), ...rowsOf(['bespoke'], ['polynomial:7'], BOTH)],
    nfe: [3, 4],
    seeds,
  });
  expect(failures).toEqual([]);
  const own = cells.filter(({ solver }) => solver === 'bespoke');
  expect(own).toHaveLength(4);
  for (const { nfe, seed, evaluations, answers, grid, afs, error, times } of own) {
    expect({ evaluations, answers, grid, afs }).toEqual({
      ...{ evaluations: nfe, answers: 'learned', grid: 'search', afs: false },
    });
    expect([times![0], times!.at(-1)]).toEqual([80, 0.002]);
    const others = cells.filter((cell) => cell.nfe === nfe && cell.seed === seed && !cell.answers);
    expect(others).toHaveLength(plain.length);
    for (const other of others) expect(error!.mean).toBeLessThan(other.error!.mean);
  }
  const { students, evaluations } = problems[0].learning!;
  expect(evaluations).toBe(100 * (256 + 128));
  expect(students.map(({ solver, nfe }) => `${solver} ${nfe}`)).toEqual(['bespoke 3', 'bespoke 4']);
  for (const { nfe, answers, table, training, seconds } of students) {
    expect(answers).toEqual([]);
    expect(table!.times).toHaveLength(nfe);
    expect(table!.rows.map((row) => row.length)).toEqual(Array.from({ length: nfe + 1 }, (_, k) => k + 2));
    // Of 40 iterations each of two candidates has 10, and the table 20.
    expect(training).toMatchObject({ iterations: 40, batch: 32 });
    expect(training!.losses).toHaveLength(30);
    expect(training!.best.mean).toBeLessThan(training!.base.mean);
    for (const stage of ['search', 'candidates', 'training'] as const)
      expect(seconds[stage]).toBeGreaterThan(0);
  }
  const shown = problems[0].pictures.find(({ row }) => row === 'bespoke')!;
  expect(shown.evaluationTimes).toHaveLength(4);
  expect(shown.evaluations![0]).toHaveLength(4);
});

test('the best fixed r is one for all steps, and no worse than r = 1/2; a random r is another for each trajectory', async () => {
  const { cells, problems } = await measure([ring], {
    rows: rowsOf(['amed', 'amed:r=best', 'amed:r=random'], ['polynomial:7'], [false]),
    nfe: [4],
    batch: 256,
  });
  expect(cells.map(rowLabel)).toEqual([
    'amed',
    'amed (best fixed r) · polynomial:7',
    'amed (random r) · polynomial:7',
  ]);
  for (const { evaluations } of cells) expect(evaluations).toBe(4);
  const [half, best, random] = cells.map(({ error }) => error!.mean);
  expect(best).toBeLessThan(half);
  expect(random).toBeGreaterThan(best);
  const { students, validation, trajectories } = problems[0].learning!;
  expect({ validation, trajectories }).toEqual({ validation: 0, trajectories: 192 });
  const [{ answers, training, chosenGrid }] = students;
  expect(training).toBeUndefined();
  expect(chosenGrid).toBe('polynomial:7');
  expect(new Set(answers.map(({ r }) => r)).size).toBe(1);
});

test('a random r depends on seed and trajectory, not on the batch', async () => {
  const rows = rowsOf(['amed:r=random'], ['polynomial:7'], [false]);
  const seed = freshSeed();
  const errors = async (seeds: number[], batch: number) =>
    (await measure([ring], { rows, nfe: [4], seeds, batch })).cells.map(({ error }) => error);
  const [first, again] = [await errors([seed, seed + 1], 32), await errors([seed], 32)];
  expect(again[0]).toEqual(first[0]);
  expect(first[1]!.mean).not.toBe(first[0]!.mean);
});

test('a given predictor is a row at the NFE that it learned for', async () => {
  const times = parseGrid('logsnr').times(2);
  const answers = [0.6, 0.4].map((r) => ({ r, direction: 1, time: 1 }));
  const predictor: TablePredictor = {
    kind: 'table',
    solver: 'amed-ipndm',
    afs: false,
    schedules: [{ nfe: 4, grid: 'logsnr', times, answers }],
  };
  const { cells, problems } = await measure([ring], {
    rows: [rowOfPredictor(predictor, 'mine')],
    nfe: [4, 6],
  });
  expect(cells).toMatchObject([{ solver: 'amed-ipndm (mine)', nfe: 4, evaluations: 4, times }]);
  expect(problems[0].learning).toBeUndefined();
});

test('a field need not have a gradient for solvers to be learned', async () => {
  const subject = { ...ring, field: { ...ring.field, prepareGradient: undefined } };
  const rows = rowsOf(['amed:r=learned'], ['search'], [false]);
  const { cells } = await measure([subject], { rows, nfe: [4] });
  expect(cells).toMatchObject([{ solver: 'amed (learned)', nfe: 4, evaluations: 4 }]);
});

test('times are learned for a row on its grid, and told where they are measured', async () => {
  const rows = [
    ...rowsOf(['unipc-2'], ['polynomial:7'], [false]),
    ...rowsOf(['unipc-2:times=learned'], ['search'], [false]),
  ];
  const { cells, problems } = await measure([ring], { rows, nfe: [4], seeds: [freshSeed()] });
  const [plain, learned] = cells;
  expect(learned).toMatchObject({ solver: 'unipc-2 (learned times)', answers: 'learned', evaluations: 4 });
  expect(learned.error!.mean).toBeLessThan(0.7 * plain.error!.mean);
  const [student] = problems[0].learning!.students;
  expect(student).toMatchObject({ solver: learned.solver, answers: [], training: { iterations: 30 } });
  const { sigma, told } = student.times!;
  expect(sigma).toEqual(learned.times!.slice(0, -1));
  expect(told).toHaveLength(4);
  for (const [k, time] of told.entries()) expect(Math.abs(time / sigma[k] - 1)).toBeLessThanOrEqual(0.5);
  // Pictures show where the states were, whatever was told there.
  const shown = problems[0].pictures.find(({ row }) => row.startsWith(learned.solver))!;
  for (const [k, time] of shown.evaluationTimes!.entries()) expect(time).toBeCloseTo(sigma[k], 12);
});

test('where a suite is not to learn, what is learned is left out with the reason, and the rest is measured', async () => {
  const rows = [
    ...rowsOf(['euler'], ['polynomial:7'], [false]),
    ...rowsOf(['amed:r=learned', 'amed:r=best', 'amed:r=random'], ['search'], [false]),
  ];
  const { cells, problems, complete } = await measure([ring], { rows, nfe: [4], learnsUpTo: 1 });
  expect({ complete, solvers: cells.map(({ solver }) => solver) }).toEqual({
    complete: true,
    solvers: ['euler'],
  });
  expect(problems[0].leftOut).toEqual([
    {
      solvers: ['amed (learned)', 'amed (best fixed r)', 'amed (random r)'],
      reason: expect.stringContaining('learns on states of up to 1 numbers'),
    },
  ]);
});

test('a universal table is left out at the NFE whose times the range has no room for, and tells its kind elsewhere', async () => {
  const data = mixtureFigures(ring.field.mixture!);
  // Of the tables of either NFE the one that begins latest.
  const [latest, ofFour] = [3, 4].map((nfe) => {
    const tables = universalCandidates(ring.field, { nfe, data, range: { ...DEFAULT_RANGE, sigmaMax: 1e3 } });
    const first = ({ numbers }: UniversalCandidate) => Math.exp(numbers[0]);
    return tables
      .map((table) => ({ kind: table.kind, first: first(table) }))
      .reduce((a, b) => (b.first < a.first ? b : a));
  });
  expect(ofFour.first).toBeGreaterThan(latest.first);
  const range = { ...DEFAULT_RANGE, sigmaMax: (latest.first + ofFour.first) / 2 };
  const rows = rowsOf(['euler', 'bespoke:universal'], ['polynomial:7'], [false]);
  const { cells, problems, complete } = await measure([ring], { rows, nfe: [3, 4] }, range);
  expect(complete).toBe(true);
  expect(cells.map(({ solver, nfe, universal }) => [solver, nfe, universal])).toEqual([
    ['euler', 3, undefined],
    ['euler', 4, undefined],
    ['bespoke (universal)', 3, latest.kind],
  ]);
  expect(problems[0].leftOut).toEqual([
    {
      solvers: ['bespoke (universal) at NFE 4'],
      reason: expect.stringContaining(`sigma_max ${range.sigmaMax}`),
    },
  ]);
});

test.each([
  ['amed-ipndm:r=learned', { solver: 'amed-ipndm', answers: 'learned' }],
  ['amed-ipndm:order=3,r=best', { solver: 'amed-ipndm:order=3', answers: 'best r' }],
  ['amed-ipndm:r=random,order=3', { solver: 'amed-ipndm:order=3', answers: 'random r' }],
  ['amed:r=0.4', { solver: 'amed:r=0.4' }],
  ['unipc-2:times=learned', { solver: 'unipc-2', answers: 'learned', name: 'learned times' }],
  [
    'unipc-2:variant=bh1,times=learned',
    { solver: 'unipc-2:variant=bh1', answers: 'learned', name: 'learned times' },
  ],
  ['bespoke', { solver: 'bespoke', answers: 'learned' }],
])('%s says where the answers come from', (text, expected) => {
  expect(solverOf(text)).toEqual(expected);
});

test('both suites compare what was learned with what was not', () => {
  for (const name of ['quick', 'full']) {
    const bespoke = suiteByName(name).rows.filter(({ solver }) => solver === 'bespoke');
    expect(bespoke.map((row) => row.answers)).toEqual(['learned', 'table']);
    const sources = new Set(suiteByName(name).rows.map(({ answers }) => answers));
    expect(sources).toEqual(
      new Set<Results['cells'][number]['answers']>([undefined, 'learned', 'best r', 'random r', 'table']),
    );
  }
});
