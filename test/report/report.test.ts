import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { renderReport } from '../../src/report/report.js';
import { resultsWith, smallResults } from './results.js';

const results = smallResults();
const page = renderReport(results);
const { document } = parseHTML(page);

const known = () =>
  resultsWith({
    euler: { 4: [0.4], 5: [0.3] },
    'euler + AFS': { 5: [0.2] },
    rk4: { 4: [0.1] },
    'ipndm-3': { 4: [0.2], 5: [0.02] },
  });

function figures(html: string) {
  const rows = [...parseHTML(html).document.querySelectorAll('.table tbody tr:not(.variant)')];
  return rows.map((row) =>
    [...row.children].map((cell) => `${cell.className}|${cell.firstChild?.textContent}`),
  );
}

describe('the report', () => {
  test('has a section for each problem with its table, plots and pictures', () => {
    for (const { name, kind } of results.problems) {
      const section = document.querySelector(`#problem-${name}`)!;
      expect(section.querySelectorAll('table.figures').length, name).toBe(1);
      expect(section.querySelectorAll('svg.plot').length, name).toBe(4);
      expect(section.querySelectorAll('.panels svg').length > 0, name).toBe(kind === 'points-2d');
      expect(section.querySelectorAll('.strips img').length, name).toBe(kind === 'image' ? 3 : 0);
    }
  });

  test('needs nothing from outside', () => {
    const urls = page.match(/(?:https?:)?\/\/[\w.-]+\.\w+|@import|url\(/g);
    expect(urls).toBeNull();
    for (const element of document.querySelectorAll('[src], [href]')) {
      expect(element.getAttribute('src') ?? element.getAttribute('href')).toMatch(
        /^(#|data:image\/png;base64,)/,
      );
    }
    expect(document.querySelectorAll('link, iframe').length).toBe(0);
  });

  test('refers only to places that it has', () => {
    for (const element of document.querySelectorAll('[href^="#"]')) {
      expect(document.querySelector(element.getAttribute('href')!) !== null, element.outerHTML).toBe(true);
    }
  });

  test('has numbers only in its drawings', () => {
    for (const path of document.querySelectorAll('path')) {
      expect(path.getAttribute('d') ?? '').toMatch(/^[\d\s,.MLhZ-]*$/);
    }
  });

  test('marks best and second best, and has a dash where an NFE cannot be made', () => {
    expect(figures(renderReport(known()))).toEqual([
      ['|', '|0.400', 'second|0.200'],
      ['|', 'best|0.100', 'none|–'],
      ['|', 'second|0.200', 'best|0.0200'],
    ]);
  });

  test('says why a place is empty', () => {
    const dash = parseHTML(renderReport(known())).document.querySelector('.table tr:not(.variant) td.none')!;
    expect(dash.getAttribute('title')).toBe(
      'rk4 cannot make exactly 5 evaluations; nearest that it can: 4 or 8',
    );
  });

  test('shows every AFS form, folded under its solver, and the interval on hover', () => {
    const { document: small } = parseHTML(renderReport(known()));
    const variants = [...small.querySelectorAll('.table tr.variant')].map((row) => row.textContent);
    expect(variants).toEqual(['plain0.4000.300', 'AFS–0.200']);
    expect(small.querySelector('.table td.second')!.getAttribute('title')).toBe(
      'mean 0.200 [0.188, 0.214], median 0.200 [0.184, 0.212]',
    );
  });

  test('escapes names', () => {
    const html = renderReport(known());
    expect(html).not.toContain('A case <&"');
    expect(parseHTML(html).document.querySelector('#problem-case h2')!.textContent).toBe('A case <&"');
  });

  test('says whether evaluations made were those of the NFE', () => {
    expect(renderReport(known())).toContain('in all 6 cells exactly as many');
    const wrong = known();
    wrong.cells[0].evaluations = 7;
    expect(renderReport(wrong)).toContain(
      '1 of 6 cells made another number than the NFE says (case, euler, NFE 4: 7)',
    );
  });

  test('says that a run was interrupted, and is a page even without a cell', () => {
    expect(page).not.toContain('This run was interrupted');
    const empty = { ...known(), complete: false, cells: [] };
    expect(renderReport(empty)).toContain('This run was interrupted');
    expect(renderReport({ ...empty, problems: [] })).toContain('No cell was finished');
  });
});
