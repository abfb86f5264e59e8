import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from './chromium.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const executable = findChromium();
const SLOW = 180_000;

describe.skipIf(!executable)('the page, opened as a file', () => {
  let browser: Browser;
  const url = new URL('../../dist/web/index.html', import.meta.url).href;
  beforeAll(async () => {
    execFileSync(process.execPath, ['scripts/build.mjs', 'web'], { cwd: root, stdio: 'ignore' });
    browser = await launchChromium(executable!);
  }, SLOW);
  afterAll(() => browser?.close());

  async function opened(): Promise<{ page: Page; errors: string[] }> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(url);
    return { page, errors };
  }

  const meanError = async (page: Page, panel: string) =>
    Number(await page.textContent(`#${panel} ~ dl .error`));

  it(
    'compares a solver with the bespoke one, and with one that it learns',
    async () => {
      const { page, errors } = await opened();
      await page.waitForSelector('#bespoke-figures .error', { timeout: SLOW });
      expect(await page.textContent('#adapter')).toMatch(/swiftshader, a software adapter; 1,000 latents/);
      const [plain, universal] = [await meanError(page, 'plain'), await meanError(page, 'bespoke')];
      expect(universal).toBeLessThan(plain);
      await page.click('#learn');
      await page.waitForFunction(
        () => /^Learned at NFE 5/.test(document.getElementById('status')!.textContent!),
        null,
        { timeout: SLOW },
      );
      expect(await meanError(page, 'bespoke')).toBeLessThan(universal);
      expect(await page.isDisabled('#learn')).toBe(true);
      expect(errors).toEqual([]);
    },
    SLOW,
  );

  it(
    'samples a network, and says what a solver cannot do',
    async () => {
      const { page, errors } = await opened();
      await page.waitForSelector('#bespoke-figures .error', { timeout: SLOW });
      await page.selectOption('#field', 'network-two-moons');
      await page.selectOption('#solver', 'heun');
      await page.waitForFunction(
        () => /heun cannot make exactly 5/.test(document.getElementById('status')!.textContent!),
        null,
        { timeout: SLOW },
      );
      await page.selectOption('#solver', 'euler');
      await page.waitForFunction(
        () => document.querySelector('#plain-title')!.textContent === 'euler',
        null,
        { timeout: SLOW },
      );
      await page.waitForSelector('#plain-figures .error', { timeout: SLOW });
      expect(await meanError(page, 'plain')).toBeGreaterThan(0);
      expect(errors).toEqual([]);
    },
    SLOW,
  );

  it('says what to do where there is no WebGPU', async () => {
    const page = await browser.newPage();
    await page.addInitScript(() => Object.defineProperty(navigator, 'gpu', { value: undefined }));
    await page.goto(url);
    await page.waitForSelector('#status.failed');
    expect(await page.textContent('#status')).toMatch(/no WebGPU adapter: use a current Chrome/);
  });
});
