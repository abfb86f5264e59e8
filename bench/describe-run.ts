import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import type { NodeAdapterDescription } from '../src/node/adapter.js';
import type { RunDescription } from '../src/report/results.js';

/** Packages whose version may change a figure. */
const PACKAGES = ['webgpu', 'wesl', 'wgsl_reflect', 'ml-matrix'];

/** What there is to know of this machine, this source and this command. */
export function describeRun(
  adapter: NodeAdapterDescription,
): Pick<
  RunDescription,
  'fewstep' | 'commit' | 'node' | 'platform' | 'cpu' | 'cores' | 'adapter' | 'packages'
> {
  const require = createRequire(import.meta.url);
  const version = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  return {
    fewstep: version(new URL('../package.json', import.meta.url).pathname),
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
    packages: Object.fromEntries(PACKAGES.map((name) => [name, version(packageFile(require, name))])),
  };
}

/** A package's own package.json, which its `exports` may hide: the nearest one above its entry. */
function packageFile(require: NodeJS.Require, name: string): string {
  const folder = require.resolve.paths(name)?.find((path) => exists(`${path}/${name}/package.json`));
  return `${folder}/${name}/package.json`;
}

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The commit that the source is at, '+changes' where the tree differs; undefined outside a checkout. */
function commit(): string | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: new URL('..', import.meta.url),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+changes');
  } catch {
    return undefined;
  }
}
