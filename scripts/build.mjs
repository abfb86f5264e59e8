// Bundles the command line, the browser-safe core and Node's part into dist/. Packages stay outside.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Builds dist/. Each file is renamed into place, so that a command that starts meanwhile finds whole files. */
export async function buildDist(root) {
  const outdir = join(root, 'dist');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { cli: 'src/cli/main.ts', index: 'src/index.ts', node: 'src/node/index.ts' },
    outdir,
    bundle: true,
    splitting: true, // one copy of the core: an error thrown by it is the same class in every entry
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    loader: { '.wgsl': 'text' },
    sourcemap: true,
    write: false,
    logLevel: 'warning',
  });
  await replace(outputFiles);
  const current = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const name of await readdir(outdir)) {
    const stale = /\.js(\.map)?$/.test(name) && !current.has(name);
    if (stale) await rm(join(outdir, name));
  }
}

/** Writes files beside those that are there, and renames them into place. */
async function replace(outputFiles) {
  for (const { path, contents } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.${process.pid}.partial`;
    await writeFile(partial, contents);
    await rename(partial, path);
  }
}

/**
 * Builds dist/bench/, which no package carries. TensorFlow.js goes into it: the modules that register its
 * gradients are none that Node can load.
 */
export async function buildBench(root) {
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: {
      gpu: 'bench/gpu.ts',
      learned: 'bench/learned.ts',
      mlp: 'bench/mlp.ts',
      tiles: 'bench/mlp-tiles.ts',
      sampling: 'bench/sampling.ts',
      scaling: 'bench/scaling.ts',
      sid: 'bench/sid.ts',
      training: 'bench/training.ts',
      universal: 'bench/universal.ts',
      updates: 'bench/updates.ts',
    },
    outdir: join(root, 'dist', 'bench'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    external: [...Object.keys(dependencies), '@sparticuz/chromium', 'tar-fs', 'node-fetch'],
    // TensorFlow.js calls require() for modules of Node.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
    loader: { '.wgsl': 'text' },
    sourcemap: true,
    write: false,
    logLevel: 'warning',
  });
  await replace(outputFiles);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  await (process.argv[2] === 'bench' ? buildBench(root) : buildDist(root));
}
