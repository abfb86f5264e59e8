// Makes a clone ready to run: installs from the lock file and (--build) bundles, each only when out of date.
// Plain Node: it runs before there is a node_modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE = 20;
const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);

if (Number(process.versions.node.split('.')[0]) < MINIMUM_NODE) {
  console.error(`error: fewstep needs Node ${MINIMUM_NODE} or later, this is ${process.versions.node}`);
  console.error('  install a newer Node from https://nodejs.org');
  process.exit(2);
}
install();
if (process.argv.includes('--build')) await bundle();

function install() {
  const lock = digest([at('package-lock.json')]);
  const stamp = at('node_modules', '.fewstep-lock');
  if (read(stamp) === lock || installedByHand()) return write(stamp, lock);
  console.error('fewstep: installing packages from package-lock.json (once)');
  const npm = process.env.npm_execpath;
  const command = npm ? [process.execPath, npm] : ['npm'];
  const { status } = spawnSync(
    command[0],
    [...command.slice(1), 'ci', '--include=dev', '--no-audit', '--no-fund'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: !npm && process.platform === 'win32',
    },
  );
  if (status !== 0) {
    console.error('error: npm ci failed');
    console.error(
      '  see its message above; the packages come from the npm registry, so a network is needed once',
    );
    process.exit(2);
  }
  write(stamp, lock);
}

/** Whether someone ran npm themselves after the lock file last changed. */
function installedByHand() {
  const installed = at('node_modules', '.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(at('package-lock.json')).mtimeMs;
}

async function bundle() {
  const sources = ['src', 'shaders', 'web', 'bench'].flatMap((folder) => filesIn(at(folder)));
  const state = digest([...sources, at('package.json'), at('package-lock.json'), at('scripts', 'build.mjs')]);
  const stamp = at('dist', '.sources');
  if (read(stamp) === state) return;
  const { buildDist } = await import('./build.mjs');
  await buildDist(root);
  write(stamp, state);
}

/** One hash over the names and contents of files. */
function digest(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  return hash.digest('hex');
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function write(path, text) {
  if (read(path) === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
