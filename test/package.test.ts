import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args]);

let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'fewstep-package-'));
});
afterAll(() => rm(project, { recursive: true, force: true }));

/** A project of its own that has the package and what the package depends on, and nothing else of ours. */
async function install(): Promise<void> {
  const modules = join(project, 'node_modules');
  const types = join(modules, 'fewstep', 'dist', 'types');
  await tsc('-p', join(root, 'tsconfig.build.json'), '--outDir', types);
  await cp(join(root, 'package.json'), join(modules, 'fewstep', 'package.json'));
  await symlink(join(root, 'node_modules', 'valibot'), join(modules, 'valibot'));
}

test('the declarations that the package carries are all that a strict project needs', async () => {
  await install();
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(project, 'sample.ts'),
    `import { externalField, gaussianMixture, Gpu, planFor, sample, solve } from 'fewstep';
    import { openDevice } from 'fewstep/node';

    const { device, adapter } = await openDevice();
    const gpu = new Gpu(device, adapter);
    const field = gaussianMixture({ weights: [1, 2], means: [[-1, 0], [1, 0]], stds: [0.1, 0.2] });
    const { samples } = await sample(gpu, { field, solver: 'ipndm-3', nfe: 6, batch: 1000, seed: 1 });
    export const count: number = samples.length;

    const own = externalField({ dim: 2, predictOnDevice: ({ states }) => states });
    await solve(gpu, own, planFor({ solver: 'euler', nfe: 3 }), { latents: { batch: 4, seed: 1 } });
    // @ts-expect-error: they are types, not any
    externalField({ dim: 'two', predict: () => [] });
    `,
  );
  const compilerOptions = { noEmit: true, strict: true, module: 'nodenext', target: 'es2022', types: [] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['sample.ts'] }));
  const checked = await tsc('-p', project).catch((error) => error);
  expect(checked).toMatchObject({ stdout: '', stderr: '' });
});

test('the declarations are read by TypeScript from 5.4 on, whose arrays have no type of their buffer', async () => {
  const types = join(project, 'types');
  await tsc('-p', join(root, 'tsconfig.build.json'), '--outDir', types);
  const seen = new Set<string>();
  const read = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = await readFile(path, 'utf8');
    expect(text, path).not.toMatch(/Array<ArrayBuffer/);
    for (const [, name] of text.matchAll(/from '(\.[^']*)\.js'/g))
      await read(join(path, '..', `${name}.d.ts`));
  };
  for (const entry of ['index.d.ts', 'node/index.d.ts']) await read(join(types, entry));
  expect(seen.size).toBeGreaterThan(50);
});

test('its models and its package.json can be found from a project', async () => {
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'fewstep'), { recursive: true });
  await cp(join(root, 'package.json'), join(modules, 'fewstep', 'package.json'));
  await writeFile(
    join(project, 'find.mjs'),
    `for (const name of ['models/digits.safetensors', 'package.json'])
      console.log(import.meta.resolve('fewstep/' + name));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(project, 'find.mjs')]);
  const [model, own] = stdout.trim().split('\n');
  expect(model).toMatch(/node_modules\/fewstep\/models\/digits\.safetensors$/);
  expect(own).toMatch(/node_modules\/fewstep\/package\.json$/);
});
