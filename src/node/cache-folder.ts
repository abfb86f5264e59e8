import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { FewstepError } from '../errors.js';

/**
 * The first folder for our files that this user can write. Libraries are loaded from it, so it must be the user's own.
 * @throws FewstepError 'file' where there is none
 */
export async function cacheFolder(): Promise<string> {
  const candidates = [
    process.env.XDG_CACHE_HOME && join(process.env.XDG_CACHE_HOME, 'fewstep'),
    join(homedir(), '.cache', 'fewstep'),
    join(tmpdir(), `fewstep-${process.getuid?.() ?? 'cache'}`),
  ].filter((folder): folder is string => !!folder);
  for (const folder of candidates) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const probe = await mkdtemp(join(folder, '.writable-'));
      await rm(probe, { recursive: true });
      // Where users have no numbers, on Windows, the folders are the user's own by where they are.
      const user = process.getuid?.();
      if (user === undefined || (await stat(folder)).uid === user) return folder;
    } catch {
      // Not writable, or no folder: the next may be.
    }
  }
  throw new FewstepError(
    'file',
    `no folder to keep files in; tried ${candidates.join(', ')}`,
    'set XDG_CACHE_HOME to a folder that you own and can write',
  );
}
