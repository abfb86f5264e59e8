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

  const meanError = async (page: Page, panel: string) => Number(await page.textContent(`#${panel} .error`));
  const label = (page: Page, panel: string) => page.getAttribute(`#${panel} canvas`, 'aria-label');
  const said = (page: Page, what: RegExp) =>
    page.waitForFunction(
      (source) => new RegExp(source).test(document.getElementById('status')!.textContent!),
      what.source,
      { timeout: SLOW },
    );
  /** Learns what is chosen; returns its mean error. */
  async function learned(page: Page): Promise<number> {
    await page.click('#learn');
    await said(page, /^Learned in /);
    return meanError(page, 'learned');
  }

  it(
    'compares a solver with the bespoke one, and with those that it learns',
    async () => {
      const { page, errors } = await opened();
      await said(page, /^With 5 evaluations bespoke \(a universal table\)/);
      expect(await page.textContent('#adapter')).toMatch(/swiftshader, a software adapter; 1,000 latents/);
      const [plain, universal] = [await meanError(page, 'plain'), await meanError(page, 'learned')];
      expect(universal).toBeLessThan(plain);
      expect(await learned(page)).toBeLessThan(universal);
      expect(await page.isDisabled('#learn')).toBe(true);
      expect(await page.textContent('#learn')).toBe('Learned at NFE 5');
      for (const method of ['amed', 'times']) {
        await page.selectOption('#method', method);
        await said(page, /^With 5 evaluations (AMED-iPNDM|unipc-2) /);
        const untrained = await meanError(page, 'learned');
        const error = await learned(page);
        expect(error).toBeLessThan(untrained);
        expect(error).toBeLessThan(plain);
        const status = await page.textContent('#status');
        const [, times] = /: ([\d.]+) times lower\.$/.exec(status!)!;
        expect(plain / error / Number(times)).toBeCloseTo(1, 1); // of two digits
      }
      expect(errors).toEqual([]);
    },
    SLOW,
  );

  it(
    'says at once that it learns, and how far it is, and keeps what it has when it is told to stop',
    async () => {
      const { page, errors } = await opened();
      await said(page, /^With 5 /);
      const before = await label(page, 'learned');
      const atOnce = await page.evaluate(() => {
        document.getElementById('learn')!.click();
        return document.getElementById('status')!.textContent;
      });
      expect(atOnce).toBe('Learning bespoke at NFE 5…');
      for (const control of ['field', 'nfe', 'solver', 'grid', 'afs', 'method', 'learn']) {
        expect(await page.isDisabled(`#${control}`), control).toBe(true);
      }
      // Nothing is learned yet.
      await page.click('#stop');
      await said(page, /^Cancelled\. With 5 evaluations bespoke \(a universal table\)/);
      expect(await label(page, 'learned')).toBe(before);

      await page.click('#learn');
      await said(page, /^Learning bespoke at NFE 5, stage 3 of 4: training the best few$/);
      expect(await page.textContent('#detail')).toMatch(/^iteration \d+ of 96$/);
      expect(await page.getAttribute('#progress', 'value')).not.toBeNull();
      await page.click('#stop');
      await said(
        page,
        /^Stopped after [\d.]+ s\. With 5 evaluations bespoke \(learned here\) has a mean error /,
      );
      expect(await page.textContent('#learned h2')).toBe('bespoke, learned here');
      expect(await page.isEnabled('#learn')).toBe(true); // for more
      expect(await meanError(page, 'learned')).toBeLessThan(await meanError(page, 'plain'));
      expect(await page.isEnabled('#nfe')).toBe(true);
      expect(await page.isVisible('#stop')).toBe(false);
      expect(await page.textContent('#detail')).toBe('');
      expect(await page.textContent('#learn')).toBe('Learn at NFE 5');
      expect(errors).toEqual([]);
    },
    SLOW,
  );

  it(
    'keeps to the keyboard: learns, stops and follows the slider',
    async () => {
      const { page, errors } = await opened();
      await said(page, /^With 5 /);
      const focused = () => page.evaluate(() => document.activeElement!.id);
      await page.focus('#learn');
      await page.keyboard.press('Enter');
      expect(await focused()).toBe('stop');
      await page.keyboard.press('Enter');
      await said(page, /^Cancelled/);
      expect(await focused()).toBe('learn');
      await page.focus('#nfe');
      await page.keyboard.press('ArrowRight');
      expect(await page.textContent('#count')).toBe('6');
      expect(await page.textContent('#learn')).toBe('Learn at NFE 6');
      await said(page, /^With 6 /);
      expect(await label(page, 'plain')).toMatch(
        /^1,000 samples of ipndm-3 after 6 evaluations, .* error 0\.\d+$/,
      );
      expect(errors).toEqual([]);
    },
    SLOW,
  );

  it(
    'samples a network, and says what a solver cannot do and what it can',
    async () => {
      const { page, errors } = await opened();
      await said(page, /^With 5 /);
      await page.selectOption('#field', 'network-two-moons');
      await page.selectOption('#solver', 'heun');
      await said(page, /^heun cannot make exactly 5 evaluations\. Nearest that it can: 4 or 6\.$/);
      expect(await label(page, 'plain')).toBe('Nothing is drawn: heun has no run of exactly 5 evaluations');
      expect(await label(page, 'exact')).toBe(
        '1,000 samples of the exact flow: Two moons, a trained network',
      );
      await page.selectOption('#solver', 'euler');
      await said(page, /^With 5 evaluations bespoke .* of euler: /);
      expect(await page.textContent('#plain h2')).toBe('euler');
      const usual = await meanError(page, 'plain');
      expect(usual).toBeGreaterThan(0);
      await page.selectOption('#grid', 'time_uniform:3');
      await said(page, /^With 5 evaluations bespoke .* of euler · time_uniform:3: /);
      expect(await meanError(page, 'plain')).toBeLessThan(0.9 * usual);
      await page.check('#afs');
      await said(page, /of euler · time_uniform:3 \+ AFS: /);
      expect(await page.textContent('#plain h2')).toBe('euler · time_uniform:3 + AFS');
      expect(errors).toEqual([]);
    },
    SLOW,
  );

  it.each([
    ['offers no WebGPU', undefined, /^This browser offers no WebGPU, .* Open it in a current Chrome, /],
    ['finds no GPU', {}, /^This browser offers WebGPU, but found no GPU .* Turn on hardware acceleration /],
  ])('says what to do, and nothing else, where the browser %s', async (_, gpu, message) => {
    const page = await browser.newPage();
    await page.addInitScript((given) => {
      const value = given && { requestAdapter: async () => null };
      Object.defineProperty(navigator, 'gpu', { value });
    }, gpu);
    await page.goto(url);
    await page.waitForSelector('#status.failed');
    expect(await page.textContent('#status')).toMatch(message);
    expect(await page.isVisible('text=Looking for a GPU')).toBe(false);
    for (const part of ['choices', 'panels', 'about']) {
      expect(await page.isVisible(`#${part}`), part).toBe(false);
    }
    expect(await page.isDisabled('#learn')).toBe(true);
  });
});
