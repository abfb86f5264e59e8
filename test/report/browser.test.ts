import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderReport } from '../../src/report/report.js';
import { smallResults } from './results.js';

const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));
const name = executablePath
  ? 'in a browser'
  : 'in a browser (skipped: no Chromium here; set CHROMIUM to one)';

describe.skipIf(!executablePath)(name, () => {
  let browser: Browser;
  let report: string;
  beforeAll(async () => {
    report = renderReport(smallResults());
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(() => browser?.close());

  async function open(width: number, colorScheme: 'light' | 'dark', javaScriptEnabled = true) {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      javaScriptEnabled,
    });
    const tab = await context.newPage();
    const complaints: string[] = [];
    tab.on('console', (message) => complaints.push(message.text()));
    tab.on('pageerror', (error) => complaints.push(error.message));
    tab.on('request', (request) => {
      if (!/^(data|about):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
    });
    await tab.setContent(report, { waitUntil: 'load' });
    return { tab, complaints };
  }

  test.each([
    [390, 'light'],
    [390, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)('fits %d pixels (%s) without a complaint', async (width, scheme) => {
    const { tab, complaints } = await open(width, scheme);
    expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
    const paper = await tab.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(paper).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(21, 23, 26)');
  });

  test('shows another metric in every table when one is chosen, and goes back', async () => {
    const { tab, complaints } = await open(1280, 'light');
    const tables = () => tab.locator('table.figures tbody').allInnerTexts();
    const before = await tables();
    const first = tab.locator('.table').first();
    await first.locator('select').selectOption('frechet');
    const after = await tables();
    const euler = tab.locator('#problem-mixture-64 .figures tbody tr:not(.variant) td').first();
    const distances = await euler.innerText();
    await first.locator('select').selectOption('mean');
    expect(after).not.toEqual(before);
    expect(await euler.innerText()).not.toBe(distances);
    expect(await tables()).toEqual(before);
    expect(complaints).toEqual([]);
  });

  test('unfolds every grid and AFS, and tells the intervals of a figure at a tap', async () => {
    const { tab } = await open(390, 'light');
    const ring = tab.locator('#problem-ring');
    const variant = ring.locator('tr.variant').first();
    expect(await variant.isVisible()).toBe(false);
    await ring.locator('input.all').check();
    expect(await variant.isVisible()).toBe(true);
    await variant.locator('td').first().click();
    expect(await ring.locator('.detail').innerText()).toMatch(/^mean [\d.e-]+ \[/);
  });

  test('works without script, but for the choice of the metric', async () => {
    const { tab } = await open(1280, 'light', false);
    expect(await tab.locator('select.metric').first().isVisible()).toBe(false);
    expect(await tab.locator('.table span.metric').first().innerText()).toBe('mean end-point error');
    await tab.locator('#problem-ring input.all').check();
    expect(await tab.locator('#problem-ring tr.variant').first().isVisible()).toBe(true);
  });
});
