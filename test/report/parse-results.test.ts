import { describe, expect, test } from 'vitest';
import { FewstepError } from '../../src/errors.js';
import { parseResults } from '../../src/report/parse-results.js';
import { resultsWith } from './results.js';

const valid = () => resultsWith({ euler: { 4: [0.5], 5: [0.3] } });

function refusal(json: unknown): FewstepError {
  try {
    parseResults(json, 'a/results.json');
  } catch (error) {
    if (error instanceof FewstepError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('reading results', () => {
  test('gives back what was written', () => {
    expect(parseResults(JSON.parse(JSON.stringify(valid())))).toEqual(valid());
  });

  test('reads null, which JSON writes for NaN, as NaN', () => {
    const results = valid();
    results.cells[0].distances.frechet = Number.NaN;
    expect(parseResults(JSON.parse(JSON.stringify(results))).cells[0].distances.frechet).toBeNaN();
  });

  test.each([
    [
      'another version',
      (r: Record<string, unknown>) => ({ ...r, schema: 'fewstep-results/9' }),
      /fewstep-results\/9/,
    ],
    ['no schema', () => ({ cells: [] }), /has no schema/],
    ['no object', () => 'text', /has no schema/],
    ['null', () => null, /has no schema/],
    ['a missing part', (r: Record<string, unknown>) => ({ ...r, run: undefined }), /: run: /],
    [
      'a text for a number',
      () => edit((r) => set(r.cells[1].error!, 'p95', 'big')),
      /cells\.1\.error\.p95: must be a number/,
    ],
    ['a fraction of an evaluation', () => edit((r) => set(r.cells[0], 'nfe', 4.5)), /cells\.0\.nfe/],
    [
      'a short interval',
      () => edit((r) => set(r.cells[0].error!, 'meanInterval', [1])),
      /cells\.0\.error\.meanInterval/,
    ],
    ['an unknown kind', () => edit((r) => set(r.problems[0], 'kind', 'video')), /problems\.0\.kind/],
    [
      'a cell of no problem',
      () => edit((r) => set(r.cells[1], 'problem', 'other')),
      /cells\.1\.problem: 'other'/,
    ],
  ])('refuses %s, with the place', (_, make, place) => {
    const error = refusal(make(valid() as unknown as Record<string, unknown>));
    expect(error).toMatchObject({ code: 'bad-data', message: expect.stringMatching(place) });
    expect(error.message).toContain('a/results.json');
    expect(error.remedy).not.toBe('');
  });
});

function edit(change: (results: ReturnType<typeof valid>) => void) {
  const results = valid();
  change(results);
  return results;
}

function set(target: object, key: string, value: unknown) {
  Object.assign(target, { [key]: value });
}
