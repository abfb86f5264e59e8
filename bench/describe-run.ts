import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeAdapterDescription } from '../src/node/adapter.js';
import type { MachineDescription } from '../src/report/results.js';
import { VERSION } from '../src/version.js';

/** Packages whose version may change a figure. */
const PACKAGES = ['webgpu', 'wesl', 'wgsl_reflect', 'ml-matrix'];

/** The folder of this package, above the source and the bundles. */
export const ROOT = fileURLToPath(packageRoot(new URL('.', import.meta.url)));

/**
 * What there is to know of this machine, this source and this command.
 * @param others packages besides the usual ones whose version may change a figure
 */
export function describeRun(
  adapter: NodeAdapterDescription,
  others: readonly string[] = [],
): MachineDescription {
  const require = createRequire(import.meta.url);
  const version = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  return {
    fewstep: VERSION,
    commit: commit(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    adapter: {
      name: adapter.name,
      driver: adapter.driver,
      backend: adapter.backend,
      software: adapter.software,
      toggles: adapter.toggles,
    },
    packages: Object.fromEntries(
      [...PACKAGES, ...others].map((name) => [name, version(packageFile(require, name))]),
    ),
  };
}

/**
 * What a bench stores of its run, once it is through.
 * @param bench the npm script, such as 'bench:mlp'
 */
export function finishedRun(description: MachineDescription, started: Date, bench: string) {
  return {
    ...description,
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    // Folders of one machine say nothing on another.
    command: [`npm run ${bench} --`, ...process.argv.slice(2).map(withoutFolder)].join(' '),
  };
}

const withoutFolder = (argument: string) => (isAbsolute(argument) ? basename(argument) : argument);

function packageRoot(folder: URL): URL {
  return existsSync(new URL('package.json', folder)) ? folder : packageRoot(new URL('..', folder));
}

/** A package's own package.json, which its `exports` may hide: the nearest one that Node would find. */
function packageFile(require: NodeJS.Require, name: string): string {
  const files = (require.resolve.paths(name) ?? []).map((folder) => join(folder, name, 'package.json'));
  const file = files.find((path) => existsSync(path));
  if (file) return file;
  throw new Error(`there is no package.json of ${name}`);
}

/** The commit that the source is at, '+changes' where the tree differs; undefined outside a checkout of its own. */
function commit(): string | undefined {
  // Installed as a package, the repository around it is another one.
  if (!existsSync(join(ROOT, '.git'))) return undefined;
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+changes');
  } catch {
    return undefined; // there is no git
  }
}
