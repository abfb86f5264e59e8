import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error: a script has no types
import { shaders as withoutComments } from '../../scripts/build.mjs';
import { shaders } from '../../src/gpu/shaders.js';
import { gaussianMixture, solveReference } from '../../src/index.js';
import { normals } from '../../src/rng/threefry.js';
import { planFor } from '../../src/solver/plan-for.js';
import { findChromium, launchChromium, openModule } from './chromium.js';
import type { Job, JobResult } from './page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

function bundle(entry: string) {
  return build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    plugins: [withoutComments],
    logLevel: 'silent',
  });
}

describe('the core, bundled for browsers', () => {
  let metafile: BuildResult<{ metafile: true }>['metafile'];
  beforeAll(async () => {
    ({ metafile } = await bundle('src/index.ts'));
  });

  it("holds nothing of Node's part", () => {
    const inputs = Object.keys(metafile.inputs);
    expect(inputs).toContain('src/sample.ts');
    expect(inputs.filter((path) => /^src\/(node|cli)\//.test(path))).toEqual([]);
    expect(inputs.filter((path) => /node_modules\/webgpu\//.test(path))).toEqual([]);
  });

  it('imports no module of Node and leaves none outside', () => {
    const { imports } = Object.values(metafile.outputs)[0];
    expect(imports).toEqual([]);
    const outside = Object.values(metafile.inputs).flatMap((input) => input.imports);
    expect(outside.filter(({ external, path }) => external || path.startsWith('node:'))).toEqual([]);
  });

  it('holds the shaders without their comments, each line in its place', async () => {
    const { outputFiles } = await bundle('src/gpu/shaders.ts');
    const code = outputFiles[0].text;
    const built: typeof import('../../src/gpu/shaders.js') = await import(
      `data:text/javascript,${encodeURIComponent(code)}`
    );
    expect(Object.keys(built.shaders)).toEqual(Object.keys(shaders));
    for (const [name, source] of Object.entries(shaders)) {
      const lines = built.shaders[name as keyof typeof shaders].split('\n');
      expect(lines).toEqual(source.split('\n').map((line) => line.split('//')[0].trimEnd()));
    }
  });
});

const executable = findChromium();
if (!executable)
  console.warn('skipped: no Chromium here for the test in a browser (CHROMIUM_PATH can name one)');

describe.skipIf(!executable)('in Chromium', () => {
  const mixture = {
    weights: [1, 2, 3],
    means: [
      [-1, 0, 2],
      [1, 1, 0],
      [0.5, -1, -1],
    ],
    stds: [0.3, 0.5, 0.4],
  };
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    const { outputFiles } = await bundle('test/browser/page.ts');
    browser = await launchChromium(executable!);
    page = await openModule(browser, outputFiles[0].text);
  });
  afterAll(() => browser?.close());

  it('samples a mixture as the float64 reference does in Node', async () => {
    const adapter = await page.evaluate(
      (input) => (globalThis as unknown as typeof import('./page.js')).page.open(input),
      mixture,
    );
    expect(adapter).toMatch(/swiftshader/i);
    const field = gaussianMixture(mixture);
    const latents = [...normals(2, 0, 0, 0, 60)].map((z) => Math.fround(80 * z));
    for (const request of [
      { solver: 'ipndm-3', nfe: 6 },
      { solver: 'dpm-solver-2:r=0.4', nfe: 8 },
    ]) {
      const { samples, evaluations } = await page.evaluate<JobResult, Job>(
        (job) => (globalThis as unknown as typeof import('./page.js')).page.run(job),
        { latents, ...request },
      );
      const plan = planFor(request);
      const reference = solveReference(field, plan, { latents });
      expect(evaluations).toBe(request.nfe);
      expect(samples).toHaveLength(latents.length);
      const worst = Math.max(...samples.map((value, i) => Math.abs(value - reference.samples[i])));
      // Each step shrinks noise and its rounding alike, so an operation costs about 2^-24 of the state; the
      // field, of components wider than 0.3 and at most 4 apart, amplifies that less than (4 / 0.3)^2 times.
      expect(worst).toBeLessThan(request.nfe * 178 * 2 ** -24);
    }
  });
});
