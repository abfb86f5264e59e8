import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FewstepError } from '../../src/errors.js';
import type { AdapterKind } from '../../src/node/adapter.js';
import { ROOT } from '../describe-run.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';

/** How long a process takes from its start to its end. */
export interface StartupRow {
  command: string;
  /**
   * What the driver remembers of compiled kernels: nothing, those of the run before; or it is not asked. Dawn for Node
   * has no pipeline cache of its own. The system's cache of files is warm in all.
   */
  cache: 'cold' | 'warm' | 'none';
  repeats: number;
  ms: MinMedianMax;
}

const run = promisify(execFile);
const CLI = join(ROOT, 'dist', 'cli.js');

/** Node alone, the command line alone, and one sample of a mixture and of a network. */
export async function measureStartup(device: AdapterKind, repeats: number): Promise<StartupRow[]> {
  if (!existsSync(CLI)) {
    throw new FewstepError('bad-argument', `there is no ${CLI} to start`, 'run `npm run build` first');
  }
  const folder = await mkdtemp(join(tmpdir(), 'fewstep-startup-'));
  const rows: StartupRow[] = [];
  const add = (command: string, cache: StartupRow['cache'], times: number[]) =>
    rows.push({ command, cache, repeats, ms: minMedianMax(times) });
  try {
    const plain: [string, string[]][] = [
      ['node -e 0', ['-e', '0']],
      ['fewstep --version', [CLI, '--version']],
    ];
    for (const [command, words] of plain) {
      await spawned(words);
      const times: number[] = [];
      for (let i = 0; i < repeats; i++) times.push(await spawned(words));
      add(command, 'none', times);
    }
    const network = join('models', 'digits.safetensors');
    for (const field of ['ring', network]) {
      const own = `sample --field ${field} --solver euler --nfe 5 --batch 1 --device ${device}`;
      const words = [CLI, ...own.split(' '), '--out', join(folder, 'x.npy')];
      const times = { cold: [] as number[], warm: [] as number[] };
      await spawned(words); // so that the system has the files
      for (let i = 0; i < repeats; i++) {
        const cache = await mkdtemp(join(folder, 'cache-'));
        times.cold.push(await spawned(words, cache));
        times.warm.push(await spawned(words, cache));
      }
      add(`fewstep ${own}`, 'cold', times.cold);
      add(`fewstep ${own}`, 'warm', times.warm);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return rows;
}

/**
 * Milliseconds of a process of Node.
 * @param cache where drivers keep compiled kernels; by default where they are used to
 */
async function spawned(words: readonly string[], cache?: string): Promise<number> {
  // Of Mesa, of NVIDIA's driver, and of whoever asks the desktop.
  const names = ['MESA_SHADER_CACHE_DIR', '__GL_SHADER_DISK_CACHE_PATH', 'XDG_CACHE_HOME'];
  const folders = Object.fromEntries(names.map((name) => [name, cache]));
  // NVIDIA's driver does not keep them for every user unless it is told to.
  const env = { ...process.env, ...(cache && { ...folders, __GL_SHADER_DISK_CACHE: '1' }) };
  const begin = performance.now();
  await run(process.execPath, [...words], { cwd: ROOT, env });
  return performance.now() - begin;
}
