// Bundles the command line, the browser-safe core and Node's part into dist/. Packages stay outside.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * WGSL as text, without its comments, of which a browser would load 98 KB (36 KB compressed). What remains stays in its
 * line and column, so that errors name the places of the sources. WGSL has no strings that '//' could stand in.
 */
export const shaders = {
  name: 'shaders',
  setup({ onLoad }) {
    onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(/[ \t]*\/\/.*$/gm, ''),
      loader: 'text',
    }));
  },
};

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
    plugins: [shaders],
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
      call: 'bench/call.ts',
      gpu: 'bench/gpu.ts',
      learned: 'bench/learned.ts',
      mlp: 'bench/mlp.ts',
      registers: 'bench/registers.ts',
      tiles: 'bench/tiles.ts',
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
    plugins: [shaders],
    sourcemap: true,
    write: false,
    logLevel: 'warning',
  });
  await replace(outputFiles);
}

/** Builds dist/web/index.html: one file that opens offline, with two networks inside. */
export async function buildWeb(root) {
  const bundle = (entry) =>
    build({
      absWorkingDir: root,
      entryPoints: [entry],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      minify: true,
      loader: { '.safetensors': 'binary' },
      plugins: [shaders],
      write: false,
      logLevel: 'warning',
    });
  const [script] = (await bundle('web/main.ts')).outputFiles;
  // The report's, so that both look alike.
  const [styles] = (await bundle('src/report/style.ts')).outputFiles;
  const { style } = await import(`data:text/javascript,${encodeURIComponent(styles.text)}`);
  const page = (await readFile(join(root, 'web', 'index.html'), 'utf8'))
    .replace('/* style */', () => style)
    .replace('/* script */', () => script.text.replaceAll('</script', '<\\/script'));
  const path = join(root, 'dist', 'web', 'index.html');
  await replace([{ path, contents: page }]);
  return path;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const what = process.argv[2];
  if (what === 'bench') await buildBench(root);
  else if (what === 'web') console.log(`open ${await buildWeb(root)} in a browser with WebGPU`);
  else await buildDist(root);
}
